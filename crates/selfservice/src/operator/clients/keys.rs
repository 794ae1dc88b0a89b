//! `/clients/{client_id}/jwks`: the keys of clients that their organizations cannot change.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::administration::{Role, key};
use portvakt_core::ports::Listing;

use super::find;
use crate::call::Call;
use crate::clients::keys::{check_version, read_set, set};
use crate::operator::proof::Operator;
use crate::problem::{Object, Problem};
use crate::{body, reply};

const OBJECT: Object = Object::Jwks;

/// `GET`; with `inactive=true` the keys of former sets too.
pub(crate) async fn read(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&["inactive"], OBJECT)?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let client = find(unit.as_mut(), &id).await?;
    let body = set(unit.as_mut(), &client.client_id, listing).await?;
    Ok(reply::resource(&body, reply::commit(unit).await?))
}

/// `POST` and `PUT`: the new set takes the place of the old, at once and whole. Members of keys
/// that are not known are ignored, as everywhere keys are read.
pub(crate) async fn replace(
    call: Call,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let members = body::members_or_array(&call.headers, &bytes, "keys", OBJECT)?;
    let jwks = read_set(&members)?;
    let mut unit = operator.begin().await?;
    let client = find(unit.as_mut(), &id).await?;
    check_version(&call, unit.as_mut(), &client).await?;
    let id = &client.client_id;
    let saved = key::replace(unit.as_mut(), id, &jwks, Role::Operator, call.now).await;
    saved.map_err(Problem::about(OBJECT))?;
    let body = set(unit.as_mut(), id, Listing::Active).await?;
    Ok(reply::resource(&body, reply::commit(unit).await?))
}

/// `DELETE`: without keys the client is back to certificates.
pub(crate) async fn remove(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let mut unit = operator.begin().await?;
    let client = find(unit.as_mut(), &id).await?;
    check_version(&call, unit.as_mut(), &client).await?;
    let (id, role) = (&client.client_id, Role::Operator);
    let saved = key::remove_all(unit.as_mut(), id, role, call.now).await;
    saved.map_err(Problem::about(OBJECT))?;
    Ok(reply::empty(reply::commit(unit).await?))
}
