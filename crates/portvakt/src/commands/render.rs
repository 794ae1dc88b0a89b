//! Records as commands print them: JSON with the self-service API's attribute names, and tables
//! and lines made of that JSON.

use portvakt_core::Timestamp;
use portvakt_core::access::Access;
use portvakt_core::administration::{Change, Saved};
use portvakt_core::client::expiry::{Nearness, expiring, has_only_expired};
use portvakt_core::client::{Client, ClientKey, RefreshTokenUsage};
use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::organization::Organization;
use portvakt_core::ports::{Listing, PrefixAssignment, StoredKey};
use portvakt_core::scope::Scope;
use serde_json::{Map, Value, json};

use crate::output::Output;

/// Lifetimes in seconds that the API shows for clients that state none (spec: selfservice §5.2).
const ACCESS_TOKEN_LIFETIME: u32 = 120;
const AUTHORIZATION_LIFETIME: u32 = 7200;
const REFRESH_TOKEN_LIFETIME: u32 = 600;

/// Whether a list shows deactivated records too.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct InactiveArgs {
    /// Show deactivated ones too
    #[arg(long)]
    inactive: bool,
}

impl InactiveArgs {
    /// Which records the list holds.
    pub(crate) fn listing(self) -> Listing {
        if self.inactive {
            Listing::All
        } else {
            Listing::Active
        }
    }
}

/// Prints records as a table with these columns: heading and member.
pub(crate) fn table(
    output: Output,
    records: &[Value],
    columns: &[(&str, &str)],
) -> anyhow::Result<()> {
    let header: Vec<_> = columns.iter().map(|(heading, _)| *heading).collect();
    output.table(records, &header, |record| {
        columns
            .iter()
            .map(|(_, member)| cell(&record[*member]))
            .collect()
    })
}

/// Prints one record, a line for each member.
pub(crate) fn record(output: Output, record: &Value) -> anyhow::Result<()> {
    let members: Vec<_> = record.as_object().into_iter().flatten().collect();
    let width = members
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default();
    let line = |(name, value): &(&String, &Value)| format!("{name:width$}  {}", cell(value));
    let lines: Vec<_> = members.iter().map(line).collect();
    output.result(record, lines.join("\n"))
}

