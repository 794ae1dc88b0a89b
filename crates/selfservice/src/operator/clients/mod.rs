//! Clients of anybody, with what only the operator sets.

mod describe;
pub(super) mod keys;
pub(super) mod many;
pub(super) mod one;
pub(super) mod scopes;
pub(super) mod secret;

use axum::response::Response;
use portvakt_api_types::OperatorClientResponse;
use portvakt_core::administration::client;
use portvakt_core::administration::secret::{NewSecret, SavedClient};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::ports::UnitOfWork;
use portvakt_jose::Algorithm;

use crate::call::Call;
use crate::clients::{secret as public_secret, view as public};
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
    if etag::is_conditional(&call.headers) {
        let present = view(call, unit, known.clone()).await?;
        let tag = public::tag(unit, &known.client_id, &present).await?;
        etag::check(&call.headers, &tag, OBJECT)?;
    }
    Ok(known)
}

/// Commits, and answers the client as it is at any time: without a secret.
async fn answer(
    call: &Call,
    unit: Box<dyn UnitOfWork>,
    client: Client,
) -> Result<Response, Problem> {
    disclose(call, unit, client, None).await
}

/// As [`answer`], with the secret that was made, if one was. No later answer has it.
async fn answer_saved(
    call: &Call,
    unit: Box<dyn UnitOfWork>,
    SavedClient { saved, secret }: SavedClient,
) -> Result<Response, Problem> {
    disclose(call, unit, saved.record, secret).await
}

/// The tag is the one that the client has without the secret.
async fn disclose(
    call: &Call,
    mut unit: Box<dyn UnitOfWork>,
    client: Client,
    secret: Option<NewSecret>,
) -> Result<Response, Problem> {
    let client_id = client.client_id.clone();
    let mut body = view(call, unit.as_mut(), client).await?;
    let tag = public::tag(unit.as_mut(), &client_id, &body).await?;
    body.client = public_secret::with_secret(body.client, secret);
    let revision = reply::commit(unit).await?;
    Ok(reply::tagged(&body, tag, revision))
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
