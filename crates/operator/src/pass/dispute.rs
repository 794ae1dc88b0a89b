//! Scopes that somebody else has, too: of two owners one has the scope and the other leaves it alone, so that
//! nothing is written back and forth; both are told.
//!
//! Within a cluster the scope's description decides, and otherwise the older resource. Between clusters it is
//! the one whose manifest was applied last: a scope that another cluster has taken is not taken back until
//! somebody asks for that, by a change or a resync.

use portvakt_nais::actual::Actual;
use portvakt_nais::desired::Desired;
use portvakt_nais::naming::{Claim, Owner};
use portvakt_nais::plan::{Ownership, Policy};

use super::conclusion::MAX_TEXT;
use super::conditions::{self, CONFLICT, Verdict, cut};
use super::events::Event;
use super::{RESYNC, Subject, Work};
use crate::resource::ClientStatus;

/// One scope that two want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dispute {
    scope: String,
    /// The others, as they are written in descriptions.
    with: Vec<String>,
    side: Side,
}

/// On which side of a dispute a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// It has the scope, and another of the cluster asks for it.
    Holds,
    /// Another of the cluster has it.
    Yields,
    /// It was taken over from another.
    Took,
    /// Another has taken it over.
    Lost,
}

impl Side {
    /// Whether the resource does without the scope.
    fn is_without(self) -> bool {
        matches!(self, Self::Yields | Self::Lost)
    }
}

impl Dispute {
    /// What is so, and what to do.
    fn text(&self) -> String {
        let (scope, with) = (&self.scope, self.with.join(", "));
        match self.side {
            Side::Holds => format!(
                "{with} exposes \"{scope}\", too, and does not get it: remove it from one of them"
            ),
            Side::Yields => format!(
                "\"{scope}\" belongs to {with}, which exposes it, too: remove it from one of them"
            ),
            Side::Took => format!("\"{scope}\" was taken over from {with}: remove it there"),
            Side::Lost => format!(
                "\"{scope}\" was taken over by {with}: remove it here, or annotate with {RESYNC}: \"true\" to take it back"
            ),
        }
    }
}

/// Finds the disputes, and takes the scopes that the resource does without out of what it asks for.
pub(super) fn settle(
    subject: &Subject,
    desired: &mut Desired,
    actual: &Actual,
    policy: &Policy,
) -> Vec<Dispute> {
    let mut disputes = Vec::new();
    if subject.is_deleted {
        // What another has is not switched off by one that goes away.
        desired.scopes.retain(|scope| {
            let claim = claim(actual, &scope.name, &scope.subscope);
            policy.ownership != Ownership::Takeover || !claim.is_of_another(&subject.key.owner)
        });
        return disputes;
    }
    desired.scopes.retain(|scope| {
        let claim = claim(actual, &scope.name, &scope.subscope);
        let found = among_rivals(subject, &scope.name, &claim)
            .or_else(|| between_clusters(subject, &scope.name, &claim, policy));
        let is_without = found
            .as_ref()
            .is_some_and(|dispute| dispute.side.is_without());
        disputes.extend(found);
        !is_without
    });
    disputes
}

fn claim(actual: &Actual, name: &str, subscope: &str) -> Claim {
    let observed = actual.scopes.get(name).or_else(|| {
        let mut scopes = actual.scopes.iter().rev();
        let found =
            scopes.find(|(name, _)| name.split_once(':').is_some_and(|(_, own)| own == subscope));
        found.map(|(_, scope)| scope)
    });
    let description = observed.and_then(|scope| scope.description.as_deref());
    Claim::of(description.unwrap_or_default(), subscope)
}

fn among_rivals(subject: &Subject, scope: &str, claim: &Claim) -> Option<Dispute> {
    let rivals = subject
        .rivals
        .get(scope)
        .filter(|rivals| !rivals.is_empty())?;
    let own = &subject.key.owner;
    let first = rivals.iter().min()?;
    let holder: &Owner = match rivals.iter().find(|rival| claim.is_of(&rival.owner)) {
        _ if claim.is_of(own) => own,
        Some(rival) => &rival.owner,
        None if (first.created_at, &first.owner) < (subject.created_at, own) => &first.owner,
        None => own,
    };
    let (side, with) = if holder == own {
        let others = rivals.iter().map(|rival| rival.owner.to_string());
        (Side::Holds, others.collect())
    } else {
        (Side::Yields, vec![holder.to_string()])
    };
    let scope = scope.to_owned();
    Some(Dispute { scope, with, side })
}

/// An operator that takes over takes what a manifest asks for when it is applied, and not again.
fn between_clusters(
    subject: &Subject,
    scope: &str,
    claim: &Claim,
    policy: &Policy,
) -> Option<Dispute> {
    if policy.ownership != Ownership::Takeover || !is_elsewhere(claim, &subject.key.owner) {
        return None;
    }
    let was_applied = subject.status.observed_generation == Some(subject.generation);
    let side = if was_applied && !subject.asks_for(RESYNC) {
        Side::Lost
    } else {
        Side::Took
    };
    Some(Dispute {
        scope: scope.to_owned(),
        with: vec![claim.to_string()],
        side,
    })
}

/// Whether somebody of another cluster has the scope. Of this cluster every resource is known, so whoever is
/// no rival has let go.
fn is_elsewhere(claim: &Claim, own: &Owner) -> bool {
    let cluster = own.cluster();
    match claim {
        Claim::Unclaimed => false,
        Claim::Named(owner) => owner.cluster() != cluster,
        Claim::Joined(joined) => {
            let (of, _) = joined.split_once(':').unwrap_or((joined, ""));
            of != cluster.replace('-', "")
        }
    }
}

/// Whether the resource does without a scope that it asks for.
pub(super) fn is_without(work: &Work) -> bool {
    work.disputes
        .iter()
        .any(|dispute| dispute.side.is_without())
}

/// All disputes as one text.
pub(super) fn text(work: &Work) -> String {
    let sentences: Vec<_> = work.disputes.iter().map(Dispute::text).collect();
    sentences.join("; ")
}

/// Sets the condition about disputes, which is there as long as there are such. What was taken over is told
/// of until the manifest changes. There is an event when something else is said.
pub(super) fn tell(
    status: &mut ClientStatus,
    subject: &Subject,
    work: &Work,
    now: i64,
) -> Option<Event> {
    const TAKEN: &str = "TakenOver";
    let mut known = status.conditions.iter();
    let known = known.find(|condition| condition.kind == CONFLICT);
    if work.disputes.is_empty() {
        let is_kept = known.is_some_and(|known| {
            known.reason == TAKEN && known.observed_generation == Some(subject.generation)
        });
        if !is_kept {
            conditions::clear(&mut status.conditions, CONFLICT);
        }
        return None;
    }
    let text = text(work);
    let is_news = known.is_none_or(|known| known.message != text);
    let is_taken = work
        .disputes
        .iter()
        .all(|dispute| dispute.side == Side::Took);
    let reason = if is_taken { TAKEN } else { "ExposedTwice" };
    let verdict = Verdict::new(CONFLICT, true, reason, text.clone());
    conditions::set(&mut status.conditions, verdict, subject.generation, now);
    is_news.then(|| Event::warning(CONFLICT, cut(text, MAX_TEXT)))
}
