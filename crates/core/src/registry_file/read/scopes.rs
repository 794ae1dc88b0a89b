//! Scopes of a registry file.

use std::collections::BTreeMap;

use super::super::model::{AccessEntry, ScopeEntry};
use super::{Entry, Faults, Node, Place, parsed, text};
use crate::access::AccessState;
use crate::scope::{Prefix, ScopeName, reserved_scope};
use portvakt_yaml::Content;

/// Every member that the self-service API has for a scope, with the spellings that it accepts.
/// Those that the server sets are accepted and mean nothing.
const MEMBERS: [&str; 27] = [
    "name",
    "prefix",
    "subscope",
    "owner_orgno",
    "description",
    "long_description",
    "visibility",
    "accessible_for_all",
    "allowed_integration_types",
    "allowable_integration_types",
    "delegation_source",
    "at_max_age",
    "authorization_max_lifetime",
    "authorization_max_age",
    "requires_user_consent",
    "requires_user_authentication",
    "requires_pseudonymous_tokens",
    "token_type",
    "enforced_aud_for_introspection",
    "active",
    "protected",
    "supports_european_businesses",
    "operator_only",
    "emit_consumer_prefix",
    "access",
    "created",
    "last_updated",
];

pub(super) fn scope(node: &Node, place: Place, faults: &mut Faults) -> Option<ScopeEntry> {
    let entry = Entry::open(node, place, &|name| name.contains('#'), &MEMBERS, faults)?;
    let name = name(&entry, faults);
    let reserved = name
        .as_ref()
        .is_some_and(|name| reserved_scope(name.as_str()).is_some());
    if entry.member("description").is_none() && !reserved {
        faults.push(entry.place.clone().fault("description is required"));
    }
    let only_access = [
        "name",
        "prefix",
        "subscope",
        "owner_orgno",
        "access",
        "active",
    ];
    let declares = |(member, _): (&str, _)| !only_access.contains(&member);
    if entry.member("description").is_none() && reserved && entry.members().any(declares) {
        let message = "to change a reserved scope, state its description too";
        faults.push(entry.place.clone().fault(message));
    }
    attributes(name, &entry, faults)
}

/// A scope is named by `name`, or as the API's requests do by `prefix` and `subscope`.
fn name(entry: &Entry<'_>, faults: &mut Faults) -> Option<ScopeName> {
    if entry.member("name").is_some() || entry.member("prefix").is_none() {
        return entry.required("name", faults, Entry::parsed);
    }
    let prefix: Option<Prefix> = entry.parsed("prefix", faults);
    let subscope = entry.required("subscope", faults, Entry::text);
    match ScopeName::join(&prefix?, &subscope?) {
        Ok(name) => Some(name),
        Err(error) => {
            faults.push(entry.place.at("subscope").fault(error.to_string()));
            None
        }
    }
}

fn attributes(
    name: Option<ScopeName>,
    entry: &Entry<'_>,
    faults: &mut Faults,
) -> Option<ScopeEntry> {
    let types = match entry.member("allowed_integration_types") {
        Some(_) => "allowed_integration_types",
        None => "allowable_integration_types",
    };
    let lifetime = match entry.member("authorization_max_lifetime") {
        Some(_) => "authorization_max_lifetime",
        None => "authorization_max_age",
    };
    let flag = |name, faults: &mut Faults| entry.flag(name, faults).unwrap_or_default();
    Some(ScopeEntry {
        owner_orgno: entry.parsed("owner_orgno", faults),
        description: entry.text("description", faults),
        long_description: entry.text("long_description", faults),
        translations: translations(entry, faults),
        visibility: entry.word("visibility", faults).unwrap_or_default(),
        accessible_for_all: flag("accessible_for_all", faults),
        allowed_integration_types: entry.list(types, faults, parsed),
        delegation_source: entry
            .text("delegation_source", faults)
            .filter(|text| !text.is_empty()),
        at_max_age: entry.seconds("at_max_age", faults).unwrap_or_default(),
        authorization_max_lifetime: entry.seconds(lifetime, faults).unwrap_or_default(),
        requires_user_consent: flag("requires_user_consent", faults),
        requires_user_authentication: flag("requires_user_authentication", faults),
        requires_pseudonymous_tokens: flag("requires_pseudonymous_tokens", faults),
        token_type: entry.word("token_type", faults).unwrap_or_default(),
        enforced_aud_for_introspection: entry.list(
            "enforced_aud_for_introspection",
            faults,
            parsed,
        ),
        active: entry.flag("active", faults),
        protected: flag("protected", faults),
        supports_european_businesses: flag("supports_european_businesses", faults),
        operator_only: flag("operator_only", faults),
        emit_consumer_prefix: flag("emit_consumer_prefix", faults),
        access: entry.list("access", faults, access),
        // Last, so that the faults of the others are reported with a name's.
        name: name?,
    })
}

fn translations(entry: &Entry<'_>, faults: &mut Faults) -> BTreeMap<String, String> {
    let tagged = entry.members().filter(|(name, _)| name.contains('#'));
    let mut translations = BTreeMap::new();
    for (name, node) in tagged {
        if let Some(text) = text(node, entry.place.at(name), faults) {
            translations.insert(name.to_owned(), text.to_owned());
        }
    }
    translations
}

/// `"312773023"`, or the API's record of access, of which number and state count.
fn access(node: &Node, place: Place, faults: &mut Faults) -> Option<AccessEntry> {
    if !matches!(node.content, Content::Mapping(_)) {
        let consumer_orgno = parsed(node, place, faults)?;
        return Some(AccessEntry {
            consumer_orgno,
            state: AccessState::Approved,
        });
    }
    let members = [
        "consumer_orgno",
        "state",
        "scope",
        "prefix",
        "owner_orgno",
        "created",
        "last_updated",
    ];
    let entry = Entry::of(node, place, &members, faults)?;
    let consumer_orgno = entry.required("consumer_orgno", faults, Entry::parsed);
    let state = match entry.member("state") {
        Some(_) => entry.word("state", faults),
        None => Some(AccessState::Approved),
    };
    Some(AccessEntry {
        consumer_orgno: consumer_orgno?,
        state: state?,
    })
}
