//! `/scopes/access`: who may use a scope (spec: selfservice §7).

use std::collections::HashMap;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use portvakt_core::access::Access;
use portvakt_core::administration::{Role, Saved, access};
use portvakt_core::bearer::Caller;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::UnitOfWork;
use portvakt_core::scope::ScopeName;

use super::{own, view};
use crate::authority::Operation;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{etag, reply};

const OBJECT: Object = Object::ScopeAccess;
const CONSUMER: &str = "consumer_orgno";

/// `GET /scopes/access?scope=`: who has access to a scope of the caller's.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadScopes).await?;
    let name = call.query.required_scope(OBJECT)?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    check_own(unit.as_mut(), &name, &caller).await?;
    let records = unit.list_access(Some(&name), None, listing).await;
    let mut records = records.map_err(|error| Problem::storage(&error))?;
    records.sort_by_key(|record| record.created);
    let owner = caller.organization;
    let body: Vec<_> = records
        .iter()
        .map(|record| view::access(record, owner))
        .collect();
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

/// `GET /scopes/access/all`: what the caller has access to.
pub(crate) async fn list_own(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadOwnAccess).await?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let consumer = Some(caller.organization);
    let records = unit.list_access(None, consumer, listing).await;
    let mut records = records.map_err(|error| Problem::storage(&error))?;
    records.sort_by_key(|record| record.created);
    let owners = owners(unit.as_mut(), &records).await?;
    let body: Vec<_> = records
        .iter()
        .filter_map(|record| Some(view::access(record, *owners.get(&record.scope)?)))
        .collect();
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

/// `PUT /scopes/access/{consumer_orgno}?scope=`; without a body.
pub(crate) async fn grant(call: Call, Path(consumer): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeScopes).await?;
    let Target { name, consumer } = Target::read(&call, &consumer)?;
    let mut unit = call.begin(&caller).await?;
    check_version(&call, unit.as_mut(), &name, consumer, &caller).await?;
    if call.settings().require_known_organizations {
        check_known(unit.as_mut(), consumer).await?;
    }
    let role = Role::Owner(caller.organization);
    let saved = access::grant(unit.as_mut(), &name, consumer, role, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?, &caller).await
}

/// `DELETE /scopes/access/{consumer_orgno}?scope=`: answers the record, which clients read.
pub(crate) async fn withdraw(
    call: Call,
    Path(consumer): Path<String>,
) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeScopes).await?;
    let Target { name, consumer } = Target::read(&call, &consumer)?;
    let mut unit = call.begin(&caller).await?;
    check_version(&call, unit.as_mut(), &name, consumer, &caller).await?;
    let role = Role::Owner(caller.organization);
    let saved = access::withdraw(unit.as_mut(), &name, consumer, role, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?, &caller).await
}

async fn answer(
    unit: Box<dyn UnitOfWork>,
    saved: Saved<Access>,
    caller: &Caller,
) -> Result<Response, Problem> {
    let revision = reply::commit(unit).await?;
    let body = view::access(&saved.record, caller.organization);
    Ok(reply::resource(&body, revision))
}

/// Which record an address means.
struct Target {
    name: ScopeName,
    consumer: OrgNumber,
}

impl Target {
    /// A number that is none is 400 before all else: clients then skip the consumer and go on.
    fn read(call: &Call, consumer: &str) -> Result<Self, Problem> {
        let number = OrgNumber::parse(consumer);
        let consumer = number.map_err(|_| invalid_consumer(consumer))?;
        let name = call.query.required_scope(OBJECT)?;
        Ok(Self { name, consumer })
    }
}

fn invalid_consumer(text: &str) -> Problem {
    let text: String = text.chars().take(40).collect();
    let message = format!("Invalid organization number: {text}");
    Problem::field(StatusCode::BAD_REQUEST, OBJECT, CONSUMER, &message)
}

async fn check_known(unit: &mut dyn UnitOfWork, consumer: OrgNumber) -> Result<(), Problem> {
    let found = unit.find_organization(consumer).await;
    if found
        .map_err(|error| Problem::storage(&error))?
        .is_some_and(|known| known.active)
    {
        return Ok(());
    }
    let message = format!("Unknown organization: {consumer}");
    let status = StatusCode::BAD_REQUEST;
    Err(Problem::field(status, OBJECT, CONSUMER, &message))
}

async fn check_own(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    caller: &Caller,
) -> Result<(), Problem> {
    let found = unit.find_scope(name).await;
    let found = found.map_err(|error| Problem::storage(&error))?;
    match found {
        Some(scope) if scope.owner_orgno == caller.organization => Ok(()),
        _ => Err(own::unknown(name)),
    }
}

/// A caller that names a version means a record that exists.
async fn check_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    consumer: OrgNumber,
    caller: &Caller,
) -> Result<(), Problem> {
    check_own(unit, name, caller).await?;
    if !etag::is_conditional(&call.headers) {
        return Ok(());
    }
    let present = unit.find_access(name, consumer).await;
    let present = present.map_err(|error| Problem::storage(&error))?;
    let Some(present) = present else {
        return Err(Problem::precondition_failed(OBJECT));
    };
    let body = view::access(&present, caller.organization);
    etag::check(&call.headers, &etag::of(&reply::bytes(&body)), OBJECT)
}

/// The owner of each scope that the records name.
async fn owners(
    unit: &mut dyn UnitOfWork,
    records: &[Access],
) -> Result<HashMap<ScopeName, OrgNumber>, Problem> {
    let mut owners = HashMap::new();
    for record in records {
        let found = unit.find_scope(&record.scope).await;
        if let Some(scope) = found.map_err(|error| Problem::storage(&error))? {
            owners.insert(scope.name, scope.owner_orgno);
        }
    }
    Ok(owners)
}
