//! Changes of access, and where among them an update of the scope itself belongs.

use std::collections::{BTreeMap, BTreeSet};

use portvakt_api_types::ScopeRequest;

use super::Action;
use super::scopes::is_active;
use crate::actual::AccessState;
use crate::naming::OrgNumber;

/// Grants first, then repeated grants, then withdrawals; each by organization number.
pub(super) struct AccessChange {
    grants: Vec<Action>,
    withdrawals: Vec<Action>,
}

impl AccessChange {
    /// What brings the access to a scope to exactly these consumers.
    pub(super) fn between(
        scope: &str,
        state: &BTreeMap<String, AccessState>,
        wanted: &BTreeSet<OrgNumber>,
    ) -> Self {
        let is_wanted = |consumer: &String| wanted.contains(consumer.as_str());
        let (mut grants, mut again) = (Vec::new(), Vec::new());
        for consumer in wanted {
            let (scope, consumer) = (scope.to_owned(), consumer.to_string());
            match state.get(&consumer) {
                None => grants.push(Action::GrantAccess { scope, consumer }),
                Some(AccessState::Denied | AccessState::Requested) => {
                    again.push(Action::RegrantAccess { scope, consumer });
                }
                Some(AccessState::Approved) => {}
            }
        }
        let unwanted = state
            .iter()
            .filter(|(consumer, state)| **state != AccessState::Denied && !is_wanted(consumer));
        let withdrawals = unwanted.map(|(consumer, _)| Action::WithdrawAccess {
            scope: scope.to_owned(),
            consumer: consumer.clone(),
        });
        grants.extend(again);
        Self {
            grants,
            withdrawals: withdrawals.collect(),
        }
    }
}

/// Everything that happens to one existing scope, in an order in which nobody gets more than they
/// had or shall have, and nobody loses what they had and shall keep:
///
/// - Open to all afterwards: who is no longer named keeps access through that, so they are withdrawn
///   last.
/// - Closed or open to all before, or only widened: consumers first. As long as the scope is closed
///   nothing opens; as long as it is open to all nobody on the list loses; and who is withdrawn does
///   not see it widened.
/// - Only narrowed: the update first, so that new consumers get no more than the narrower scope.
/// - Both: withdrawals, the update, grants.
pub(super) fn ordered(
    update: Option<Action>,
    change: AccessChange,
    before: &ScopeRequest,
    after: &ScopeRequest,
) -> Vec<Action> {
    let AccessChange {
        grants,
        withdrawals,
    } = change;
    let reach = Reach::of(before, after);
    let update = update.into_iter();
    if after.accessible_for_all == Some(true) {
        return update.chain(grants).chain(withdrawals).collect();
    }
    if !is_active(before) || before.accessible_for_all == Some(true) || !reach.narrows {
        return grants
            .into_iter()
            .chain(withdrawals)
            .chain(update)
            .collect();
    }
    if reach.widens {
        return withdrawals
            .into_iter()
            .chain(update)
            .chain(grants)
            .collect();
    }
    update.chain(grants).chain(withdrawals).collect()
}

/// Whether an update gives consumers more, takes something from them, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) widens: bool,
    pub(super) narrows: bool,
}

impl Reach {
    pub(super) fn of(before: &ScopeRequest, after: &ScopeRequest) -> Self {
        let (types_before, types_after) = (types(before), types(after));
        let (age_before, age_after) = (age(before), age(after));
        let (source_before, source_after) = (source(before), source(after));
        let (all_before, all_after) = (is_for_all(before), is_for_all(after));
        let (asks_before, asks_after) = (demands(before), demands(after));
        let keeps = |kept: &[&str], of: &[&str]| {
            kept.is_empty() || (!of.is_empty() && of.iter().all(|name| kept.contains(name)))
        };
        Self {
            widens: !keeps(&types_before, &types_after)
                || age_after > age_before
                || (source_after.is_some() && source_after != source_before)
                || (all_after && !all_before)
                || asks_before
                    .iter()
                    .zip(asks_after)
                    .any(|(before, after)| *before && !after),
            narrows: !keeps(&types_after, &types_before)
                || age_after < age_before
                || (source_before.is_some() && source_after != source_before)
                || (all_before && !all_after)
                || asks_before
                    .iter()
                    .zip(asks_after)
                    .any(|(before, after)| !before && after),
        }
    }
}

fn types(scope: &ScopeRequest) -> Vec<&str> {
    let types = scope.allowed_integration_types.iter().flatten();
    types.map(String::as_str).collect()
}

/// Seconds; no cap is the longest.
fn age(scope: &ScopeRequest) -> u32 {
    match scope.at_max_age {
        None | Some(0) => u32::MAX,
        Some(seconds) => seconds,
    }
}

fn source(scope: &ScopeRequest) -> Option<&str> {
    scope
        .delegation_source
        .as_deref()
        .filter(|name| !name.is_empty())
}

pub(super) fn is_for_all(scope: &ScopeRequest) -> bool {
    scope.accessible_for_all == Some(true)
}

/// What is asked of people before a token holds the scope.
fn demands(scope: &ScopeRequest) -> [bool; 3] {
    [
        scope.requires_user_consent,
        scope.requires_user_authentication,
        scope.requires_pseudonymous_tokens,
    ]
    .map(|flag| flag == Some(true))
}
