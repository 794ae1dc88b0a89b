//! What is written down after a pass (spec: nais §4.3, §6.2, §6.10).

use std::collections::BTreeMap;
use std::time::Duration;

use portvakt_nais::desired::ClientKind;
use portvakt_nais::plan::Action;
use portvakt_nais::synchronization_hash;

use super::conditions::{self, AWAITS, CONFLICT, CONSUMED, CONSUMERS, ERROR, READY, Verdict, cut};
use super::events::{Event, of_step};
use super::retry::RESTING;
use super::{Failure, Subject, Work, dispute, instant, preview};
use crate::resource::{ClientStatus, Spec};

/// After a pass that left something which somebody else must put right.
pub(super) const WAITING: Duration = Duration::from_hours(1);

/// Longest text about a failure, in bytes: Kubernetes refuses events above 1 kB.
pub(super) const MAX_TEXT: usize = 1000;

/// What came of the work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// How many steps of the plan were carried out.
    pub steps: usize,
    /// The client's id now.
    pub client_id: Option<String>,
    /// Ids of its registered keys, the one that it signs with first; `None` if none were registered.
    pub key_ids: Option<Vec<String>>,
    /// Consumers that the issuer does not accept, by scope.
    pub invalid_consumers: BTreeMap<String, Vec<String>>,
}

impl Done {
    /// Whether the issuer did not accept whom this step gives access.
    pub(crate) fn was_refused(&self, action: &Action) -> bool {
        match action {
            Action::GrantAccess { scope, consumer } | Action::RegrantAccess { scope, consumer } => {
                let invalid = self.invalid_consumers.get(scope);
                invalid.is_some_and(|consumers| consumers.contains(consumer))
            }
            _ => false,
        }
    }
}

/// What to write down, to tell, and when to look again.
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// The status.
    pub status: ClientStatus,
    /// Events, in order.
    pub events: Vec<Event>,
    /// How the pass ended.
    pub ending: Ending,
    /// Look again after this; `None` after a failure, whose pauses grow ([`super::backoff`]).
    pub requeue: Option<Duration>,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything is as it is asked for.
    Whole,
    /// Something waits for others: access, an organization, the owner of a scope, an approval, the token
    /// endpoint.
    Waits,
    /// Something stood in the way.
    Failed,
}

/// The status while a pass is under way, to be written before anything is done. It remembers the keys
/// that are registered now, and the one that is about to be: somebody may overwrite or delete the Secret
/// at any moment, while something runs with its key.
pub fn started(subject: &Subject, work: &Work, now: i64) -> ClientStatus {
    let mut status = subject.status.clone();
    status.key_ids = noted(work, None);
    status.preview = preview::under_way(subject, work);
    conditions::clear(&mut status.conditions, AWAITS);
    let verdict = Verdict::new(READY, false, "Processing", "Started processing resource");
    conditions::set(&mut status.conditions, verdict, subject.generation, now);
    status
}

/// The status once a new key is in the Secret, to be written before the key is registered.
pub fn key_kept(subject: &Subject, work: &Work, new: &str) -> ClientStatus {
    let mut status = subject.status.clone();
    status.key_ids = noted(work, Some(new));
    status
}

/// Ids of the keys after the plan, then of those before it.
fn noted(work: &Work, new: Option<&str>) -> Vec<String> {
    let mut ids = work.key_ids(new);
    let before = work.registered.iter();
    let before: Vec<_> = before.filter(|kid| !ids.contains(kid)).cloned().collect();
    ids.extend(before);
    ids
}

/// After everything was carried out. `pass` is an id for the operator's log.
pub fn succeeded(subject: &Subject, work: &Work, done: &Done, pass: &str, now: i64) -> Conclusion {
    let verdict = if dispute::is_without(work) {
        Verdict::new(READY, false, CONFLICT, dispute::text(work))
    } else {
        let ready = "Resource is up-to-date with DigDir";
        Verdict::new(READY, true, "Synchronized", ready)
    };
    let mut conclusion = finished(subject, work, done, verdict, now);
    let status = &mut conclusion.status;
    status.synchronization_state = Some("Synchronized".to_owned());
    status.correlation_id = Some(pass.to_owned());
    let event = Event::normal("Synchronized", "Resource is up-to-date");
    conclusion.events.push(event);
    conclusion
}

