//! `/organizations`.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use portvakt_api_types::{OrganizationRequest, OrganizationResponse};
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::administration::{Saved, organization};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::UnitOfWork;

use super::body;
use super::proof::Operator;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{etag, faults, reply};

const OBJECT: Object = Object::Organization;

/// `GET /organizations`, in order of number.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&["inactive"], OBJECT)?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let organizations = unit.list_organizations(listing).await;
    let organizations = organizations.map_err(|error| Problem::storage(&error))?;
    let body: Vec<_> = organizations.into_iter().map(view).collect();
    Ok(reply::list(&body, reply::commit(unit).await?))
}

/// `GET /organizations/{orgno}`; deactivated ones too.
pub(super) async fn read(call: Call, Path(orgno): Path<String>) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&[], OBJECT)?;
    let mut unit = call.read().await?;
    let found = organization::find(unit.as_mut(), number(&orgno)?).await;
    let body = view(found.map_err(Problem::about(OBJECT))?);
    Ok(reply::resource(&body, reply::commit(unit).await?))
}

/// `PUT /organizations/{orgno}`: records it, or gives it another name; `active` is kept unless it
/// is stated.
pub(super) async fn save(
    call: Call,
    Path(orgno): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let orgno = number(&orgno)?;
    let mut described =
        body::read::<OrganizationRequest, OrganizationResponse>(&call, &bytes, OBJECT)?;
    let name = described.request.name.take();
    faults::line(&mut described.faults, "name", name.as_deref());
    let name = described.required::<String>("name", name.as_deref());
    described
        .faults
        .into_result()
        .map_err(Problem::about(OBJECT))?;
    let (name, active) = (name.unwrap_or_default(), described.request.active);
    let mut unit = operator.begin().await?;
    check_version(&call, unit.as_mut(), orgno).await?;
    let saved = organization::put(unit.as_mut(), orgno, &name, active, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// `DELETE /organizations/{orgno}`: its clients and its scopes stop at once.
pub(super) async fn deactivate(call: Call, Path(orgno): Path<String>) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let orgno = number(&orgno)?;
    let mut unit = operator.begin().await?;
    check_version(&call, unit.as_mut(), orgno).await?;
    let saved = organization::deactivate(unit.as_mut(), orgno, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// The organization that an address names.
pub(super) fn number(text: &str) -> Result<OrgNumber, Problem> {
    OrgNumber::parse(text).map_err(|error| {
        let message = format!("orgno: {error}");
        Problem::field(StatusCode::BAD_REQUEST, OBJECT, "orgno", &message)
    })
}

async fn check_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
) -> Result<(), Problem> {
    let present = unit.find_organization(orgno).await;
    let present = present.map_err(|error| Problem::storage(&error))?;
    etag::check_resource(&call.headers, present.map(view).as_ref(), OBJECT)
}

async fn answer(
    unit: Box<dyn UnitOfWork>,
    saved: Saved<Organization>,
) -> Result<Response, Problem> {
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view(saved.record), revision))
}

fn view(organization: Organization) -> OrganizationResponse {
    OrganizationResponse {
        orgno: organization.orgno.to_string(),
        name: organization.name,
        active: organization.active,
        created: organization.created.to_string(),
        last_updated: organization.last_updated.to_string(),
    }
}
