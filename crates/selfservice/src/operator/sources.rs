//! `/delegationsources`.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use portvakt_api_types::{DelegationSourceRequest, OperatorDelegationSourceResponse};
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::administration::{AdministrationError, RecordKind, Saved, delegation};
use portvakt_core::delegation::DelegationSource;
use portvakt_core::ports::UnitOfWork;

use super::body;
use super::proof::Operator;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{etag, faults, reply};

const OBJECT: Object = Object::DelegationSource;

/// Where delegations are looked up: in the built-in register.
const LOCAL: &str = "local";

/// `GET /delegationsources`, in order of name.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&["inactive"], OBJECT)?;
    let inactive = call.query.flag("inactive", OBJECT)?.unwrap_or(false);
    let mut unit = call.read().await?;
    let sources = unit.list_delegation_sources().await;
    let sources = sources.map_err(|error| Problem::storage(&error))?;
    let shown = sources
        .into_iter()
        .filter(|source| source.active || inactive);
    let body: Vec<_> = shown.map(view).collect();
    Ok(reply::list(&body, reply::commit(unit).await?))
}

/// `GET /delegationsources/{name}`; withdrawn ones too.
pub(super) async fn read(call: Call, Path(name): Path<String>) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&[], OBJECT)?;
    let mut unit = call.read().await?;
    let found = find(unit.as_mut(), &name).await?;
    let found = found.ok_or_else(|| unknown(&name))?;
    Ok(reply::resource(&view(found), reply::commit(unit).await?))
}

/// `PUT /delegationsources/{name}`: records it, or undoes its withdrawal.
pub(super) async fn save(
    call: Call,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let issuer = issuer(&call, &name, &bytes)?;
    let mut unit = operator.begin().await?;
    check_version(&call, unit.as_mut(), &name).await?;
    let saved = delegation::add_source(unit.as_mut(), &name, &issuer, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// `DELETE /delegationsources/{name}`: refused while a scope names it.
pub(super) async fn withdraw(call: Call, Path(name): Path<String>) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let mut unit = operator.begin().await?;
    check_version(&call, unit.as_mut(), &name).await?;
    let saved = delegation::withdraw_source(unit.as_mut(), &name, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

fn issuer(call: &Call, name: &str, bytes: &Bytes) -> Result<String, Problem> {
    let described = body::read::<DelegationSourceRequest, OperatorDelegationSourceResponse>(
        call, bytes, OBJECT,
    );
    let mut described = described?;
    let issuer = described.request.issuer.take();
    faults::line(&mut described.faults, "name", Some(name));
    faults::line(&mut described.faults, "issuer", issuer.as_deref());
    let issuer = described.required::<String>("issuer", issuer.as_deref());
    let adapter = described.request.adapter.as_deref();
    if adapter.is_some_and(|adapter| adapter != LOCAL) {
        let message = "must be local: delegations are looked up in the built-in register";
        described.faults.invalid("adapter", message);
    }
    described
        .faults
        .into_result()
        .map_err(Problem::about(OBJECT))?;
    Ok(issuer.unwrap_or_default())
}

async fn find(unit: &mut dyn UnitOfWork, name: &str) -> Result<Option<DelegationSource>, Problem> {
    let sources = unit.list_delegation_sources().await;
    let sources = sources.map_err(|error| Problem::storage(&error))?;
    Ok(sources.into_iter().find(|source| source.name == name))
}

fn unknown(name: &str) -> Problem {
    let error = AdministrationError::NotFound {
        kind: RecordKind::DelegationSource,
        id: name.to_owned(),
    };
    Problem::of(error, OBJECT)
}

async fn check_version(call: &Call, unit: &mut dyn UnitOfWork, name: &str) -> Result<(), Problem> {
    let present = find(unit, name).await?.map(view);
    etag::check_resource(&call.headers, present.as_ref(), OBJECT)
}

async fn answer(
    unit: Box<dyn UnitOfWork>,
    saved: Saved<DelegationSource>,
) -> Result<Response, Problem> {
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view(saved.record), revision))
}

fn view(source: DelegationSource) -> OperatorDelegationSourceResponse {
    OperatorDelegationSourceResponse {
        name: source.name,
        issuer: source.issuer,
        adapter: LOCAL.to_owned(),
        active: source.active,
        created: source.created.to_string(),
        last_updated: source.last_updated.to_string(),
    }
}
