//! Conditions (spec: nais §4.4).

use std::collections::BTreeMap;

use super::instant;
use crate::resource::Condition;

pub(super) const READY: &str = "Ready";
pub(super) const ERROR: &str = "Error";
pub(super) const CONSUMED: &str = "InvalidConsumedScopes";
pub(super) const CONSUMERS: &str = "InvalidExposedScopesConsumers";
/// Not among those of the existing operator.
pub(super) const CONFLICT: &str = "ScopeConflict";
/// Not among those of the existing operator.
pub(super) const AWAITS: &str = "AwaitingApproval";

/// Longest message that the definitions of the resources admit; a longer one would keep the whole status
/// from being written.
const MAX_MESSAGE: usize = 32_768;

/// What is said of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) kind: &'static str,
    pub(super) is_true: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Verdict {
    pub(super) fn new(
        kind: &'static str,
        is_true: bool,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            is_true,
            reason,
            message: message.into(),
        }
    }
}

/// Sets a condition. The time of its transition moves only when its status does.
pub(super) fn set(conditions: &mut Vec<Condition>, verdict: Verdict, generation: i64, now: i64) {
    let status = if verdict.is_true { "True" } else { "False" };
    let before = conditions
        .iter()
        .position(|condition| condition.kind == verdict.kind);
    let since = before
        .map(|index| &conditions[index])
        .filter(|condition| condition.status == status)
        .map_or_else(
            || instant::text(now),
            |condition| condition.last_transition_time.clone(),
        );
    let condition = Condition {
        last_transition_time: since,
        message: cut(verdict.message, MAX_MESSAGE),
        observed_generation: Some(generation),
        reason: verdict.reason.to_owned(),
        status: status.to_owned(),
        kind: verdict.kind.to_owned(),
    };
    match before {
        Some(index) => conditions[index] = condition,
        None => conditions.push(condition),
    }
}

/// A text of so many bytes at most, cut between characters.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most - '…'.len_utf8()));
        text.push('…');
    }
    text
}

/// Takes a condition away: it is about nothing any more.
pub(super) fn clear(conditions: &mut Vec<Condition>, kind: &str) {
    conditions.retain(|condition| condition.kind != kind);
}

/// Whether another pass may find better, or the last did not come to its end.
pub(super) fn wants_retry(conditions: &[Condition]) -> bool {
    let mut all = conditions.iter();
    if all.any(|condition| condition.kind == READY && condition.status != "True") {
        return true;
    }
    [ERROR, CONSUMED, CONSUMERS]
        .iter()
        .any(|kind| is_true(conditions, kind))
}

pub(super) fn is_true(conditions: &[Condition], kind: &str) -> bool {
    let mut conditions = conditions.iter();
    conditions.any(|condition| condition.kind == kind && condition.status == "True")
}

/// Whether consumed scopes can be used.
pub(super) fn consumed(missing: &[String]) -> Verdict {
    if missing.is_empty() {
        let message = "Organization has access to all consumed scopes";
        return Verdict::new(CONSUMED, false, "Validated", message);
    }
    let message = format!(
        "Organization has no access to scopes: [{}]",
        missing.join(", ")
    );
    Verdict::new(CONSUMED, true, "Failed", message)
}

/// Whether the consumers of exposed scopes are organizations; about all scopes at once, not the last.
pub(super) fn consumers(scopes: &[String], invalid: &BTreeMap<String, Vec<String>>) -> Verdict {
    if invalid.is_empty() {
        let quoted: Vec<_> = scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
        let word = if quoted.len() == 1 { "scope" } else { "scopes" };
        let message = format!("All consumers for {word} {} are valid", quoted.join(", "));
        return Verdict::new(CONSUMERS, false, "Validated", message);
    }
    let sentences: Vec<_> = invalid
        .iter()
        .map(|(scope, consumers)| {
            format!(
                "Scope \"{scope}\" has invalid consumers [{}]",
                consumers.join(", ")
            )
        })
        .collect();
    Verdict::new(CONSUMERS, true, "Failed", sentences.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transition_has_its_time_until_the_status_flips() {
        let mut conditions = Vec::new();
        set(
            &mut conditions,
            Verdict::new(READY, false, "Processing", "a"),
            1,
            100,
        );
        set(
            &mut conditions,
            Verdict::new(READY, false, "Failed", "b"),
            2,
            200,
        );
        assert_eq!(conditions.len(), 1);
        assert_eq!(conditions[0].last_transition_time, instant::text(100));
        assert_eq!(
            (
                conditions[0].message.as_str(),
                conditions[0].observed_generation
            ),
            ("b", Some(2))
        );
        set(
            &mut conditions,
            Verdict::new(READY, true, "Synchronized", "c"),
            2,
            300,
        );
        assert_eq!(conditions[0].last_transition_time, instant::text(300));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("short".to_owned(), 1000), "short");
        let long = "å".repeat(1000);
        let cut = cut(long, 1000);
        assert!(cut.len() <= 1000 && cut.ends_with("å…"), "{}", cut.len());
    }

    #[test]
    fn a_message_is_one_that_the_status_admits() {
        let invalid = BTreeMap::from([("nav:a".to_owned(), vec!["111111111".to_owned(); 4000])]);
        let mut conditions = Vec::new();
        set(&mut conditions, consumers(&[], &invalid), 1, 100);
        let message = &conditions[0].message;
        assert!(message.len() <= MAX_MESSAGE && message.ends_with('…'));
    }

    #[test]
    fn every_scope_with_invalid_consumers_is_named() {
        let scopes = ["nav:a".to_owned(), "nav:b".to_owned()];
        let invalid = BTreeMap::from([
            (
                "nav:a".to_owned(),
                vec!["111111111".to_owned(), "222222222".to_owned()],
            ),
            ("nav:b".to_owned(), vec!["333333333".to_owned()]),
        ]);
        let verdict = consumers(&scopes, &invalid);
        assert!(verdict.is_true);
        assert_eq!(
            verdict.message,
            "Scope \"nav:a\" has invalid consumers [111111111, 222222222]; \
             Scope \"nav:b\" has invalid consumers [333333333]"
        );
        let verdict = consumers(&scopes, &BTreeMap::new());
        assert_eq!(
            verdict.message,
            "All consumers for scopes \"nav:a\", \"nav:b\" are valid"
        );
    }
}
