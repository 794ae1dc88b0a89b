//! A plan in the making.

use std::collections::BTreeSet;

use super::consequence::consequences;
use super::{Action, Finding, Fingerprint, Object, Plan, Policy, Problem, Refused, Step};
use crate::actual::{Actual, Usage};
use crate::desired::Desired;
use crate::naming::Owner;

/// What has been decided so far. `world` is what will be after the steps so far.
pub(super) struct Draft<'p> {
    pub(super) before: &'p Actual,
    pub(super) world: Actual,
    pub(super) policy: &'p Policy,
    usage: Option<&'p Usage>,
    steps: Vec<Step>,
    refusals: Vec<Finding>,
    notes: Vec<Finding>,
    objects: BTreeSet<Object>,
}

impl<'p> Draft<'p> {
    pub(super) fn new(before: &'p Actual, policy: &'p Policy, usage: Option<&'p Usage>) -> Self {
        Self {
            before,
            world: before.clone(),
            policy,
            usage,
            steps: Vec::new(),
            refusals: Vec::new(),
            notes: Vec::new(),
            objects: BTreeSet::new(),
        }
    }

    /// Adds an action and sees the world as it will be then.
    pub(super) fn push(&mut self, owner: &Owner, action: Action) {
        let etag = action
            .resource()
            .and_then(|resource| self.before.etags.get(&resource));
        let if_match = etag.cloned();
        let consequences = consequences(&self.world, self.usage, &action);
        self.world.apply_in_place(&action);
        self.steps.push(Step {
            owner: owner.clone(),
            action,
            consequences,
            if_match,
        });
    }

    pub(super) fn refuse(&mut self, resource: &Desired, problem: Problem) {
        self.refusals.push(finding(resource, problem));
    }

    pub(super) fn note(&mut self, resource: &Desired, problem: Problem) {
        self.notes.push(finding(resource, problem));
    }

    /// Remembers that the decision rests on this.
    pub(super) fn looked_at(&mut self, object: Object) {
        self.objects.insert(object);
    }

    pub(super) fn finish(self) -> Result<Plan, Refused> {
        if !self.refusals.is_empty() {
            return Err(Refused {
                refusals: self.refusals,
                notes: self.notes,
            });
        }
        Ok(Plan {
            fingerprint: Fingerprint::take(self.objects, self.before),
            steps: self.steps,
            notes: self.notes,
        })
    }
}

fn finding(resource: &Desired, problem: Problem) -> Finding {
    Finding {
        owner: resource.owner().clone(),
        place: resource.place.to_string(),
        problem,
    }
}
