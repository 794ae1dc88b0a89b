//! The audit log's checkpoints.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;

/// The audit log's checkpoints.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// File that gets a signed line at every interval in which the log has grown. Keep it where
    /// whoever can write the database cannot rewrite it.
    #[schema(value_type = Option<String>)]
    pub(crate) checkpoint_file: Option<PathBuf>,
    /// How often, in seconds.
    pub(crate) checkpoint_interval_seconds: u64,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            checkpoint_file: None,
            checkpoint_interval_seconds: 300,
        }
    }
}

impl Section {
    /// Whether it can be meant.
    pub(crate) fn check(&self, faults: &mut Faults) {
        if self.checkpoint_interval_seconds == 0 {
            faults.add("audit.checkpoint_interval_seconds", "is at least 1");
        }
    }
}
