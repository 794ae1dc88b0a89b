//! Plans in files: reviewed by one, applied by another.

use std::path::Path;

use anyhow::{Context, bail};
use portvakt_nais::plan::Plan;
use serde::{Deserialize, Serialize};

use crate::data_dir::write_private;

const VERSION: u32 = 1;
/// More than any plan for what a service bounds.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A plan with what it is for. It holds no secret.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedPlan {
    version: u32,
    /// Base address of the self-service API that it was made for.
    target: String,
    /// Number of the organization that it was made for.
    organization: Option<String>,
    /// The plan.
    pub(crate) plan: Plan,
}

impl SavedPlan {
    /// A plan for this target.
    pub(crate) fn new(target: &str, organization: Option<String>, plan: Plan) -> Self {
        Self {
            version: VERSION,
            target: target.to_owned(),
            organization,
            plan,
        }
    }

    /// Writes it, readable for its owner alone: it says who uses what.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        write_private(path, &serde_json::to_vec_pretty(self)?)
    }

    /// Reads one.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<Self> {
            if std::fs::metadata(path)?.len() > MAX_FILE_BYTES {
                bail!("is larger than {MAX_FILE_BYTES} bytes");
            }
            let saved: Self = serde_json::from_slice(&std::fs::read(path)?)
                .context("is no plan that `portvakt plan --out` wrote")?;
            if saved.version != VERSION {
                bail!("was written by another version: plan again");
            }
            Ok(saved)
        };
        read().with_context(|| format!("read {}", path.display()))
    }

    /// Whether it was made for this target and organization.
    pub(crate) fn check_for(&self, target: &str, organization: Option<&str>) -> anyhow::Result<()> {
        if self.target != target {
            bail!(
                "the plan is for {}, not for {target}: plan again",
                self.target
            );
        }
        if self.organization.as_deref() != organization {
            bail!(
                "the plan is for organization {}, not for {}: plan again, or use the same \
                 administration client",
                self.organization.as_deref().unwrap_or("unknown"),
                organization.unwrap_or("unknown")
            );
        }
        Ok(())
    }
}
