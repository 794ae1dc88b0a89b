//! What an action brings, in words.

use std::collections::BTreeSet;

use portvakt_api_types::ScopeRequest;

use super::access::{Reach, is_for_all};
use super::{Action, Change};
use crate::actual::{AccessState, Actual, ClientUsage, Usage};

/// Sentences about what the action stops, opens or replaces.
pub(super) fn consequences(world: &Actual, usage: Option<&Usage>, action: &Action) -> Vec<String> {
    match action {
        Action::WithdrawAccess { scope, consumer } => withdrawal(world, usage, scope, consumer),
        Action::DeactivateScope { scope } => {
            let what = format!("deactivating {scope}");
            vec![stopped(&what, scope, usage, world.observed_at, |_| true)]
        }
        Action::UpdateScope {
            scope,
            body,
            changes,
        }
        | Action::AdoptScope {
            scope,
            body,
            changes,
        }
        | Action::ReactivateScope {
            scope,
            body,
            changes,
        } => written(world, usage, scope, body, changes),
        Action::CreateScope { scope, body } if is_for_all(body) => vec![opened(scope)],
        Action::DeactivateClient { client_id, .. } => vec![format!(
            "client {client_id} gets no more tokens, and only the issuer's operator can undo it"
        )],
        Action::UpdateClient { changes, .. } => lost_scopes(changes),
        Action::ReplaceKeys { keys, .. } if !keys.dropped.is_empty() => vec![format!(
            "what still signs with {} is refused from then on",
            keys.dropped.join(", ")
        )],
        Action::CreateScope { .. }
        | Action::GrantAccess { .. }
        | Action::RegrantAccess { .. }
        | Action::CreateClient { .. }
        | Action::AdoptClient { .. }
        | Action::ReplaceKeys { .. } => Vec::new(),
    }
}

fn withdrawal(world: &Actual, usage: Option<&Usage>, scope: &str, consumer: &str) -> Vec<String> {
    if world.scopes.get(scope).is_some_and(is_for_all) {
        return vec![format!(
            "{consumer} keeps access, because {scope} is open to all"
        )];
    }
    let what = format!("withdrawing {consumer}");
    let is_theirs = |client: &ClientUsage| client.consumer_orgno == consumer;
    vec![stopped(&what, scope, usage, world.observed_at, is_theirs)]
}

fn written(
    world: &Actual,
    usage: Option<&Usage>,
    scope: &str,
    body: &ScopeRequest,
    changes: &[Change],
) -> Vec<String> {
    let mut sentences = Vec::new();
    let Some(before) = world.scopes.get(scope) else {
        return sentences;
    };
    if is_for_all(body) && !is_for_all(before) {
        sentences.push(opened(scope));
    }
    if is_for_all(before) && !is_for_all(body) {
        let approved = approved(world, scope);
        let is_outside = |client: &ClientUsage| !approved.contains(client.consumer_orgno.as_str());
        let what = format!("closing {scope} to organizations that are not listed");
        sentences.push(stopped(&what, scope, usage, world.observed_at, is_outside));
    } else if Reach::of(before, body).narrows {
        let fields = changes.iter().map(|change| change.field.as_str());
        let fields: Vec<_> = fields.filter(|field| *field != "description").collect();
        sentences.push(format!(
            "{scope} allows less than before ({})",
            fields.join(", ")
        ));
    }
    let description = changes.iter().find(|change| change.field == "description");
    if let Some(before) = description.and_then(|change| change.before.as_str()) {
        sentences.push(format!("the description {before:?} is replaced"));
    }
    sentences
}

fn approved<'w>(world: &'w Actual, scope: &str) -> BTreeSet<&'w str> {
    let access = world.access.get(scope).into_iter().flatten();
    access
        .filter(|(_, state)| **state == AccessState::Approved)
        .map(|(consumer, _)| consumer.as_str())
        .collect()
}

fn opened(scope: &str) -> String {
    format!("every organization may use {scope}")
}

fn lost_scopes(changes: &[Change]) -> Vec<String> {
    let Some(change) = changes.iter().find(|change| change.field == "scopes") else {
        return Vec::new();
    };
    let names = |value: &serde_json::Value| -> BTreeSet<String> {
        let values = value.as_array().into_iter().flatten();
        values
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    let after = names(&change.after);
    let before = names(&change.before);
    let lost = before.difference(&after);
    lost.map(|scope| format!("the client gets no more tokens with {scope}"))
        .collect()
}

/// `withdrawing 123456789 stops 2 clients that fetched 41 200 tokens in 7 days, last 4 minutes ago`
fn stopped(
    what: &str,
    scope: &str,
    usage: Option<&Usage>,
    now: i64,
    is_stopped: impl Fn(&ClientUsage) -> bool,
) -> String {
    let Some(usage) = usage else {
        return format!("{what} stops whoever uses it; how much it is used is not known");
    };
    let clients = usage.clients.iter();
    let stopped: Vec<_> = clients
        .filter(|client| client.scope == scope && is_stopped(client))
        .collect();
    let days = counted(u64::from(usage.period_days), "day");
    let Some(last) = stopped.iter().map(|client| client.last_at).max() else {
        return format!("{what} stops nobody that fetched a token in {days}");
    };
    let ids: BTreeSet<_> = stopped.iter().map(|client| &client.client_id).collect();
    let clients = counted(ids.len() as u64, "client");
    let tokens = counted(
        stopped
            .iter()
            .map(|client| client.tokens)
            .fold(0, u64::saturating_add),
        "token",
    );
    let ago = ago(now.saturating_sub(last));
    format!("{what} stops {clients} that fetched {tokens} in {days}, last {ago}")
}

fn ago(seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let (number, unit) = match seconds {
        0..60 => return "less than a minute ago".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86400 => (seconds / 3600, "hour"),
        _ => (seconds / 86400, "day"),
    };
    format!("{} ago", counted(number, unit))
}

fn counted(number: u64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {unit}{plural}", grouped(number))
}

/// Thousands apart by a blank, as Norwegian texts have them.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
