//! Taking over what another source has managed, so that nobody who uses it notices
//! (spec: nais §5.4, §5.5).
//!
//! The migration of the platform's guides has four steps: the old source *describes* a scope as the
//! workload's, its pipeline *applies* that, the workload is deployed and *adopts* the scope, and after
//! a look at it the scope is *deleted* from the old source. [`standings`] says at which step each is;
//! [`narrowed`] leaves of a manifest what an adoption plans for; [`objections`] are what the plan may
//! not do unless somebody says so; [`failures`] are what is wrong afterwards.

mod guard;
mod manifest_text;
mod standing;

use std::collections::BTreeSet;

use crate::naming::OrgNumber;

pub use self::guard::{failures, notes, objections, unknown};
pub use self::standing::{Stage, Standing, Subject, narrowed, settle, standings};

/// What may be adopted, and what may change by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whose scopes and clients.
    pub source: Source,
    /// Full names of the only scopes that are meant; empty for every one of the manifest that
    /// exists.
    pub scopes: BTreeSet<String>,
    /// Id of the client that is meant, if its description need not lead to it.
    pub client: Option<String>,
    /// Organizations that are to lose their access because the manifest does not list them.
    pub withdraw: BTreeSet<OrgNumber>,
    /// Attributes, by their names in the API, that may become the manifest's default.
    pub overwrite: BTreeSet<String>,
}

/// Whose scopes may be adopted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Those that are described as the workload's, in either form.
    #[default]
    Described,
    /// Those, and those of the workload of the same namespace and name in this cluster.
    Cluster(String),
    /// Anybody's, whatever their description.
    Anybody,
}
