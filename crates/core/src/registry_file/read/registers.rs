//! People, delegations, system users and consents of a registry file.

use super::super::model::{
    ConsentEntry, DelegationEntry, DelegationSourceEntry, IdentityMatchEntry, PersonEntry,
    SystemUserEntry,
};
use super::{Entry, Faults, Node, Place};
use crate::clock::Timestamp;
use crate::person::{EidasIdentifier, Pid, PidCheck};

const MAX_TEXT: usize = 255;

pub(super) fn person(node: &Node, place: Place, faults: &mut Faults) -> Option<PersonEntry> {
    let entry = Entry::of(node, place, &["pid", "name", "krr"], faults)?;
    let pid = entry.required("pid", faults, pid);
    let name = entry.required("name", faults, bounded);
    let krr = entry.member("krr");
    Some(PersonEntry {
        krr: krr.and_then(|(place, node)| super::contact::contact(node, place, faults)),
        pid: pid?,
        name: name?,
    })
}

pub(super) fn identity_match(
    node: &Node,
    place: Place,
    faults: &mut Faults,
) -> Option<IdentityMatchEntry> {
    let entry = Entry::of(node, place, &["identifier", "pid", "active"], faults)?;
    let identifier = entry.required("identifier", faults, identifier);
    let pid = entry.required("pid", faults, pid);
    Some(IdentityMatchEntry {
        active: entry.flag("active", faults),
        identifier: identifier?,
        pid: pid?,
    })
}

/// The text itself is in no message.
fn identifier(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> Option<EidasIdentifier> {
    let text = entry.text(name, faults)?;
    let parsed = EidasIdentifier::parse(&text);
    parsed
        .inspect_err(|error| faults.push(entry.place.at(name).fault(error.to_string())))
        .ok()
}

/// Documented examples fail the control digits, so only the form is checked.
fn pid(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> Option<Pid> {
    let text = entry.text(name, faults)?;
    match Pid::parse(&text, PidCheck::LengthOnly) {
        Ok(pid) => Some(pid),
        Err(error) => {
            faults.push(entry.place.at(name).fault(error.to_string()));
            None
        }
    }
}

pub(super) fn source(
    node: &Node,
    place: Place,
    faults: &mut Faults,
) -> Option<DelegationSourceEntry> {
    let members = ["name", "issuer", "active", "created", "last_updated"];
    let entry = Entry::of(node, place, &members, faults)?;
    let name = entry.required("name", faults, bounded);
    let issuer = entry.required("issuer", faults, Entry::text);
    Some(DelegationSourceEntry {
        active: entry.flag("active", faults),
        name: name?,
        issuer: issuer?,
    })
}

pub(super) fn delegation(
    node: &Node,
    place: Place,
    faults: &mut Faults,
) -> Option<DelegationEntry> {
    let members = [
        "delegation_source",
        "scope",
        "consumer_orgno",
        "supplier_orgno",
        "valid_from",
        "valid_to",
        "active",
        "created",
        "last_updated",
    ];
    let entry = Entry::of(node, place, &members, faults)?;
    let delegation_source = entry.required("delegation_source", faults, Entry::text);
    let scope = entry.required("scope", faults, Entry::parsed);
    let consumer_orgno = entry.required("consumer_orgno", faults, Entry::parsed);
    let supplier_orgno = entry.required("supplier_orgno", faults, Entry::parsed);
    Some(DelegationEntry {
        valid_from: instant(&entry, "valid_from", faults).map(|(instant, _)| instant),
        valid_to: instant(&entry, "valid_to", faults).map(|(instant, _)| instant),
        active: entry.flag("active", faults),
        delegation_source: delegation_source?,
        scope: scope?,
        consumer_orgno: consumer_orgno?,
        supplier_orgno: supplier_orgno?,
    })
}

pub(super) fn system_user(
    node: &Node,
    place: Place,
    faults: &mut Faults,
) -> Option<SystemUserEntry> {
    let members = [
        "id",
        "system_id",
        "client_id",
        "owner_orgno",
        "external_ref",
        "active",
    ];
    let entry = Entry::of(node, place, &members, faults)?;
    let id = entry.required("id", faults, bounded);
    let system_id = entry.required("system_id", faults, bounded);
    let client_id = entry.required("client_id", faults, Entry::parsed);
    let owner_orgno = entry.required("owner_orgno", faults, Entry::parsed);
    Some(SystemUserEntry {
        external_ref: bounded(&entry, "external_ref", faults),
        active: entry.flag("active", faults),
        id: id?,
        system_id: system_id?,
        client_id: client_id?,
        owner_orgno: owner_orgno?,
    })
}

pub(super) fn consent(node: &Node, place: Place, faults: &mut Faults) -> Option<ConsentEntry> {
    let members = [
        "id",
        "from",
        "to_orgno",
        "consented",
        "valid_to",
        "consent_rights",
        "active",
    ];
    let entry = Entry::of(node, place, &members, faults)?;
    let id = entry.required("id", faults, bounded);
    let from = entry.required("from", faults, bounded);
    let to_orgno = entry.required("to_orgno", faults, Entry::parsed);
    let consented = entry.required("consented", faults, instant);
    let valid_to = entry.required("valid_to", faults, instant);
    let rights = entry.list("consent_rights", faults, |node, _, _| Some(node.to_json()));
    Some(ConsentEntry {
        consent_rights: rights.into(),
        active: entry.flag("active", faults),
        id: id?,
        from: from?,
        to_orgno: to_orgno?,
        consented: consented?.1,
        valid_to: valid_to?.1,
    })
}

fn bounded(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> Option<String> {
    let text = entry.text(name, faults)?;
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        let message = format!("must have 1 to {MAX_TEXT} characters");
        faults.push(entry.place.at(name).fault(message));
        return None;
    }
    Some(text)
}

/// An instant, and how it is written.
fn instant(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> Option<(Timestamp, String)> {
    let text = entry.text(name, faults)?;
    match Timestamp::parse(&text) {
        Ok(instant) => Some((instant, text)),
        Err(error) => {
            faults.push(entry.place.at(name).fault(error.to_string()));
            None
        }
    }
}
