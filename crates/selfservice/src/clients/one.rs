//! `/clients/{client_id}` (spec: selfservice §5.5).

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use portvakt_api_types::ClientRequest;
use portvakt_core::administration::{FieldFaults, Role, client, secret};
use portvakt_core::client::Client;
use portvakt_core::ports::UnitOfWork;

use super::attributes::Ground;
use super::many::settled;
use super::secret::answer;
use super::{find, find_for, key_expiry, keys, view};
use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{body, etag, reply};

const OBJECT: Object = Object::Client;

/// `GET /clients/{client_id}`; deactivated ones too.
pub(crate) async fn read(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadClients).await?;
    let mut unit = call.read().await?;
    let (client, _) = find(unit.as_mut(), &id, &caller, Standing::of).await?;
    let client_id = client.client_id.clone();
    let body = view::client(unit.as_mut(), client, call.settings()).await?;
    let tag = view::tag(unit.as_mut(), &client_id, &body).await?;
    let keys = keys::stored(unit.as_mut(), &client_id).await?;
    let revision = reply::commit(unit).await?;
    let mut response = reply::tagged(&body, tag, revision);
    key_expiry::tell(&mut response, &keys, call.now);
    Ok(response)
}

/// `PUT /clients/{client_id}`: what is left out returns to its default.
pub(crate) async fn update(
    call: Call,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeClient).await?;
    let members = body::members(&call.headers, &body, OBJECT)?;
    let mut faults = FieldFaults::default();
    let request: ClientRequest = body::read(members, &mut faults);
    let mut unit = call.begin(&caller).await?;
    let needed = Standing::Administrator;
    let known = find_for(unit.as_mut(), &id, &caller, needed).await?;
    check_version(&call, unit.as_mut(), &known).await?;
    let ground = Ground {
        settings: call.settings(),
        now: call.now,
    };
    let desired = ground.replacement(request, &known, &mut faults);
    let role = Role::Owner(caller.organization);
    let desired = settled(desired, role, faults)?;
    let saved = secret::update(unit.as_mut(), desired, role, call.making()).await;
    answer(&call, unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// `DELETE /clients/{client_id}`; the customer may do it to what its supplier manages.
pub(crate) async fn deactivate(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeClient).await?;
    let mut unit = call.begin(&caller).await?;
    let known = find_for(unit.as_mut(), &id, &caller, Standing::Customer).await?;
    check_version(&call, unit.as_mut(), &known).await?;
    let role = Role::Owner(caller.organization);
    let saved = client::deactivate(unit.as_mut(), &known.client_id, role, call.now).await;
    saved.map_err(Problem::about(OBJECT))?;
    Ok(reply::empty(reply::commit(unit).await?))
}

/// Whether the caller has the client's present version in mind, if it said which one it means.
pub(super) async fn check_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    known: &Client,
) -> Result<(), Problem> {
    if !etag::is_conditional(&call.headers) {
        return Ok(());
    }
    let present = view::client(unit, known.clone(), call.settings()).await?;
    let tag = view::tag(unit, &known.client_id, &present).await?;
    etag::check(&call.headers, &tag, OBJECT)
}
