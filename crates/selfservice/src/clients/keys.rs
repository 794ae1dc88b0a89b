//! `/clients/{client_id}/jwks` (spec: selfservice §5.6.1). Sets are replaced whole.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use portvakt_api_types::JwksResponse;
use portvakt_core::administration::{FieldFaults, Role, key};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::ports::{Listing, StoredKey, UnitOfWork};
use portvakt_jose::{JwkSet, MAX_KEYS_PARSED, PublicJwk};
use serde_json::{Map, Value};

use super::{find, find_for, key_expiry};
use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{body, etag, reply};

const OBJECT: Object = Object::Jwks;

/// `GET`; with `inactive=true` the keys of former sets too.
pub(crate) async fn read(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadClients).await?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let (client, _) = find(unit.as_mut(), &id, &caller, Standing::of).await?;
    let stored = stored(unit.as_mut(), &client.client_id).await?;
    let revision = reply::commit(unit).await?;
    let mut response = reply::resource(&view(&stored, listing), revision);
    key_expiry::tell(&mut response, &stored, call.now);
    Ok(response)
}

/// `POST` and `PUT`: the new set takes the place of the old, at once and whole.
pub(crate) async fn replace(
    call: Call,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeClient).await?;
    let members = body::members_or_array(&call.headers, &body, "keys", OBJECT)?;
    let jwks = read_set(&members)?;
    let mut unit = call.begin(&caller).await?;
    let needed = Standing::Administrator;
    let client = find_for(unit.as_mut(), &id, &caller, needed).await?;
    check_version(&call, unit.as_mut(), &client).await?;
    let role = Role::Owner(caller.organization);
    let id = &client.client_id;
    let saved = key::replace(unit.as_mut(), id, &jwks, role, call.now).await;
    saved.map_err(Problem::about(OBJECT))?;
    let stored = stored(unit.as_mut(), id).await?;
    let revision = reply::commit(unit).await?;
    key_expiry::log_if_unusable(&client, &stored, call.now);
    let mut response = reply::resource(&view(&stored, Listing::Active), revision);
    key_expiry::tell(&mut response, &stored, call.now);
    Ok(response)
}

/// `DELETE`: without keys the client is back to certificates.
pub(crate) async fn remove(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeClient).await?;
    let mut unit = call.begin(&caller).await?;
    let needed = Standing::Administrator;
    let client = find_for(unit.as_mut(), &id, &caller, needed).await?;
    check_version(&call, unit.as_mut(), &client).await?;
    let role = Role::Owner(caller.organization);
    let saved = key::remove_all(unit.as_mut(), &client.client_id, role, call.now).await;
    saved.map_err(Problem::about(OBJECT))?;
    Ok(reply::empty(reply::commit(unit).await?))
}

/// Whether the caller has the present set in mind, if it said which one it means.
pub(crate) async fn check_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    client: &Client,
) -> Result<(), Problem> {
    if !etag::is_conditional(&call.headers) {
        return Ok(());
    }
    let present = set(unit, &client.client_id, Listing::Active).await?;
    etag::check_resource(&call.headers, Some(&present), OBJECT)
}

/// The client's present and former keys.
pub(super) async fn stored(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
) -> Result<Vec<StoredKey>, Problem> {
    let stored = unit.list_keys(client_id, Listing::All).await;
    stored.map_err(|error| Problem::storage(&error))
}

/// The set as it is answered, read from the store.
pub(crate) async fn set(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    listing: Listing,
) -> Result<JwksResponse, Problem> {
    Ok(view(&stored(unit, client_id).await?, listing))
}

/// The set with its times: the client's first key, and the last replacement.
fn view(stored: &[StoredKey], listing: Listing) -> JwksResponse {
    let first = stored.iter().map(|stored| stored.key.created).min();
    let shown: Vec<_> = stored
        .iter()
        .filter(|stored| stored.active || listing == Listing::All)
        .collect();
    let last = shown.iter().map(|stored| stored.key.created).max();
    JwksResponse {
        keys: shown.into_iter().map(key_json).collect(),
        created: last.and(first).map(|instant| instant.to_string()),
        last_updated: last.map(|instant| instant.to_string()),
    }
}

fn key_json(stored: &StoredKey) -> Value {
    let mut json = stored.key.to_json();
    if let (Some(members), false) = (json.as_object_mut(), stored.active) {
        members.insert("active".to_owned(), false.into());
    }
    json
}

/// The set that a body holds; every key that is refused is named.
pub(crate) fn read_set(members: &Map<String, Value>) -> Result<JwkSet, Problem> {
    let mut faults = FieldFaults::default();
    let elements = match members.get("keys") {
        Some(Value::Array(elements)) => elements.as_slice(),
        Some(_) => {
            faults.invalid("keys", "must be an array");
            &[]
        }
        None => {
            faults.invalid("keys", "is required");
            &[]
        }
    };
    if elements.len() > MAX_KEYS_PARSED {
        faults.invalid("keys", "has too many keys");
    }
    let mut keys = Vec::new();
    for (index, element) in elements.iter().take(MAX_KEYS_PARSED).enumerate() {
        match PublicJwk::parse(&without_nulls(element)) {
            Ok(key) => keys.push(key),
            Err(error) => faults.invalid(format!("keys[{index}]"), error.to_string()),
        }
    }
    let set = JwkSet::new(keys).unwrap_or_else(|error| {
        faults.invalid("keys", error.to_string());
        JwkSet::default()
    });
    faults.into_result().map_err(Problem::about(OBJECT))?;
    Ok(set)
}

/// The optional members are as absent when they are `null`. A private one is refused even so.
fn without_nulls(element: &Value) -> Value {
    let mut element = element.clone();
    if let Some(members) = element.as_object_mut() {
        let is_optional = |name: &str| matches!(name, "exp" | "x5c");
        members.retain(|name, value| !(value.is_null() && is_optional(name)));
    }
    element
}
