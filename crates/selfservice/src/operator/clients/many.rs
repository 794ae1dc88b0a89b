//! `/clients`.

use axum::body::Bytes;
use axum::response::Response;
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::administration::{Role, client, key};
use portvakt_core::organization::OrgNumber;

use super::describe::{Description, NewClient};
use super::{OBJECT, answer, view};
use crate::call::Call;
use crate::operator::proof::Operator;
use crate::problem::{Object, Problem};
use crate::reply;

/// `GET /clients?organization=`: those that the organization has or supplies, in order of creation.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&["organization", "inactive"], OBJECT)?;
    let organization: OrgNumber = call.query.required("organization", OBJECT)?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let clients = unit.list_clients(Some(organization), listing).await;
    let clients = clients.map_err(|error| Problem::storage(&error))?;
    let mut body = Vec::new();
    for client in clients {
        body.push(view(&call, unit.as_mut(), client).await?);
    }
    Ok(reply::list(&body, reply::commit(unit).await?))
}

/// `POST /clients`: an id may be chosen; one that is in use is a conflict.
pub(crate) async fn create(call: Call, body: Bytes) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let NewClient { client, keys } = Description::read(&call, &body)?.into_new(&call)?;
    let id = client.client_id.clone();
    let mut unit = operator.begin().await?;
    let saved = client::register(unit.as_mut(), client, Role::Operator, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    if let Some(keys) = keys {
        let set = key::replace(unit.as_mut(), &id, &keys, Role::Operator, call.now).await;
        set.map_err(Problem::about(Object::Jwks))?;
    }
    answer(&call, unit, saved.record).await
}
