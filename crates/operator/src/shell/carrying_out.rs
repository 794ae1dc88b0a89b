//! Deciding and doing: everything of a pass up to its final status.

use portvakt_client::ClientError;
use portvakt_nais::plan::{Action, Plan};
use portvakt_provision::{Patience, apply_tolerating, observe_one, wait_until_effective};

use super::keeper::ClusterKeeper;
use super::kind::ClientResource;
use super::pass::Operator;
use crate::pass::{Done, Event, Failure, RESYNC, ROTATE, Work, decide, of_step, started};

/// Decides and does everything. What was decided and done is in the keeper, also after a failure.
pub(super) async fn carry_out<R: ClientResource>(
    operator: &Operator,
    keeper: &mut ClusterKeeper<'_, R>,
) -> Result<(), Failure> {
    let (api, rules, now) = (&operator.api, &operator.rules, keeper.now);
    let lists = &operator.lists;
    let desired = keeper.subject.desired(&rules.settings)?;
    let observed = observe_one(api, lists, &desired, &rules.policy, keeper, now).await;
    let actual = observed.map_err(outside)?;
    let work = decide(&keeper.subject, &keeper.held, &actual, rules)?;
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
        return Ok(());
    }
    keeper.write_secret().await.map_err(outside)?;
    for secret in &unused {
        let deleted = keeper.namespace.delete_secret(secret).await;
        deleted.map_err(outside)?;
    }
    // `Ready` is said when the token endpoint decides accordingly.
    let effective = wait_until_effective(api, &[], &Patience::default()).await;
    effective.map_err(outside)?;
    let removed = keeper.remove_annotations(&[RESYNC, ROTATE]).await;
    removed.map_err(outside)
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
