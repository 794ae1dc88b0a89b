//! From the tree of a document to the entries of a registry file.

mod clients;
mod contact;
mod registers;
mod scopes;

use std::collections::HashMap;
use std::hash::Hash;

use portvakt_yaml::{Content, Fault, Node, Place};

use super::RegistryFile;
use super::document;
use super::entry::{Entry, Faults, parsed, text};
use super::model::{Located, OrganizationEntry, PrefixEntry};

const LISTS: [&str; 9] = [
    "organizations",
    "scopes",
    "clients",
    "people",
    "identity_matches",
    "delegation_sources",
    "delegations",
    "system_users",
    "consents",
];

/// Reads a whole file.
pub(super) fn registry(text: &str, place: &Place) -> Result<RegistryFile, Vec<Fault>> {
    let document = document::parse(text, place).map_err(|fault| vec![fault])?;
    let mut faults = Faults::new();
    let file = lists(&document, place.clone(), &mut faults);
    match file {
        Some(file) if faults.is_empty() => Ok(file),
        _ => {
            faults.sort_by_key(|fault| (fault.place.line, fault.place.column));
            Err(faults)
        }
    }
}

fn lists(document: &Node, place: Place, faults: &mut Faults) -> Option<RegistryFile> {
    let entry = Entry::of(document, place, &LISTS, faults)?;
    let file = RegistryFile {
        organizations: located(&entry, "organizations", faults, organization),
        delegation_sources: located(&entry, "delegation_sources", faults, registers::source),
        scopes: located(&entry, "scopes", faults, scopes::scope),
        clients: located(&entry, "clients", faults, clients::client),
        people: located(&entry, "people", faults, registers::person),
        identity_matches: located(
            &entry,
            "identity_matches",
            faults,
            registers::identity_match,
        ),
        delegations: located(&entry, "delegations", faults, registers::delegation),
        system_users: located(&entry, "system_users", faults, registers::system_user),
        consents: located(&entry, "consents", faults, registers::consent),
    };
    Some(file)
}

fn located<T>(
    entry: &Entry<'_>,
    name: &str,
    faults: &mut Faults,
    read: fn(&Node, Place, &mut Faults) -> Option<T>,
) -> Vec<Located<T>> {
    entry.list(name, faults, |node, place, faults| {
        let entry = read(node, place.clone(), faults)?;
        Some(Located { place, entry })
    })
}

fn organization(node: &Node, place: Place, faults: &mut Faults) -> Option<OrganizationEntry> {
    let members = [
        "orgno",
        "name",
        "prefixes",
        "active",
        "created",
        "last_updated",
    ];
    let entry = Entry::of(node, place, &members, faults)?;
    let orgno = entry.required("orgno", faults, Entry::parsed);
    let name = entry.text("name", faults);
    let prefixes = entry.list("prefixes", faults, prefix);
    let active = entry.flag("active", faults);
    Some(OrganizationEntry {
        orgno: orgno?,
        name,
        prefixes,
        active,
    })
}

/// `nav`, or `{prefix: nav, active: false}`.
fn prefix(node: &Node, place: Place, faults: &mut Faults) -> Option<PrefixEntry> {
    if !matches!(node.content, Content::Mapping(_)) {
        return Some(PrefixEntry {
            prefix: parsed(node, place, faults)?,
            active: true,
        });
    }
    let members = ["prefix", "active", "owner_orgno", "created", "last_updated"];
    let entry = Entry::of(node, place, &members, faults)?;
    let prefix = entry.required("prefix", faults, Entry::parsed);
    let active = entry.flag("active", faults).unwrap_or(true);
    Some(PrefixEntry {
        prefix: prefix?,
        active,
    })
}

/// Every entry that declares what an earlier one declares already.
pub(super) fn repeated<'e, T: 'e, K: Hash + Eq>(
    entries: impl IntoIterator<Item = &'e Located<T>>,
    key: impl Fn(&'e T) -> Option<K>,
    what: &str,
    faults: &mut Faults,
) {
    let mut seen: HashMap<K, &Place> = HashMap::new();
    for located in entries {
        let Some(key) = key(&located.entry) else {
            continue;
        };
        if let Some(first) = seen.get(&key) {
            let message = format!("{what} is declared already at {first}");
            faults.push(located.place.clone().fault(message));
        } else {
            seen.insert(key, &located.place);
        }
    }
}
