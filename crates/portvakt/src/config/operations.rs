//! The operations port.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::listener::Listener;

/// Health, readiness and the operator's API. Never exposed publicly.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Where it listens.
    #[schema(inline)]
    pub(crate) listener: Listener,
    /// How long the process goes on serving after it was told to stop and says that it is not
    /// ready, so that load balancers send no more, in seconds.
    pub(crate) drain_seconds: u32,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            listener: Listener::loopback(7704),
            drain_seconds: 5,
        }
    }
}
