//! Clients of a registry file.

use portvakt_jose::JwkSet;
use serde_json::{Map, Value};

use super::super::model::{ClientEntry, KeysEntry, OnBehalfOfEntry};
use super::{Entry, Faults, Node, Place, parsed};
use crate::client::LoginSettings;

/// What matters for logins only; read by [`LoginSettings`] itself.
const LOGIN_MEMBERS: [&str; 13] = [
    "display_name",
    "client_uri",
    "redirect_uris",
    "post_logout_redirect_uris",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "authorization_lifetime",
    "refresh_token_lifetime",
    "refresh_token_usage",
    "code_challenge_method",
    "sso_disabled",
];

/// Every other member. Those that the server sets are accepted and mean nothing.
const MEMBERS: [&str; 22] = [
    "client_id",
    "client_name",
    "description",
    "client_orgno",
    "supplier_orgno",
    "integration_type",
    "application_type",
    "token_endpoint_auth_method",
    "grant_types",
    "scopes",
    "access_token_lifetime",
    "token_endpoint_auth_signing_alg",
    "self_managed",
    "active",
    "jwks",
    "jwks_file",
    "jwks_uri",
    "client_secret",
    "client_secret_expires_at",
    "onbehalfof",
    "created",
    "last_updated",
];

pub(super) fn client(node: &Node, place: Place, faults: &mut Faults) -> Option<ClientEntry> {
    let names: Vec<_> = MEMBERS.into_iter().chain(LOGIN_MEMBERS).collect();
    let entry = Entry::of(node, place, &names, faults)?;
    if let Some((place, _)) = entry.member("client_secret") {
        faults.push(place.fault("a secret does not belong in a file: take it out"));
    }
    let client_name = entry.required("client_name", faults, Entry::text);
    let client_orgno = entry.required("client_orgno", faults, Entry::parsed);
    let integration_type = entry.required("integration_type", faults, Entry::parsed);
    Some(ClientEntry {
        client_id: entry.parsed("client_id", faults),
        description: entry.text("description", faults).unwrap_or_default(),
        supplier_orgno: entry.parsed("supplier_orgno", faults),
        application_type: entry.word("application_type", faults),
        token_endpoint_auth_method: entry.word("token_endpoint_auth_method", faults),
        grant_types: grant_types(&entry, faults),
        scopes: entry.list("scopes", faults, parsed),
        access_token_lifetime: entry.seconds("access_token_lifetime", faults),
        token_endpoint_auth_signing_alg: entry.parsed("token_endpoint_auth_signing_alg", faults),
        login: login(&entry, faults),
        self_managed: entry.flag("self_managed", faults).unwrap_or(false),
        active: entry.flag("active", faults),
        jwks: keys(&entry, faults),
        onbehalfof: entry.list("onbehalfof", faults, on_behalf_of),
        // Last, so that the faults of the others are reported with theirs.
        client_name: client_name?,
        client_orgno: client_orgno?,
        integration_type: integration_type?,
    })
}

fn grant_types(entry: &Entry<'_>, faults: &mut Faults) -> Option<Vec<crate::client::GrantType>> {
    entry.member("grant_types")?;
    Some(entry.list("grant_types", faults, super::super::entry::word))
}

/// Each member is read by itself, so that each fault is reported at its place.
fn login(entry: &Entry<'_>, faults: &mut Faults) -> LoginSettings {
    let mut readable = Map::new();
    for name in LOGIN_MEMBERS {
        let Some((place, node)) = entry.member(name) else {
            continue;
        };
        let mut member = Map::new();
        member.insert(name.to_owned(), node.to_json());
        match serde_json::from_value::<LoginSettings>(Value::Object(member.clone())) {
            Ok(_) => readable.append(&mut member),
            Err(error) => faults.push(place.fault(error.to_string())),
        }
    }
    serde_json::from_value(Value::Object(readable)).unwrap_or_default()
}

fn keys(entry: &Entry<'_>, faults: &mut Faults) -> KeysEntry {
    let path = entry.text("jwks_file", faults);
    match (entry.member("jwks"), path) {
        (Some((place, _)), Some(_)) => {
            faults.push(place.fault("is given beside jwks_file: choose one"));
            KeysEntry::Unstated
        }
        (Some((place, node)), None) => match JwkSet::parse(&node.to_json()) {
            Ok(set) => KeysEntry::Set(set),
            Err(error) => {
                faults.push(place.fault(error.to_string()));
                KeysEntry::Unstated
            }
        },
        (None, Some(path)) => KeysEntry::File(path),
        (None, None) => KeysEntry::Unstated,
    }
}

fn on_behalf_of(node: &Node, place: Place, faults: &mut Faults) -> Option<OnBehalfOfEntry> {
    let members = [
        "onbehalfof",
        "name",
        "display_name",
        "orgno",
        "client_uri",
        "url",
        "description",
        "active",
        "created",
        "last_updated",
    ];
    let entry = Entry::of(node, place, &members, faults)?;
    let alias = |name, other| {
        if entry.member(name).is_some() {
            name
        } else {
            other
        }
    };
    let onbehalfof = entry.required("onbehalfof", faults, Entry::text);
    let name = match alias("name", "display_name") {
        "display_name" if entry.member("display_name").is_none() => {
            entry.required("name", faults, Entry::text)
        }
        name => entry.text(name, faults),
    };
    let orgno = entry.required("orgno", faults, Entry::parsed);
    Some(OnBehalfOfEntry {
        client_uri: entry.text(alias("client_uri", "url"), faults),
        description: entry.text("description", faults),
        active: entry.flag("active", faults),
        onbehalfof: onbehalfof?,
        name: name?,
        orgno: orgno?,
    })
}
