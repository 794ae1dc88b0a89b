//! `/clients` (spec: selfservice §5.4).

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use portvakt_api_types::ClientRequest;
use portvakt_core::administration::secret::SavedClient;
use portvakt_core::administration::{AdministrationError, FieldFaults, Role, client, secret};
use portvakt_core::bearer::Caller;
use portvakt_core::client::{Client, IntegrationType};
use portvakt_core::idempotency::Fingerprint;
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::ScopeName;

use super::attributes::{Ground, all_faults};
use super::idempotency::{self, Creation};
use super::secret::answer;
use super::{owner, view};
use crate::authority::{Operation, Standing};
use crate::body;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::query::Query;
use crate::reply;

const OBJECT: Object = Object::Client;

/// `GET /clients`
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadClients).await?;
    let filter = Filter::read(&call.query)?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let clients = unit.list_clients(Some(caller.organization), listing).await;
    let clients = clients.map_err(|error| Problem::storage(&error))?;
    let is_listed = |client: &Client| {
        Standing::of(&caller, client) > Standing::Stranger && filter.admits(client)
    };
    let mut body = Vec::new();
    for client in clients.into_iter().filter(is_listed) {
        body.push(view::client(unit.as_mut(), client, call.settings()).await?);
    }
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

/// `POST /clients`; one that was made under the same `Idempotency-Key` is answered instead, without
/// its secret.
pub(crate) async fn create(call: Call, body: Bytes) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::CreateClient).await?;
    let key = idempotency::key(&call.headers)?;
    let (client, fingerprint) = describe(&call, &caller, &body)?;
    let creation = Creation::new(&caller, key, fingerprint);
    let mut unit = call.begin(&caller).await?;
    let before = creation.made_before(&call, unit.as_mut(), &caller).await?;
    if let Some(client) = before {
        return answer(&call, unit, SavedClient::unchanged(client)).await;
    }
    let role = Role::Owner(caller.organization);
    let made = secret::register(unit.as_mut(), client, role, call.making()).await;
    let made = made.map_err(Problem::about(OBJECT))?;
    let id = &made.saved.record.client_id;
    creation.remember(&call, unit.as_mut(), id).await?;
    answer(&call, unit, made).await
}

/// The client that the body describes, and what tells the request from others: what was read of
/// it, so that neither spaces nor what is ignored makes a difference.
fn describe(call: &Call, caller: &Caller, body: &[u8]) -> Result<(Client, Fingerprint), Problem> {
    let members = body::members(&call.headers, body, OBJECT)?;
    let mut faults = FieldFaults::default();
    let request: ClientRequest = body::read(members, &mut faults);
    let fingerprint = Fingerprint::of(&reply::bytes(&request));
    let client_id = client::generate_id(call.entropy()).map_err(Problem::about(OBJECT))?;
    let owner = owner::of_new(caller, request.client_orgno.as_deref(), &mut faults);
    let ground = Ground {
        settings: call.settings(),
        now: call.now,
    };
    let client = ground.new_client(request, client_id, owner, &mut faults);
    let client = settled(client, Role::Owner(caller.organization), faults)?;
    Ok((client, fingerprint))
}

/// The client if nothing is wrong with it as far as it can be seen without the registry.
pub(crate) fn settled(client: Client, role: Role, faults: FieldFaults) -> Result<Client, Problem> {
    let is_typed = !faults
        .invalid
        .iter()
        .any(|fault| fault.field == "integration_type");
    all_faults(&client, is_typed, role, faults)
        .into_result()
        .map_err(|error: AdministrationError| Problem::of(error, OBJECT))?;
    Ok(client)
}

/// Which clients a list holds; each parameter narrows it.
struct Filter {
    integration_type: Option<IntegrationType>,
    scope: Option<ScopeName>,
    client_orgno: Option<OrgNumber>,
}

impl Filter {
    fn read(query: &Query) -> Result<Self, Problem> {
        const FIELD: &str = "integration_type";
        let kind = query.text(FIELD, OBJECT)?.map(str::parse).transpose();
        let kind = kind.map_err(|error: portvakt_core::client::UnknownIntegrationType| {
            let message = format!("{FIELD}: {error}");
            Problem::field(StatusCode::BAD_REQUEST, OBJECT, FIELD, &message)
        });
        Ok(Self {
            integration_type: kind?,
            scope: query.scope(OBJECT)?,
            client_orgno: query.organization("client_orgno", OBJECT)?,
        })
    }

    fn admits(&self, client: &Client) -> bool {
        self.integration_type
            .is_none_or(|kind| client.integration_type == kind)
            && self
                .scope
                .as_ref()
                .is_none_or(|scope| client.scopes.contains(scope))
            && self
                .client_orgno
                .is_none_or(|orgno| client.client_orgno == orgno)
    }
}
