//! Clients of anybody, with what only the operator sets.

mod describe;
pub(super) mod keys;
pub(super) mod many;
pub(super) mod one;
pub(super) mod scopes;

use axum::response::Response;
use portvakt_api_types::OperatorClientResponse;
use portvakt_core::administration::client;
use portvakt_core::client::{Client, ClientId};
use portvakt_core::ports::UnitOfWork;
use portvakt_jose::Algorithm;

use crate::call::Call;
use crate::clients::view as public;
use crate::problem::{Object, Problem};
use crate::{etag, reply};

const OBJECT: Object = Object::Client;

/// The client that an address names, deactivated or not.
async fn find(unit: &mut dyn UnitOfWork, client_id: &str) -> Result<Client, Problem> {
    let client_id = ClientId::parse(client_id).map_err(|_| Problem::not_found(OBJECT))?;
    let found = client::find(unit, &client_id).await;
    found.map_err(Problem::about(OBJECT))
}

/// As [`find`], in the version that the caller means.
async fn find_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    client_id: &str,
) -> Result<Client, Problem> {
    let known = find(unit, client_id).await?;
    let present = view(call, unit, known.clone()).await?;
    etag::check_resource(&call.headers, Some(&present), OBJECT)?;
    Ok(known)
}

async fn answer(
    call: &Call,
    mut unit: Box<dyn UnitOfWork>,
    client: Client,
) -> Result<Response, Problem> {
    let body = view(call, unit.as_mut(), client).await?;
    Ok(reply::resource(&body, reply::commit(unit).await?))
}

async fn view(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    client: Client,
) -> Result<OperatorClientResponse, Problem> {
    let algorithm = client.token_endpoint_auth_signing_alg;
    Ok(OperatorClientResponse {
        token_endpoint_auth_signing_alg: algorithm.map(Algorithm::as_str).map(str::to_owned),
        client: public::client(unit, client, call.settings()).await?,
    })
}
