//! Log lines.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use utoipa::ToSchema;

use super::Faults;

/// Log lines on standard error.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// For programs or for people.
    #[schema(inline)]
    pub(crate) format: Format,
    /// Which lines, by module and level: `warn,portvakt=info`.
    pub(crate) filter: String,
}

/// For whom lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// One JSON object a line.
    Json,
    /// Plain text.
    Text,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            format: Format::Json,
            filter: "warn,portvakt=info".to_owned(),
        }
    }
}

impl Section {
    /// Whether it can be meant.
    pub(crate) fn check(&self, faults: &mut Faults) {
        if EnvFilter::try_new(&self.filter).is_err() {
            faults.add(
                "log.filter",
                "write levels by module, like warn,portvakt=info",
            );
        }
    }
}
