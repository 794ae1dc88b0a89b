//! `/clients/{client_id}/secret`: secrets of clients that their organizations cannot change, and of
//! all others.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use portvakt_core::administration::operator::OperatorRight::Write;
use portvakt_core::administration::{Role, secret};

use super::{OBJECT, answer_saved, find_version};
use crate::call::Call;
use crate::operator::body;
use crate::operator::proof::Operator;
use crate::problem::Problem;

/// `POST` and `PUT`, with `{}` or nothing: makes a new secret, which this answer alone shows. The
/// present one stops at once, or with `overlap`.
pub(crate) async fn rotate(
    call: Call,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&["overlap"], OBJECT)?;
    let overlap = call.query.overlap(OBJECT)?;
    // An overlap that is mistaken for a member would stop the present secret at once.
    body::nothing(&call, &bytes, OBJECT)?;
    let mut unit = operator.begin().await?;
    let known = find_version(&call, unit.as_mut(), &id).await?;
    let (id, role) = (&known.client_id, Role::Operator);
    let rotated = secret::rotate(unit.as_mut(), id, overlap, role, call.making()).await;
    answer_saved(&call, unit, rotated.map_err(Problem::about(OBJECT))?).await
}
