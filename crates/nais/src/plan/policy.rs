//! Where the field has several answers, which one.

use serde::{Deserialize, Serialize};

/// What a plan may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Which existing scopes may be changed.
    pub ownership: Ownership,
    /// What a consumed scope without access means.
    pub missing_access: MissingAccess,
    /// What becomes of registered keys that the caller does not know.
    pub foreign_keys: ForeignKeys,
    /// What becomes of things that no manifest asks for any more.
    pub prune: Prune,
    /// Drops the keys that were used least recently when a client would have more than
    /// [`super::MAX_KEYS`]; otherwise the plan is refused.
    pub drop_oldest_key: bool,
}

/// Which existing scopes may be changed (spec: nais §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ownership {
    /// Any with the wanted subscope, whoever made it.
    Takeover,
    /// Those that name this owner in their description, and those that name nobody. Another
    /// owner's scope refuses the plan.
    Claimed,
    /// Those that name this owner; others are left alone and noted.
    Legacy,
}

/// What a consumed scope without access means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingAccess {
    /// The plan is refused.
    Refuse,
    /// The client is registered without it, and it is noted.
    Skip,
}

/// What becomes of registered keys that the caller does not know, as after an adoption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForeignKeys {
    /// They stay until they expire, so that whoever uses them goes on.
    Keep,
    /// They go, as with the existing operator.
    Replace,
}

/// What becomes of things that no manifest asks for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prune {
    /// They are noted.
    Report,
    /// Scopes of the workloads in the manifests are deactivated.
    Workloads,
    /// Those, and scopes and clients of every other workload in the manifests' namespaces.
    Namespaces,
}

impl Policy {
    /// For people who look at a plan before it is carried out.
    pub fn careful() -> Self {
        Self {
            ownership: Ownership::Claimed,
            missing_access: MissingAccess::Refuse,
            foreign_keys: ForeignKeys::Keep,
            prune: Prune::Report,
            drop_oldest_key: false,
        }
    }

    /// As the existing operator does, for taking over from it.
    pub fn compatible() -> Self {
        Self {
            ownership: Ownership::Takeover,
            missing_access: MissingAccess::Skip,
            foreign_keys: ForeignKeys::Replace,
            ..Self::careful()
        }
    }
}
