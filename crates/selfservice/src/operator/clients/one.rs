//! `/clients/{client_id}`.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use portvakt_core::administration::client;
use portvakt_core::administration::operator::OperatorRight::{Read, Write};

use super::describe::Description;
use super::{OBJECT, answer, find, find_version};
use crate::call::Call;
use crate::operator::proof::Operator;
use crate::problem::Problem;

/// `GET /clients/{client_id}`; deactivated ones too.
pub(crate) async fn read(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&[], OBJECT)?;
    let mut unit = call.read().await?;
    let client = find(unit.as_mut(), &id).await?;
    answer(&call, unit, client).await
}

/// `PUT /clients/{client_id}`: what is left out returns to its default, except `active`, which also
/// reactivates.
pub(crate) async fn update(
    call: Call,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let description = Description::read(&call, &body)?;
    let mut unit = operator.begin().await?;
    let known = find_version(&call, unit.as_mut(), &id).await?;
    let desired = description.into_replacement(&call, &known)?;
    let saved = client::set(unit.as_mut(), desired, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    answer(&call, unit, saved.record).await
}
