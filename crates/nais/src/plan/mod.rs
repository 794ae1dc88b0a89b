//! The plan: what is compared with what is asked for gives ordered actions, or reasons why not.
//!
//! [`plan`] decides everything before anything is done. Its actions are ordered so that at no point
//! anybody has access that they neither had before nor shall have, and nobody loses access that they
//! had and shall keep. Any number of the first actions may have been carried out: planning again
//! gives the rest. [`Actual::apply`] carries actions out in memory.

mod access;
mod action;
mod change;
mod clients;
mod conflicts;
mod consequence;
mod draft;
mod fingerprint;
mod keys;
mod policy;
mod problem;
mod prune;
mod reach;
mod scopes;
mod simulate;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::action::{Action, KeyChange, KeyReason, Signer};
pub use self::change::Change;
pub use self::fingerprint::{Fingerprint, Object};
pub use self::policy::{ForeignKeys, MissingAccess, Ownership, Policy, Prune};
pub use self::problem::{Finding, Problem};

use self::draft::Draft;
use crate::actual::{Actual, Usage};
use crate::desired::{Desired, Presence};
use crate::naming::Owner;

/// Most keys that a client may have registered.
pub const MAX_KEYS: usize = 5;

/// Ordered actions, made for the state of the world in [`Plan::fingerprint`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What was looked at, as digests.
    pub fingerprint: Fingerprint,
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// What is worth knowing and changes nothing.
    pub notes: Vec<Finding>,
}

/// One action with what it brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// For whom.
    pub owner: Owner,
    /// What.
    pub action: Action,
    /// What it stops, opens or replaces, as sentences for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<String>,
    /// The `ETag` to send in `If-Match`, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// SHA-256 in hexadecimal of what it does and for whom; equal for plans that do the same.
    pub fn digest(&self) -> String {
        let steps = self.steps.iter().map(|step| (&step.owner, &step.action));
        fingerprint::hash(&steps.collect::<Vec<_>>())
    }

    /// What has changed in the world since the plan was made; empty if it may be carried out.
    pub fn moved(&self, actual: &Actual) -> Vec<Object> {
        self.fingerprint.moved(actual)
    }
}

impl Step {
    /// SHA-256 in hexadecimal of what it comes to. Registering a key comes to the same whether the key is yet
    /// to be made or was made by a pass that was interrupted, as long as it takes the same keys away.
    pub fn digest(&self) -> String {
        match &self.action {
            Action::ReplaceKeys { client, keys, .. } => {
                fingerprint::hash(&("replace_keys", client, &keys.dropped))
            }
            action => fingerprint::hash(action),
        }
    }
}

/// Why there is no plan: every reason, not the first alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", lines(.refusals))]
pub struct Refused {
    /// Never empty.
    pub refusals: Vec<Finding>,
    /// What else is worth knowing.
    pub notes: Vec<Finding>,
}

fn lines(findings: &[Finding]) -> String {
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// What to do so that the world becomes what is asked for.
///
/// # Errors
/// Everything that stands in the way. Nothing has been changed then.
pub fn plan(
    desired: &[Desired],
    actual: &Actual,
    policy: &Policy,
    usage: Option<&Usage>,
) -> Result<Plan, Refused> {
    let mut draft = Draft::new(actual, policy, usage);
    conflicts::check(desired, &mut draft);
    let (present, removed): (Vec<_>, Vec<_>) = desired
        .iter()
        .partition(|resource| resource.presence == Presence::Present);
    for resource in &present {
        scopes::create(resource, &mut draft);
    }
    for resource in &present {
        scopes::update(resource, &mut draft);
    }
    for resource in &removed {
        scopes::remove(resource, &mut draft);
    }
    prune::scopes(desired, &mut draft);
    for resource in &present {
        clients::plan(resource, &mut draft);
    }
    for resource in &removed {
        clients::remove(resource, &mut draft);
    }
    prune::clients(desired, &mut draft);
    draft.finish()
}

/// The organization's own scopes whose access lists a plan needs in [`Actual::access`], given that
/// [`Actual::scopes`] is filled.
pub fn access_needed(desired: &[Desired], actual: &Actual, policy: &Policy) -> BTreeSet<String> {
    let present = desired
        .iter()
        .filter(|resource| resource.presence == Presence::Present);
    let exposed = present.flat_map(|resource| &resource.scopes);
    let exposed = exposed.filter(|scope| scope.enabled);
    let existing = exposed.filter_map(|scope| scopes::existing(scope, actual, policy));
    existing.map(|(name, _)| name).collect()
}