/// Prints what an act did.
pub(crate) fn saved<T>(
    output: Output,
    what: &str,
    saved: &Saved<T>,
    json: impl Fn(&T) -> Value,
) -> anyhow::Result<()> {
    let done = match saved.change {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Unchanged => "is so already",
    };
    output.result(&json(&saved.record), format!("{what} {done}"))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(flag) => (if *flag { "yes" } else { "no" }).to_owned(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// An organization.
pub(crate) fn organization(organization: &Organization) -> Value {
    json!({
        "orgno": organization.orgno,
        "name": organization.name,
        "active": organization.active,
        "created": organization.created.to_string(),
        "last_updated": organization.last_updated.to_string(),
    })
}

/// The assignment of a prefix.
pub(crate) fn prefix(assignment: &PrefixAssignment) -> Value {
    json!({
        "prefix": assignment.prefix,
        "owner_orgno": assignment.owner_orgno,
        "active": assignment.active,
        "created": assignment.created.to_string(),
        "last_updated": assignment.last_updated.to_string(),
    })
}

/// A scope (spec: selfservice §6.1).
pub(crate) fn scope(scope: &Scope) -> Value {
    let mut json = json!({
        "name": scope.name,
        "prefix": scope.name.prefix(),
        "subscope": scope.name.subscope(),
        "owner_orgno": scope.owner_orgno,
        "description": scope.description,
        "visibility": scope.visibility,
        "accessible_for_all": scope.accessible_for_all,
        "allowed_integration_types": scope.allowed_integration_types,
        "at_max_age": scope.at_max_age,
        "authorization_max_lifetime": scope.authorization_max_lifetime,
        "requires_user_consent": scope.requires_user_consent,
        "requires_user_authentication": scope.requires_user_authentication,
        "requires_pseudonymous_tokens": scope.requires_pseudonymous_tokens,
        "token_type": scope.token_type,
        "enforced_aud_for_introspection": scope.enforced_aud_for_introspection,
        "active": scope.active,
        "protected": scope.protected,
        "supports_european_businesses": scope.supports_european_businesses,
        "operator_only": scope.operator_only,
        "emit_consumer_prefix": scope.emit_consumer_prefix,
        "created": scope.created.to_string(),
        "last_updated": scope.last_updated.to_string(),
    });
    let text = |text: &Option<String>| text.as_ref().map(|text| Value::from(text.as_str()));
    add(&mut json, "long_description", text(&scope.long_description));
    add(
        &mut json,
        "delegation_source",
        text(&scope.delegation_source),
    );
    for (member, text) in &scope.translations {
        add(&mut json, member, Some(text.as_str().into()));
    }
    json
}

/// An organization's access to a scope (spec: selfservice §7.1).
pub(crate) fn access(access: &Access) -> Value {
    json!({
        "scope": access.scope,
        "consumer_orgno": access.consumer_orgno,
        "state": access.state,
        "created": access.created.to_string(),
        "last_updated": access.last_updated.to_string(),
    })
}

/// A client (spec: selfservice §5.1), with the lifetimes that are in effect.
pub(crate) fn client(client: &Client) -> Value {
    let mut json = json!({
        "client_id": client.client_id,
        "client_name": client.client_name,
        "description": client.description,
        "client_orgno": client.client_orgno,
        "integration_type": client.integration_type,
        "application_type": client.application_type,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "grant_types": client.grant_types,
        "scopes": client.scopes,
        "access_token_lifetime": client.access_token_lifetime.unwrap_or(ACCESS_TOKEN_LIFETIME),
        "authorization_lifetime": AUTHORIZATION_LIFETIME,
        "refresh_token_lifetime": REFRESH_TOKEN_LIFETIME,
        "refresh_token_usage": RefreshTokenUsage::default(),
        "frontchannel_logout_session_required": false,
        "active": client.active,
        "created": client.created.to_string(),
        "last_updated": client.last_updated.to_string(),
        "jwks_uri": format!("/clients/{}/jwks", client.client_id),
    });
    add(
        &mut json,
        "supplier_orgno",
        client.supplier_orgno.map(|orgno| json!(orgno)),
    );
    let self_managed = client.self_managed.then_some(true.into());
    add(&mut json, "self_managed", self_managed);
    let algorithm = client
        .token_endpoint_auth_signing_alg
        .map(portvakt_jose::Algorithm::as_str);
    add(
        &mut json,
        "token_endpoint_auth_signing_alg",
        algorithm.map(Value::from),
    );
    if let Ok(Value::Object(mut login)) = serde_json::to_value(&client.login) {
        members(&mut json).append(&mut login);
    }
    json
}

/// A client, marked when a key of it expires within 60, 30, 7 or 1 days, or when every one has.
pub(crate) fn client_with_keys(client: &Client, keys: &[StoredKey], now: Timestamp) -> Value {
    let mut json = self::client(client);
    let keys = || keys.iter().map(|stored| &stored.key);
    let nearest = expiring(keys(), now).first().map(|first| first.nearness);
    let mark = match nearest {
        _ if has_only_expired(keys(), now) => Some("all expired".to_owned()),
        Some(Nearness::Expired) => Some("one expired".to_owned()),
        Some(Nearness::Within(days)) => Some(format!("within {days} days")),
        None => None,
    };
    add(&mut json, "keys_expire", mark.map(Value::from));
    json
}

/// A present or former key of a client, without its numbers.
pub(crate) fn stored_key(stored: &StoredKey) -> Value {
    let mut json = key(&stored.key);
    add(&mut json, "active", Some(stored.active.into()));
    json
}

/// A key of a client (spec: selfservice §5.6.1).
pub(crate) fn key(key: &ClientKey) -> Value {
    let mut json = key.to_json();
    add(&mut json, "created", Some(key.created.to_string().into()));
    add(
        &mut json,
        "expires",
        Some(key.expires_at.to_string().into()),
    );
    json
}

/// A delegation source (spec: selfservice §8.1).
pub(crate) fn delegation_source(source: &DelegationSource) -> Value {
    json!({
        "name": source.name,
        "issuer": source.issuer,
        "active": source.active,
        "created": source.created.to_string(),
        "last_updated": source.last_updated.to_string(),
    })
}

/// A delegation.
pub(crate) fn delegation(delegation: &Delegation) -> Value {
    let mut json = json!({
        "delegation_source": delegation.delegation_source,
        "scope": delegation.scope,
        "consumer_orgno": delegation.consumer_orgno,
        "supplier_orgno": delegation.supplier_orgno,
        "active": delegation.active,
        "created": delegation.created.to_string(),
        "last_updated": delegation.last_updated.to_string(),
    });
    add(
        &mut json,
        "valid_from",
        delegation.valid_from.map(|at| at.to_string().into()),
    );
    add(
        &mut json,
        "valid_to",
        delegation.valid_to.map(|at| at.to_string().into()),
    );
    json
}

fn add(json: &mut Value, member: &str, value: Option<Value>) {
    if let Some(value) = value {
        members(json).insert(member.to_owned(), value);
    }
}

fn members(json: &mut Value) -> &mut Map<String, Value> {
    if !json.is_object() {
        *json = Value::Object(Map::new());
    }
    json.as_object_mut().expect("made an object above")
}
