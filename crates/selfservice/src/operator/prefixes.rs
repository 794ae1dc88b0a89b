//! `/organizations/{orgno}/prefixes` and `/prefixes`.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use portvakt_api_types::{PrefixAssignmentResponse, PrefixTransferRequest, PrefixTransferResponse};
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::administration::{Saved, prefix};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{PrefixAssignment, UnitOfWork};
use portvakt_core::scope::Prefix;

use super::body;
use super::organizations::number;
use super::proof::Operator;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{etag, reply};

const OBJECT: Object = Object::Prefix;

/// `GET /prefixes`, in order of prefix.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    list_owned(&call, None).await
}

/// `GET /organizations/{orgno}/prefixes`
pub(super) async fn list_of_organization(
    call: Call,
    Path(orgno): Path<String>,
) -> Result<Response, Problem> {
    list_owned(&call, Some(orgno)).await
}

async fn list_owned(call: &Call, owner: Option<String>) -> Result<Response, Problem> {
    Operator::prove(call, Read).await?;
    call.query.only(&["inactive"], OBJECT)?;
    let owner = owner.map(|text| number(&text)).transpose()?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let prefixes = unit.list_prefixes(owner, listing).await;
    let prefixes = prefixes.map_err(|error| Problem::storage(&error))?;
    let body: Vec<_> = prefixes.iter().map(view).collect();
    Ok(reply::list(&body, reply::commit(unit).await?))
}

/// `GET /prefixes/{prefix}`; withdrawn ones too.
pub(super) async fn read(call: Call, Path(text): Path<String>) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&[], OBJECT)?;
    let mut unit = call.read().await?;
    let found = prefix::find(unit.as_mut(), &parse(&text)?).await;
    let body = view(&found.map_err(Problem::about(OBJECT))?);
    Ok(reply::resource(&body, reply::commit(unit).await?))
}

/// `PUT /organizations/{orgno}/prefixes/{prefix}`; without a body. It undoes a withdrawal too.
pub(super) async fn assign(
    call: Call,
    Path((orgno, text)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let (owner, wanted) = (number(&orgno)?, parse(&text)?);
    let mut unit = operator.begin().await?;
    check_version(&call, unit.as_mut(), &wanted).await?;
    let saved = prefix::assign(unit.as_mut(), &wanted, owner, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// `DELETE /organizations/{orgno}/prefixes/{prefix}`: no new scopes below it; those that exist keep
/// working and keep their owner.
pub(super) async fn withdraw(
    call: Call,
    Path((orgno, text)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let (owner, known) = (number(&orgno)?, parse(&text)?);
    let mut unit = operator.begin().await?;
    check_owner(unit.as_mut(), &known, owner).await?;
    check_version(&call, unit.as_mut(), &known).await?;
    let saved = prefix::withdraw(unit.as_mut(), &known, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// `POST /prefixes/{prefix}/transfer`
pub(super) async fn transfer(
    call: Call,
    Path(text): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let known = parse(&text)?;
    let described =
        body::read::<PrefixTransferRequest, PrefixTransferRequest>(&call, &bytes, OBJECT);
    let mut described = described?;
    let to = described.request.to.take();
    let to = described.required::<OrgNumber>("to", to.as_deref());
    described
        .faults
        .into_result()
        .map_err(Problem::about(OBJECT))?;
    // Without faults it is there.
    let to = to.ok_or_else(|| Problem::not_found(OBJECT))?;
    let with_scopes = described.request.scopes.unwrap_or(false);
    let mut unit = operator.begin().await?;
    check_version(&call, unit.as_mut(), &known).await?;
    let saved = prefix::transfer(unit.as_mut(), &known, to, with_scopes, call.now).await;
    let moved = saved.map_err(Problem::about(OBJECT))?.record;
    let body = PrefixTransferResponse {
        assignment: view(&moved.assignment),
        scopes: moved.scopes.iter().map(ToString::to_string).collect(),
    };
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

fn parse(text: &str) -> Result<Prefix, Problem> {
    Prefix::parse(text).map_err(|error| {
        let message = format!("prefix: {error}");
        Problem::field(StatusCode::BAD_REQUEST, OBJECT, "prefix", &message)
    })
}

/// An organization's prefix is not there for another one's address.
async fn check_owner(
    unit: &mut dyn UnitOfWork,
    known: &Prefix,
    owner: OrgNumber,
) -> Result<(), Problem> {
    let found = prefix::find(unit, known).await;
    let found = found.map_err(Problem::about(OBJECT))?;
    if found.owner_orgno == owner {
        Ok(())
    } else {
        Err(Problem::not_found(OBJECT))
    }
}

async fn check_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    known: &Prefix,
) -> Result<(), Problem> {
    let present = unit.find_prefix(known).await;
    let present = present.map_err(|error| Problem::storage(&error))?;
    etag::check_resource(&call.headers, present.as_ref().map(view).as_ref(), OBJECT)
}

async fn answer(
    unit: Box<dyn UnitOfWork>,
    saved: Saved<PrefixAssignment>,
) -> Result<Response, Problem> {
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view(&saved.record), revision))
}

fn view(assignment: &PrefixAssignment) -> PrefixAssignmentResponse {
    PrefixAssignmentResponse {
        prefix: assignment.prefix.to_string(),
        owner_orgno: assignment.owner_orgno.to_string(),
        active: assignment.active,
        created: assignment.created.to_string(),
        last_updated: assignment.last_updated.to_string(),
    }
}
