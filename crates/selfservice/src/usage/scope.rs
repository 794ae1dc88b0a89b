//! `/scopes/usage`: how an own scope is used.

use axum::response::Response;
use portvakt_api_types::{ConsumerUsage, ScopeUsageResponse};
use portvakt_core::scope::ScopeName;
use portvakt_core::usage::{ConsumerTotal, Day, Days, ScopeUsage};

use super::of_day;
use crate::authority::Operation;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::reply;
use crate::scopes::own::unknown;

const OBJECT: Object = Object::Scope;

/// `GET /scopes/usage?scope=`. The owner learns how many clients an organization has, and not
/// which.
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadScopes).await?;
    let name = call.query.required_scope(OBJECT)?;
    let consumer = call.query.organization("consumer_orgno", OBJECT)?;
    let days = call.query.days(Day::of(call.now), OBJECT)?;
    let mut unit = call.read().await?;
    let found = unit.find_scope(&name).await;
    let found = found.map_err(|error| Problem::storage(&error))?;
    let revision = reply::commit(unit).await?;
    if found.is_none_or(|scope| scope.owner_orgno != caller.organization) {
        return Err(unknown(&name));
    }
    let usage = call.usage().find_scope_usage(&name, consumer, days).await;
    let usage = usage.map_err(|error| Problem::storage(&error))?;
    Ok(reply::list(&view(&name, days, &usage), revision))
}

fn view(name: &ScopeName, days: Days, usage: &ScopeUsage) -> ScopeUsageResponse {
    let consumers = usage.consumers.iter();
    let last_used = consumers.clone().map(|total| total.last_used).max();
    ScopeUsageResponse {
        scope: name.to_string(),
        from: days.from().to_string(),
        to: days.to().to_string(),
        tokens: consumers.clone().map(|total| total.tokens).sum(),
        last_used: last_used.map(|at| at.to_string()),
        days: usage
            .days
            .iter()
            .map(|total| of_day(total.day, total.tokens))
            .collect(),
        consumers: consumers.map(of_consumer).collect(),
    }
}

fn of_consumer(total: &ConsumerTotal) -> ConsumerUsage {
    ConsumerUsage {
        consumer_orgno: total.consumer.to_string(),
        supplier_orgno: total.supplier.map(|orgno| orgno.to_string()),
        accessing_orgno: total.accessing.to_string(),
        clients: total.clients,
        tokens: total.tokens,
        last_used: total.last_used.to_string(),
    }
}
