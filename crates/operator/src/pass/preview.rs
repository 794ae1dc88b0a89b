//! A look before anything is done: the plan in the status, and an approval of exactly it.

use std::collections::BTreeSet;

use portvakt_nais::plan::{Action, Change, Step};

use super::conditions::cut;
use super::{APPROVE, PREVIEW, Subject, Work};
use crate::resource::{Preview, PreviewStep};

/// Steps that a status lists; it has to stay small enough to be stored.
const MAX_STEPS: usize = 200;
/// Sentences of one step.
const MAX_SENTENCES: usize = 10;
/// Bytes of one sentence.
const MAX_SENTENCE: usize = 300;

/// Whether the resource asks for a look at the plan first, and nobody has approved it. A plan that was
/// approved goes on after an interruption, as long as what is left of it is part of what was approved. A
/// resource that is being deleted waits for nobody.
pub fn waits_for_approval(subject: &Subject, work: &Work) -> bool {
    subject.asks_for(PREVIEW)
        && !subject.is_deleted
        && !work.plan.is_empty()
        && !is_approved(subject, work)
}

fn is_approved(subject: &Subject, work: &Work) -> bool {
    let digest = work.plan.digest();
    let approved = subject.annotations.get(APPROVE);
    if approved.is_some_and(|approved| approved == short(&digest)) {
        return true;
    }
    let before = subject.status.preview.as_ref();
    before.is_some_and(|before| before.approved && covers(before, &work.plan.steps))
}

/// Whether each step was among those that were approved. Finding the client again that an interrupted pass
/// has made is no step of its own.
fn covers(approved: &Preview, steps: &[Step]) -> bool {
    let known: BTreeSet<_> = approved
        .steps
        .iter()
        .map(|step| step.hash.as_str())
        .collect();
    steps.iter().all(|step| {
        let is_found_again = matches!(step.action, Action::AdoptClient { .. });
        is_found_again || known.contains(short(&step.digest()))
    })
}

/// The plan as a status shows it.
pub(super) fn of(work: &Work) -> Preview {
    let plan = &work.plan;
    let more = plan.steps.len().saturating_sub(MAX_STEPS);
    let notes = plan.notes.iter().take(MAX_SENTENCES);
    Preview {
        approved: false,
        hash: short(&plan.digest()).to_owned(),
        more: i64::try_from(more).ok().filter(|more| *more > 0),
        notes: notes
            .map(|note| sentence(note.problem.to_string()))
            .collect(),
        steps: plan.steps.iter().take(MAX_STEPS).map(step).collect(),
    }
}

/// What the status says while an approved plan is carried out: what was approved, until all of it is done.
pub(super) fn under_way(subject: &Subject, work: &Work) -> Option<Preview> {
    if !subject.asks_for(PREVIEW) || work.plan.is_empty() {
        return None;
    }
    let before = subject.status.preview.clone();
    let before = before.filter(|before| before.approved && covers(before, &work.plan.steps));
    Some(before.unwrap_or_else(|| Preview {
        approved: true,
        ..of(work)
    }))
}

fn step(step: &Step) -> PreviewStep {
    let changes = step.action.changes().iter().take(MAX_SENTENCES);
    let consequences = step.consequences.iter().take(MAX_SENTENCES);
    PreviewStep {
        action: sentence(step.action.to_string()),
        changes: changes.map(|change| sentence(difference(change))).collect(),
        consequences: consequences.cloned().map(sentence).collect(),
        hash: short(&step.digest()).to_owned(),
    }
}

fn difference(change: &Change) -> String {
    format!(
        "{}: {} becomes {}",
        change.field, change.before, change.after
    )
}

fn sentence(text: String) -> String {
    cut(text, MAX_SENTENCE)
}

/// 128 bits: nobody finds another plan with the same.
fn short(digest: &str) -> &str {
    digest.get(..32).unwrap_or(digest)
}
