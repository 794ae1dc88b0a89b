//! `/usage` and `/clients/{client_id}/usage`: what an organization's clients use.

use std::collections::HashMap;

use axum::extract::Path;
use axum::response::Response;
use portvakt_api_types::{ClientScopeUsage, ClientUsageResponse};
use portvakt_core::Timestamp;
use portvakt_core::client::{Client, ClientId};
use portvakt_core::usage::{ClientDay, ClientTotal, Day, Days};

use super::of_day;
use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::clients::find;
use crate::problem::{Object, Problem};
use crate::reply;

const OBJECT: Object = Object::Client;

/// `GET /usage`: every client that the caller may see, also those that were not used.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadClients).await?;
    let days = call.query.days(Day::of(call.now), OBJECT)?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let clients = unit.list_clients(Some(caller.organization), listing).await;
    let clients = clients.map_err(|error| Problem::storage(&error))?;
    let revision = reply::commit(unit).await?;
    let usage = call.usage();
    let totals = usage
        .list_organization_usage(caller.organization, days)
        .await;
    let mut totals = by_client(totals.map_err(|error| Problem::storage(&error))?);
    let visible = |client: &Client| Standing::of(&caller, client) > Standing::Stranger;
    let body: Vec<_> = clients
        .into_iter()
        .filter(visible)
        .map(|client| {
            let scopes = totals.remove(&client.client_id).unwrap_or_default();
            view(&client.client_id, days, scopes)
        })
        .collect();
    Ok(reply::list(&body, revision))
}

/// `GET /clients/{client_id}/usage`; of deactivated ones too.
pub(crate) async fn read(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadClients).await?;
    let days = call.query.days(Day::of(call.now), OBJECT)?;
    let mut unit = call.read().await?;
    let (client, _) = find(unit.as_mut(), &id, &caller, Standing::of).await?;
    let revision = reply::commit(unit).await?;
    let used = call
        .usage()
        .list_client_usage(&client.client_id, days)
        .await;
    let scopes = by_scope(&used.map_err(|error| Problem::storage(&error))?);
    Ok(reply::list(
        &view(&client.client_id, days, scopes),
        revision,
    ))
}

/// Scopes with the instant of their last use.
type Scopes = Vec<(Timestamp, ClientScopeUsage)>;

fn view(client_id: &ClientId, days: Days, scopes: Scopes) -> ClientUsageResponse {
    let last_used = scopes.iter().map(|(at, _)| *at).max();
    ClientUsageResponse {
        client_id: client_id.to_string(),
        from: days.from().to_string(),
        to: days.to().to_string(),
        last_used: last_used.map(|at| at.to_string()),
        scopes: scopes.into_iter().map(|(_, scope)| scope).collect(),
    }
}

fn by_client(totals: Vec<ClientTotal>) -> HashMap<ClientId, Scopes> {
    let mut clients: HashMap<_, Scopes> = HashMap::new();
    for total in totals {
        let scope = ClientScopeUsage {
            scope: total.scope.to_string(),
            tokens: total.tokens,
            last_used: total.last_used.to_string(),
            days: None,
        };
        let scopes = clients.entry(total.client_id).or_default();
        scopes.push((total.last_used, scope));
    }
    clients
}

/// The days come in order of scope.
fn by_scope(days: &[ClientDay]) -> Scopes {
    let same = |one: &ClientDay, other: &ClientDay| one.scope == other.scope;
    days.chunk_by(same).filter_map(of_scope).collect()
}

fn of_scope(days: &[ClientDay]) -> Option<(Timestamp, ClientScopeUsage)> {
    let last_used = days.iter().map(|line| line.last_used).max()?;
    let scope = ClientScopeUsage {
        scope: days.first()?.scope.to_string(),
        tokens: days.iter().map(|line| line.tokens).sum(),
        last_used: last_used.to_string(),
        days: Some(
            days.iter()
                .map(|line| of_day(line.day, line.tokens))
                .collect(),
        ),
    };
    Some((last_used, scope))
}
