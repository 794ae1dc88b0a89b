//! Deciding and doing: everything of a pass up to its final status.

use std::time::Duration;

use portvakt_client::{ClientError, SelfService};
use portvakt_nais::plan::{Action, Plan, Step};
use portvakt_provision::{Patience, apply_tolerating, observe_one, usage_of, wait_until_effective};

use super::keeper::ClusterKeeper;
use super::kind::ClientResource;
use super::pass::Operator;
use crate::pass::{
    ASKED_ONCE, Done, Event, Failure, Work, decide, decide_with_usage, of_step, started,
    waits_for_approval, was_not_effective,
};

/// What came of it.
pub(super) enum Outcome {
    /// Everything is done, and decides about tokens.
    Done,
    /// Nothing is done before somebody approves it.
    Waits,
    /// Everything is registered, and the token endpoint does not decide by it yet, as it says.
    NotEffective(String),
}

/// Decides and does everything. What was decided and done is in the keeper, also after a failure.
pub(super) async fn carry_out<R: ClientResource>(
    operator: &Operator,
    keeper: &mut ClusterKeeper<'_, R>,
) -> Result<Outcome, Failure> {
    let (api, rules, now) = (&operator.api, &operator.rules, keeper.now);
    let lists = &operator.lists;
    let desired = keeper.subject.desired(&rules.settings)?;
    let observed = observe_one(api, lists, &desired, &rules.policy, keeper, now).await;
    let actual = observed.map_err(outside)?;
    let work = decide(&keeper.subject, &keeper.held, &actual, rules)?;
    if waits_for_approval(&keeper.subject, &work) {
        // Whoever approves it sees whom it stops.
        let usage = usage_of(api, &work.plan, now).await.ok().flatten();
        let (subject, held) = (&keeper.subject, &keeper.held);
        let work = decide_with_usage(subject, held, &actual, rules, usage.as_ref())?;
        keeper.work = Some(work);
        return Ok(Outcome::Waits);
    }
    let is_deleted = keeper.subject.is_deleted;
    if !is_deleted {
        let status = started(&keeper.subject, &work, now);
        keeper.write_status(status).await.map_err(outside)?;
    }
    let (plan, is_stuck, unused) = (work.plan.clone(), work.is_stuck, work.unused.clone());
    keeper.work = Some(work);
    let attempt = lists.attempt(&plan);
    let applied = apply_tolerating(api, &plan, keeper, |_, _| (), is_no_consumer).await;
    drop(attempt);
    match applied {
        Ok(applied) => note_refused(&mut keeper.done, &plan, &applied.refused),
        Err(error) => {
            note_refused(&mut keeper.done, &plan, &error.refused);
            keeper.done.steps = error.number - 1;
            return Err(outside(error.fault));
        }
    }
    keeper.done.steps = plan.steps.len();
    if is_stuck {
        return Err(Failure::NoUsableScope);
    }
    if is_deleted {
        return Ok(Outcome::Done);
    }
    keeper.write_secret().await.map_err(outside)?;
    for secret in &unused {
        let deleted = keeper.namespace.delete_secret(secret).await;
        deleted.map_err(outside)?;
    }
    let removed = keeper.remove_annotations(&ASKED_ONCE).await;
    removed.map_err(outside)?;
    Ok(effect(api, keeper, &plan).await)
}

/// `Ready` is said when the token endpoint decides accordingly. It is asked once: other resources do not
/// wait meanwhile, and another pass asks again.
async fn effect<R: ClientResource>(
    api: &SelfService,
    keeper: &ClusterKeeper<'_, R>,
    plan: &Plan,
) -> Outcome {
    let was_awaited = was_not_effective(&keeper.subject);
    if plan.is_empty() && !was_awaited {
        return Outcome::Done;
    }
    let is_key = |step: &Step| matches!(step.action, Action::ReplaceKeys { .. });
    let has_new_key = was_awaited || plan.steps.iter().any(is_key);
    let probe = has_new_key.then(|| keeper.probe(api)).flatten();
    let once = Patience {
        total: Duration::ZERO,
        ..Patience::default()
    };
    match wait_until_effective(api, probe.as_slice(), &once).await {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::NotEffective(error.to_string()),
    }
}

/// The events of steps that were all carried out.
pub(super) fn steps_of(work: &Work) -> Vec<Event> {
    let steps = work.plan.steps.iter();
    steps.filter_map(|step| of_step(&step.action)).collect()
}

/// Remembers the consumers that the issuer does not accept. `refused` are numbers of steps, from 1.
fn note_refused(done: &mut Done, plan: &Plan, refused: &[usize]) {
    let steps = refused
        .iter()
        .filter_map(|number| plan.steps.get(number - 1));
    for step in steps {
        if let Action::GrantAccess { scope, consumer } | Action::RegrantAccess { scope, consumer } =
            &step.action
        {
            let invalid = done.invalid_consumers.entry(scope.clone());
            invalid.or_default().push(consumer.clone());
        }
    }
}

/// Whether an issuer says that somebody is no organization that can have access.
fn is_no_consumer(action: &Action, error: &ClientError) -> bool {
    let is_grant = matches!(
        action,
        Action::GrantAccess { .. } | Action::RegrantAccess { .. }
    );
    is_grant && error.status() == Some(400)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what `map_err` takes has the error"
)]
fn outside(error: impl ToString) -> Failure {
    Failure::Outside(error.to_string())
}
