//! `/clients/{client_id}/onbehalfof` (spec: selfservice §5.7).

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use portvakt_api_types::OnBehalfOfRequest;
use portvakt_core::Timestamp;
use portvakt_core::administration::{FieldFaults, Role, on_behalf_of};
use portvakt_core::bearer::Caller;
use portvakt_core::client::{Client, ClientId, OnBehalfOf};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::UnitOfWork;

use super::{find, view};
use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{body, etag, faults, reply};

const OBJECT: Object = Object::OnBehalfOf;

/// `GET …/onbehalfof`
pub(crate) async fn list(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadOnBehalfOf).await?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let client = readable(unit.as_mut(), &id, &caller).await?;
    let registrations = unit.list_on_behalf_of(&client.client_id, listing).await;
    let registrations = registrations.map_err(|error| Problem::storage(&error))?;
    let body: Vec<_> = registrations.into_iter().map(view::registration).collect();
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

/// `GET …/onbehalfof/{value}`; removed ones too.
pub(crate) async fn read(
    call: Call,
    Path((id, value)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadOnBehalfOf).await?;
    let mut unit = call.read().await?;
    let client = readable(unit.as_mut(), &id, &caller).await?;
    let found = on_behalf_of::find(unit.as_mut(), &client.client_id, &value).await;
    let found = found.map_err(Problem::about(OBJECT))?;
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view::registration(found), revision))
}

/// `POST …/onbehalfof`
pub(crate) async fn create(
    call: Call,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeOnBehalfOf).await?;
    let described = Described::read(&call, &body)?;
    let mut unit = call.begin(&caller).await?;
    let client = changeable(unit.as_mut(), &id, &caller).await?;
    let wanted = described.registration(client.client_id, None, call.now)?;
    let role = Role::Owner(caller.organization);
    let saved = on_behalf_of::create(unit.as_mut(), wanted, role, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view::registration(saved.record), revision))
}

/// `PUT …/onbehalfof/{value}`; one that was removed is back.
pub(crate) async fn update(
    call: Call,
    Path((id, value)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeOnBehalfOf).await?;
    let described = Described::read(&call, &body)?;
    let mut unit = call.begin(&caller).await?;
    let client = changeable(unit.as_mut(), &id, &caller).await?;
    check_version(&call, unit.as_mut(), &client, &value).await?;
    let wanted = described.registration(client.client_id, Some(&value), call.now)?;
    let role = Role::Owner(caller.organization);
    let saved = on_behalf_of::update(unit.as_mut(), wanted, role, call.now).await;
    let saved = saved.map_err(Problem::about(OBJECT))?;
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view::registration(saved.record), revision))
}

/// `DELETE …/onbehalfof/{value}`
pub(crate) async fn remove(
    call: Call,
    Path((id, value)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeOnBehalfOf).await?;
    let mut unit = call.begin(&caller).await?;
    let client = changeable(unit.as_mut(), &id, &caller).await?;
    check_version(&call, unit.as_mut(), &client, &value).await?;
    let (id, role) = (&client.client_id, Role::Owner(caller.organization));
    let saved = on_behalf_of::remove(unit.as_mut(), id, &value, role, call.now).await;
    saved.map_err(Problem::about(OBJECT))?;
    Ok(reply::empty(reply::commit(unit).await?))
}

async fn readable(unit: &mut dyn UnitOfWork, id: &str, caller: &Caller) -> Result<Client, Problem> {
    let (client, _) = find(unit, id, caller, Standing::to_registrations).await?;
    Ok(client)
}

async fn changeable(
    unit: &mut dyn UnitOfWork,
    id: &str,
    caller: &Caller,
) -> Result<Client, Problem> {
    let (client, standing) = find(unit, id, caller, Standing::to_registrations).await?;
    if standing == Standing::Administrator {
        Ok(client)
    } else {
        let message = "The client is readable for this token, and not more";
        Err(Problem::forbidden(OBJECT, message))
    }
}

async fn check_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    client: &Client,
    value: &str,
) -> Result<(), Problem> {
    if !etag::is_conditional(&call.headers) {
        return Ok(());
    }
    let present = on_behalf_of::find(unit, &client.client_id, value).await;
    let present = view::registration(present.map_err(Problem::about(OBJECT))?);
    etag::check(&call.headers, &etag::of(&reply::bytes(&present)), OBJECT)
}

/// A body with what is wrong about it so far.
struct Described {
    request: OnBehalfOfRequest,
    faults: FieldFaults,
}

impl Described {
    fn read(call: &Call, body: &[u8]) -> Result<Self, Problem> {
        let members = body::members(&call.headers, body, OBJECT)?;
        let mut faults = FieldFaults::default();
        let request = body::read(members, &mut faults);
        Ok(Self { request, faults })
    }

    /// The registration, under the value of the address if there is one.
    fn registration(
        self,
        client_id: ClientId,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<OnBehalfOf, Problem> {
        let Self {
            request,
            mut faults,
        } = self;
        let value = request.onbehalfof.as_deref().or(address);
        if address.is_some() && value != address {
            faults.invalid("onbehalfof", "cannot change: it is not that of the address");
        }
        let name = request.name.or(request.display_name).unwrap_or_default();
        faults::line(&mut faults, "name", Some(&name));
        let client_uri = request.client_uri.or(request.url);
        faults::web_address(&mut faults, "client_uri", client_uri.as_deref());
        faults::paragraphs(&mut faults, "description", request.description.as_deref());
        let orgno = OrgNumber::parse(request.orgno.as_deref().unwrap_or_default());
        let registration = orgno.map(|orgno| OnBehalfOf {
            client_id,
            onbehalfof: value.unwrap_or_default().to_owned(),
            name,
            orgno,
            client_uri,
            description: request.description,
            active: true,
            created: now,
            last_updated: now,
        });
        if let Err(error) = &registration {
            faults.invalid("orgno", error.to_string());
        }
        faults.into_result().map_err(Problem::about(OBJECT))?;
        registration.map_err(|_| Problem::not_found(OBJECT))
    }
}
