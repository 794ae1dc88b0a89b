//! `/scopes`: an organization's own scopes (spec: selfservice §6.3, §6.4).

use axum::body::Bytes;
use axum::response::Response;
use portvakt_core::administration::AdministrationError;
use portvakt_core::administration::{FieldFaults, RecordKind, Role, scope};
use portvakt_core::bearer::Caller;
use portvakt_core::ports::UnitOfWork;
use portvakt_core::scope::{Scope, ScopeName};

use super::attributes::{Described, Frame};
use super::{catalogue, view};
use crate::authority::Operation;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{body, etag, reply};

const OBJECT: Object = Object::Scope;

/// `GET /scopes`: the list, or with `scope=` one object.
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadScopes).await?;
    let mut unit = call.read().await?;
    if let Some(name) = call.query.scope(OBJECT)? {
        let scope = catalogue::find_visible(unit.as_mut(), &name, caller.organization).await?;
        let revision = reply::commit(unit).await?;
        let view = if scope.owner_orgno == caller.organization {
            view::own(scope)
        } else {
            view::scope(scope)
        };
        return Ok(reply::resource(&view, revision));
    }
    let listing = call.query.listing(OBJECT)?;
    let scopes = unit.list_scopes(Some(caller.organization), listing).await;
    let mut scopes = scopes.map_err(|error| Problem::storage(&error))?;
    scopes.sort_by_key(|scope| scope.created);
    let body: Vec<_> = scopes.into_iter().map(view::own).collect();
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

/// `POST /scopes`
pub(crate) async fn create(call: Call, body: Bytes) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeScopes).await?;
    let mut described = describe(&call, &body)?;
    let frame = Frame {
        owner: caller.organization,
        active: true,
        settings: call.settings(),
        now: call.now,
    };
    let Some(name) = described.new_name() else {
        return Err(described.refuse(&frame));
    };
    let scope = described.scope(name, &frame)?;
    let mut unit = call.begin(&caller).await?;
    let role = Role::Owner(caller.organization);
    let saved = scope::create(unit.as_mut(), scope, role, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view::own(saved.record), revision))
}

/// `PUT /scopes?scope=`; `active` is kept unless it is stated, which also reactivates.
pub(crate) async fn update(call: Call, body: Bytes) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeScopes).await?;
    let name = call.query.required_scope(OBJECT)?;
    let mut described = describe(&call, &body)?;
    let mut unit = call.begin(&caller).await?;
    let known = find_own(&call, unit.as_mut(), &name, &caller).await?;
    described.check_name(&name);
    let frame = Frame {
        owner: known.owner_orgno,
        active: known.active,
        settings: call.settings(),
        now: call.now,
    };
    let desired = described.scope(name, &frame)?;
    let role = Role::Owner(caller.organization);
    let saved = scope::update(unit.as_mut(), desired, role, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view::own(saved.record), revision))
}

/// `DELETE /scopes?scope=`: answers the scope, which clients read.
pub(crate) async fn deactivate(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeScopes).await?;
    let name = call.query.required_scope(OBJECT)?;
    let mut unit = call.begin(&caller).await?;
    find_own(&call, unit.as_mut(), &name, &caller).await?;
    let role = Role::Owner(caller.organization);
    let saved = scope::deactivate(unit.as_mut(), &name, role, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view::own(saved.record), revision))
}

fn describe(call: &Call, body: &[u8]) -> Result<Described, Problem> {
    let members = body::members(&call.headers, body, OBJECT)?;
    let mut faults = FieldFaults::default();
    let request = body::read(members, &mut faults);
    Ok(Described { request, faults })
}

/// The caller's scope of this name, in the version that the caller means.
async fn find_own(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    caller: &Caller,
) -> Result<Scope, Problem> {
    let found = unit.find_scope(name).await;
    let found = found.map_err(|error| Problem::storage(&error))?;
    let own = found.filter(|scope| scope.owner_orgno == caller.organization);
    let known = own.ok_or_else(|| unknown(name))?;
    if etag::is_conditional(&call.headers) {
        let tag = etag::of(&reply::bytes(&view::own(known.clone())));
        etag::check(&call.headers, &tag, OBJECT)?;
    }
    Ok(known)
}

/// What is said of a scope that does not exist, and of one that the caller may not know of.
pub(crate) fn unknown(name: &ScopeName) -> Problem {
    let error = AdministrationError::NotFound {
        kind: RecordKind::Scope,
        id: name.to_string(),
    };
    Problem::of(error, OBJECT)
}
