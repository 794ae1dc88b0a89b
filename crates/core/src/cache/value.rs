//! What entries hold, and how many bytes that is.

use std::mem::size_of;
use std::sync::Arc;

use super::key::KeyRef;
use crate::access::AccessState;
use crate::client::{ClientKey, LoginSettings, OnBehalfOf};
use crate::ports::ClientRecord;
use crate::scope::{Prefix, Scope, ScopeName};

/// A copy of what the store said. Unknown clients and scopes have none: strangers choose names, and
/// what strangers choose must not fill the memory.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Its organizations were active when it was read; they have entries of their own for the time after
    /// any organization has changed.
    Client(Arc<ClientRecord>),
    Scope(Arc<Scope>),
    Access(Option<AccessState>),
    OnBehalfOf(Arc<OnBehalfOf>),
    Organization(Standing),
    Prefixes(Arc<[Prefix]>),
}

/// Whether an organization is recorded as deactivated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    Deactivated,
}

/// An entry's places in the map and in its queue, the allocations of its key, and what allocators
/// and half-filled tables add.
const ENTRY: usize = 320;

/// A parsed public key with its tables, beside what is counted by its length.
const PARSED_KEY: usize = 2048;

/// Bytes that the entry takes, rather too many than too few.
pub(super) fn weight(key: KeyRef<'_>, value: &Value) -> usize {
    let own = match value {
        Value::Client(record) => client(record),
        Value::Scope(scope) => self::scope(scope),
        Value::OnBehalfOf(registration) => on_behalf_of(registration),
        Value::Prefixes(prefixes) => prefixes.iter().map(prefix).sum(),
        Value::Access(_) | Value::Organization(_) => 0,
    };
    ENTRY + key.len() + own
}

fn text(text: &str) -> usize {
    text.len()
}

fn optional(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

fn client(record: &ClientRecord) -> usize {
    let client = &record.client;
    size_of::<ClientRecord>()
        + text(client.client_id.as_str())
        + text(&client.client_name)
        + text(&client.description)
        + client.grant_types.len()
        + client.scopes.iter().map(scope_name).sum::<usize>()
        + login(&client.login)
        + record.keys.iter().map(self::key).sum::<usize>()
}

fn scope_name(name: &ScopeName) -> usize {
    size_of::<ScopeName>() + text(name.as_str())
}

fn login(settings: &LoginSettings) -> usize {
    let lists = [&settings.redirect_uris, &settings.post_logout_redirect_uris];
    let uris = lists.into_iter().flatten();
    let texts = [
        &settings.display_name,
        &settings.client_uri,
        &settings.frontchannel_logout_uri,
        &settings.backchannel_logout_uri,
        &settings.code_challenge_method,
    ];
    uris.map(|uri| size_of::<String>() + text(uri))
        .sum::<usize>()
        + texts
            .map(|text| optional(text.as_ref()))
            .iter()
            .sum::<usize>()
}

/// An RSA key is kept as numbers, and parsed at most once for each of its four algorithms.
fn key(key: &ClientKey) -> usize {
    let jwk = &key.jwk;
    let chain = jwk.certificates().unwrap_or_default();
    let certificates = chain.iter().map(|der| size_of::<Vec<u8>>() + der.len());
    let bytes = jwk.verifying_key().bits() / 8;
    size_of::<ClientKey>()
        + text(jwk.key_id())
        + certificates.sum::<usize>()
        + PARSED_KEY
        + 8 * bytes
}

fn scope(scope: &Scope) -> usize {
    let translations = scope.translations.iter();
    size_of::<Scope>()
        + text(scope.name.as_str())
        + text(&scope.description)
        + optional(scope.long_description.as_ref())
        + optional(scope.delegation_source.as_ref())
        + scope.allowed_integration_types.len()
        + scope
            .enforced_aud_for_introspection
            .iter()
            .map(|client| size_of::<String>() + text(client.as_str()))
            .sum::<usize>()
        + translations
            .map(|(name, value)| 2 * size_of::<String>() + text(name) + text(value))
            .sum::<usize>()
}

fn on_behalf_of(registration: &OnBehalfOf) -> usize {
    size_of::<OnBehalfOf>()
        + text(registration.client_id.as_str())
        + text(&registration.onbehalfof)
        + text(&registration.name)
        + optional(registration.client_uri.as_ref())
        + optional(registration.description.as_ref())
}

fn prefix(prefix: &Prefix) -> usize {
    size_of::<Prefix>() + text(prefix.as_str())
}
