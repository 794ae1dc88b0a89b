//! How much the scopes are used that a plan takes something from.

use portvakt_api_types::{ConsumerUsage, ScopeUsageResponse};
use portvakt_client::{ClientError, SelfService};
use portvakt_nais::actual::{ClientUsage, Usage};
use portvakt_nais::plan::{Action, Plan};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const PERIOD_DAYS: u32 = 7;

/// Usage of every scope that somebody may lose by the plan, up to this time in seconds since 1970; `None` where
/// the target does not tell.
pub async fn of_plan(
    api: &SelfService,
    plan: &Plan,
    now: i64,
) -> Result<Option<Usage>, ClientError> {
    let mut usage = Usage {
        period_days: PERIOD_DAYS,
        clients: Vec::new(),
    };
    let from = day(now - i64::from(PERIOD_DAYS - 1) * 86_400);
    let mut scopes: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|step| used(&step.action))
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    for scope in scopes {
        let Some(told) = api.scope_usage(scope, &from).await? else {
            return Ok(None);
        };
        usage.clients.extend(clients(scope, &told));
    }
    Ok(Some(usage))
}

/// The existing scope whose users an action may stop.
fn used(action: &Action) -> Option<&str> {
    match action {
        Action::WithdrawAccess { scope, .. }
        | Action::DeactivateScope { scope }
        | Action::UpdateScope { scope, .. }
        | Action::AdoptScope { scope, .. } => Some(scope),
        _ => None,
    }
}

/// One entry for each client. The owner of a scope learns how many there are and not which, so they
/// are numbered, and the first stands for all tokens.
fn clients(scope: &str, usage: &ScopeUsageResponse) -> Vec<ClientUsage> {
    let entries = usage.consumers.iter().flat_map(|consumer| {
        // A server that counts wrongly costs no memory.
        let count = consumer.clients.clamp(1, 10_000);
        (0..count).map(move |number| entry(scope, consumer, number))
    });
    entries.collect()
}

fn entry(scope: &str, consumer: &ConsumerUsage, number: u64) -> ClientUsage {
    let supplier = consumer.supplier_orgno.as_deref().unwrap_or_default();
    let customer = &consumer.consumer_orgno;
    ClientUsage {
        scope: scope.to_owned(),
        // Whose access is used: that is what a withdrawal takes away.
        consumer_orgno: consumer.accessing_orgno.clone(),
        client_id: format!("{customer} {supplier} {number}"),
        tokens: if number == 0 { consumer.tokens } else { 0 },
        last_at: OffsetDateTime::parse(&consumer.last_used, &Rfc3339)
            .map_or(0, OffsetDateTime::unix_timestamp),
    }
}

fn day(at: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_the_api_reads_them() {
        assert_eq!(day(1_772_442_900), "2026-03-02");
        assert_eq!(day(0), "1970-01-01");
    }
}
