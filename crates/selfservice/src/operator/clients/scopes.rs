//! `/clients/{client_id}/scopes?scope=`: one scope more, or one less.

use axum::extract::Path;
use axum::response::Response;
use portvakt_core::administration::operator::OperatorRight::Write;
use portvakt_core::administration::{Role, client};

use super::{OBJECT, answer, find_version};
use crate::call::Call;
use crate::operator::proof::Operator;
use crate::problem::Problem;

/// `PUT`; without a body. An operator-only scope comes with access for the organization.
pub(crate) async fn add(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&["scope"], OBJECT)?;
    let scope = [call.query.required_scope(OBJECT)?];
    let mut unit = operator.begin().await?;
    let known = find_version(&call, unit.as_mut(), &id).await?;
    let id = &known.client_id;
    let saved = client::add_scopes(unit.as_mut(), id, &scope, Role::Operator, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    answer(&call, unit, saved.record).await
}

/// `DELETE`: access stays; the last scope stays too.
pub(crate) async fn remove(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&["scope"], OBJECT)?;
    let scope = [call.query.required_scope(OBJECT)?];
    let mut unit = operator.begin().await?;
    let known = find_version(&call, unit.as_mut(), &id).await?;
    let id = &known.client_id;
    let saved = client::remove_scopes(unit.as_mut(), id, &scope, Role::Operator, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    answer(&call, unit, saved.record).await
}
