//! `/clients/{client_id}/secret` (spec: selfservice §5.6.2), and secrets in answers.

use axum::extract::Path;
use axum::response::Response;
use portvakt_api_types::ClientResponse;
use portvakt_core::administration::Role;
use portvakt_core::administration::secret::{self, NewSecret, SavedClient};
use portvakt_core::ports::UnitOfWork;

use super::one::check_version;
use super::{find_for, key_expiry, keys, view};
use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::reply;

const OBJECT: Object = Object::Client;

/// `POST` and `PUT`: makes a new secret. The present one stops at once, or with `overlap`.
pub(crate) async fn rotate(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeClient).await?;
    let overlap = call.query.overlap(OBJECT)?;
    let mut unit = call.begin(&caller).await?;
    let needed = Standing::Administrator;
    let known = find_for(unit.as_mut(), &id, &caller, needed).await?;
    check_version(&call, unit.as_mut(), &known).await?;
    let role = Role::Owner(caller.organization);
    let id = &known.client_id;
    let rotated = secret::rotate(unit.as_mut(), id, overlap, role, call.making()).await;
    answer(&call, unit, rotated.map_err(Problem::about(OBJECT))?).await
}

/// Commits, and answers the client with the secret that was made, if one was. No later answer has
/// it. The tag is the one that the client has without it.
pub(super) async fn answer(
    call: &Call,
    mut unit: Box<dyn UnitOfWork>,
    SavedClient { saved, secret }: SavedClient,
) -> Result<Response, Problem> {
    let client_id = saved.record.client_id.clone();
    let body = view::client(unit.as_mut(), saved.record, call.settings()).await?;
    let tag = view::tag(unit.as_mut(), &client_id, &body).await?;
    let body = with_secret(body, secret);
    let keys = keys::stored(unit.as_mut(), &client_id).await?;
    let revision = reply::commit(unit).await?;
    let mut response = reply::tagged(&body, tag, revision);
    key_expiry::tell(&mut response, &keys, call.now);
    Ok(response)
}

/// The answer to the request that made the secret, if it made one.
pub(crate) fn with_secret(body: ClientResponse, secret: Option<NewSecret>) -> ClientResponse {
    let Some(NewSecret { secret, expires_at }) = secret else {
        return body;
    };
    ClientResponse {
        client_secret: Some(secret.expose().to_owned().into()),
        client_secret_expires_at: Some(expires_at.seconds()),
        ..body
    }
}