/// What is so when everything was carried out, whatever is said of that.
pub(super) fn finished(
    subject: &Subject,
    work: &Work,
    done: &Done,
    ready: Verdict,
    now: i64,
) -> Conclusion {
    let mut status = kept(subject, done);
    status.preview = None;
    conditions::clear(&mut status.conditions, AWAITS);
    if done.key_ids.is_none() {
        status.key_ids = work.key_ids(None);
    }
    let mut events = events(work, done);
    validated(&mut status, subject, work, done, now);
    events.extend(dispute::tell(&mut status, subject, work, now));
    let generation = subject.generation;
    let mut say = |verdict| conditions::set(&mut status.conditions, verdict, generation, now);
    say(ready);
    let error = "Processing completed without errors";
    say(Verdict::new(ERROR, false, "Synchronized", error));
    if let Ok(spec) = &subject.spec {
        let hash = match spec {
            Spec::Maskinporten(spec) => synchronization_hash(spec),
            Spec::IdPorten(spec) => synchronization_hash(spec),
        };
        status.synchronization_hash = hash.ok();
        status.synchronization_secret_name = Some(spec.secret_name().to_owned());
    }
    status.synchronization_time = Some(instant::text(now));
    status.observed_generation = Some(generation);
    let is_whole =
        work.missing.is_empty() && done.invalid_consumers.is_empty() && !dispute::is_without(work);
    let (ending, pause) = if is_whole {
        (Ending::Whole, RESTING)
    } else {
        (Ending::Waits, WAITING)
    };
    Conclusion {
        status,
        events,
        ending,
        requeue: Some(pause),
    }
}

/// After a failure. What was done before it stays, and is written down.
pub fn failed(
    subject: &Subject,
    work: Option<&Work>,
    done: &Done,
    failure: &Failure,
    now: i64,
) -> Conclusion {
    let mut status = kept(subject, done);
    let mut events = work.map(|work| events(work, done)).unwrap_or_default();
    if let Some(work) = work.filter(|work| work.is_stuck) {
        validated(&mut status, subject, work, done, now);
    }
    let text = cut(failure.to_string(), MAX_TEXT);
    let generation = subject.generation;
    let mut say = |verdict| conditions::set(&mut status.conditions, verdict, generation, now);
    // The existing operator leaves `Processing` here for ever.
    let reason = failure.reason();
    say(Verdict::new(READY, false, reason, text.clone()));
    say(Verdict::new(ERROR, true, reason, text.clone()));
    status.synchronization_state = Some("FailedSynchronization".to_owned());
    events.push(Event::warning("FailedSynchronization", text));
    // What only a person can put right is not tried every other second.
    let waits = matches!(failure, Failure::NoUsableScope);
    Conclusion {
        status,
        events,
        ending: Ending::Failed,
        requeue: waits.then_some(WAITING),
    }
}

fn kept(subject: &Subject, done: &Done) -> ClientStatus {
    let mut status = subject.status.clone();
    if done.client_id.is_some() {
        status.client_id.clone_from(&done.client_id);
    }
    if let Some(ids) = &done.key_ids {
        status.key_ids.clone_from(ids);
    }
    status
}

/// The conditions about scopes, which only machine clients have.
fn validated(status: &mut ClientStatus, subject: &Subject, work: &Work, done: &Done, now: i64) {
    if subject.key.kind != ClientKind::Maskinporten {
        return;
    }
    let generation = subject.generation;
    let conditions = &mut status.conditions;
    if work.desired.client.is_some() {
        conditions::set(
            conditions,
            conditions::consumed(&work.missing),
            generation,
            now,
        );
    } else {
        conditions::clear(conditions, CONSUMED);
    }
    let exposed = enabled(work);
    if exposed.is_empty() {
        conditions::clear(conditions, CONSUMERS);
    } else {
        let verdict = conditions::consumers(&exposed, &done.invalid_consumers);
        conditions::set(conditions, verdict, generation, now);
    }
}

fn enabled(work: &Work) -> Vec<String> {
    let scopes = work.desired.scopes.iter().filter(|scope| scope.enabled);
    scopes.map(|scope| scope.name.clone()).collect()
}

/// One event for each step that was carried out, and one for each scope whose consumers are as they
/// should be.
fn events(work: &Work, done: &Done) -> Vec<Event> {
    let steps = work.plan.steps.iter().take(done.steps);
    let steps: Vec<_> = steps
        .map(|step| &step.action)
        .filter(|action| !done.was_refused(action))
        .collect();
    let mut events: Vec<_> = steps.iter().filter_map(|action| of_step(action)).collect();
    if done.steps == work.plan.steps.len() && !steps.is_empty() {
        let changed: Vec<_> = steps
            .iter()
            .filter_map(|action| access_to(action))
            .collect();
        let settled = enabled(work)
            .into_iter()
            .filter(|scope| !changed.contains(&scope.as_str()));
        events.extend(settled.map(|scope| {
            let message = format!("ACL: scope \"{scope}\" is up to date");
            Event::normal("UpdatedACLForScopeInDigDir", message)
        }));
    }
    events
}

fn access_to(action: &Action) -> Option<&str> {
    match action {
        Action::GrantAccess { scope, .. }
        | Action::RegrantAccess { scope, .. }
        | Action::WithdrawAccess { scope, .. } => Some(scope),
        _ => None,
    }
}
