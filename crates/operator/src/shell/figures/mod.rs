//! What the operator has done and looks after, in numbers, under the names that existing dashboards know
//! (spec: nais §7.5).

mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portvakt_nais::desired::ClientKind;
use portvakt_nais::plan::{Action, KeyReason};

use crate::pass::{Done, Subject, Work};
use crate::resource::Spec;

/// Counts. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Figures(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// Namespaces for which every counter is shown, if only as 0.
    namespaces: BTreeSet<String>,
    /// By name and namespace.
    counters: BTreeMap<(&'static str, String), u64>,
    /// What resources ask for, by kind, namespace and name.
    resources: [BTreeMap<(String, String), Tally>; 2],
    /// Secrets by kind.
    secrets: [usize; 2],
}

/// What one resource asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    exposed: usize,
    consumed: usize,
    consumers: usize,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything is as it is asked for.
    Whole,
    /// Something waits for others; whether that is access to a scope.
    Waiting { lacks_access: bool },
    /// Something stood in the way.
    Failed,
    /// The resource was let go.
    Deleted,
}

fn index(kind: ClientKind) -> usize {
    match kind {
        ClientKind::Maskinporten => 0,
        ClientKind::IdPorten => 1,
    }
}

impl Figures {
    /// Shows the counters of these namespaces from the beginning.
    pub fn know(&self, namespaces: impl IntoIterator<Item = String>) {
        self.counts().namespaces.extend(namespaces);
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        text::of(&self.counts())
    }

    /// Nothing is looked after any more; what was done stays counted.
    pub fn forget_all(&self) {
        let mut counts = self.counts();
        counts.resources = Default::default();
        counts.secrets = [0, 0];
    }

    /// What a resource asks for, whenever it is looked at.
    pub(super) fn seen(&self, subject: &Subject) {
        let tally = match &subject.spec {
            Ok(Spec::Maskinporten(spec)) => {
                let exposes = &spec.scopes.exposes;
                Tally {
                    exposed: exposes.len(),
                    consumed: spec.scopes.consumes.len(),
                    consumers: exposes.iter().map(|scope| scope.consumers.len()).sum(),
                }
            }
            _ => Tally::default(),
        };
        let mut counts = self.counts();
        let (namespace, name) = place(subject);
        counts.namespaces.insert(namespace.clone());
        counts.resources[index(subject.key.kind)].insert((namespace, name), tally);
    }

    /// A resource is gone.
    pub(super) fn gone(&self, kind: ClientKind, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        self.counts().resources[index(kind)].remove(&key);
    }

    /// How many Secrets of a kind there are.
    pub(super) fn set_secrets(&self, kind: ClientKind, number: usize) {
        self.counts().secrets[index(kind)] = number;
    }

    /// What a pass did, and how it ended.
    pub(super) fn passed(&self, subject: &Subject, work: Option<&Work>, done: &Done, end: End) {
        let kind = subject.key.kind;
        let mut counts = self.counts();
        let (namespace, _) = place(subject);
        let mut count = |name: &'static str| {
            *counts
                .counters
                .entry((name, namespace.clone()))
                .or_default() += 1;
        };
        let steps = work.map(|work| &work.plan.steps[..done.steps.min(work.plan.steps.len())]);
        for step in steps.unwrap_or_default() {
            if !done.was_refused(&step.action)
                && let Some(name) = of_step(kind, &step.action)
            {
                count(name);
            }
        }
        match end {
            End::Whole => count(text::client(kind).processed),
            End::Waiting { lacks_access: true } => count(text::client(kind).failed_invalid_config),
            End::Waiting {
                lacks_access: false,
            } => {}
            End::Failed => count(text::client(kind).failed_processing),
            End::Deleted => count(text::client(kind).deleted),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(subject: &Subject) -> (String, String) {
    let namespace = subject.key.owner.namespace().to_owned();
    (namespace, subject.name().to_owned())
}

/// The counter of a step.
fn of_step(kind: ClientKind, action: &Action) -> Option<&'static str> {
    let names = text::client(kind);
    Some(match action {
        Action::CreateClient { .. } => names.created,
        Action::AdoptClient { .. } | Action::UpdateClient { .. } => names.updated,
        Action::ReplaceKeys { keys, .. } => match keys.reason {
            KeyReason::FirstKey | KeyReason::Rotation => names.rotated,
            KeyReason::NotRegistered | KeyReason::Renewal => return None,
        },
        Action::DeactivateClient { .. } => return None,
        Action::CreateScope { .. } => text::SCOPE_CREATED,
        Action::UpdateScope { .. } | Action::AdoptScope { .. } => text::SCOPE_UPDATED,
        Action::ReactivateScope { .. } => text::SCOPE_REACTIVATED,
        Action::DeactivateScope { .. } => text::SCOPE_DELETED,
        Action::GrantAccess { .. } => text::CONSUMER_CREATED,
        Action::RegrantAccess { .. } => text::CONSUMER_UPDATED,
        Action::WithdrawAccess { .. } => text::CONSUMER_DELETED,
    })
}
