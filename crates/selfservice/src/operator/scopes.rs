//! `/scopes`: what only the operator sets.

use axum::body::Bytes;
use axum::response::Response;
use portvakt_api_types::{OperatorScopeResponse, ScopeAmendmentRequest};
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::administration::scope::{self, ScopeAmendment};
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::{Scope, Visibility};

use super::body::{self, Described};
use super::proof::Operator;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::scopes::view as public;
use crate::words::variant;
use crate::{etag, reply};

const OBJECT: Object = Object::Scope;

/// `GET /scopes?scope=`; anybody's, deactivated or not.
pub(super) async fn read(call: Call) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&["scope"], OBJECT)?;
    let name = call.query.required_scope(OBJECT)?;
    let mut unit = call.read().await?;
    let found = scope::find(unit.as_mut(), &name).await;
    let body = view(found.map_err(Problem::about(OBJECT))?);
    Ok(reply::resource(&body, reply::commit(unit).await?))
}

/// `PATCH /scopes?scope=`: what is left out stays as it is.
pub(super) async fn amend(call: Call, bytes: Bytes) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&["scope"], OBJECT)?;
    let name = call.query.required_scope(OBJECT)?;
    let described = body::read::<ScopeAmendmentRequest, ScopeAmendmentRequest>;
    let amendment = amendment(described(&call, &bytes, OBJECT)?)?;
    let mut unit = operator.begin().await?;
    let known = scope::find(unit.as_mut(), &name).await;
    let known = view(known.map_err(Problem::about(OBJECT))?);
    etag::check_resource(&call.headers, Some(&known), OBJECT)?;
    let saved = scope::amend(unit.as_mut(), &name, amendment, call.now).await;
    let body = view(saved.map_err(Problem::about(OBJECT))?.record);
    Ok(reply::resource(&body, reply::commit(unit).await?))
}

fn amendment(mut described: Described<ScopeAmendmentRequest>) -> Result<ScopeAmendment, Problem> {
    let owner = described.request.owner_orgno.take();
    let owner_orgno = described.optional::<OrgNumber>("owner_orgno", owner.as_deref());
    let Described {
        request,
        mut faults,
    } = described;
    let visibility = request.visibility.as_deref().map(variant::<Visibility>);
    if visibility == Some(None) {
        faults.invalid("visibility", "must be PUBLIC, PRIVATE or INTERNAL");
    }
    faults.into_result().map_err(Problem::about(OBJECT))?;
    Ok(ScopeAmendment {
        visibility: visibility.flatten(),
        protected: request.protected,
        supports_european_businesses: request.supports_european_businesses,
        operator_only: request.operator_only,
        emit_consumer_prefix: request.emit_consumer_prefix,
        owner_orgno,
        active: request.active,
    })
}

fn view(scope: Scope) -> OperatorScopeResponse {
    OperatorScopeResponse {
        operator_only: scope.operator_only,
        emit_consumer_prefix: scope.emit_consumer_prefix,
        scope: public::own(scope),
    }
}
