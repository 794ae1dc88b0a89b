//! Making refusals durable.

use super::gate::Summary;
use super::record::RefusalRecord;
use crate::audit::append;
use crate::ports::{StorageError, Store};

/// Writes a batch, and what was counted beside it, in one transaction. It is no change of the
/// registry.
pub async fn write(
    store: &dyn Store,
    records: &[RefusalRecord],
    summary: Option<&Summary>,
) -> Result<(), StorageError> {
    let mut unit = store.begin().await?;
    let mut entries: Vec<_> = records.iter().map(|record| record.entry.clone()).collect();
    entries.extend(summary.and_then(Summary::entry));
    append(unit.as_mut(), entries).await?;
    for record in records {
        if let Some(refusal) = &record.remembered {
            unit.remember_refusal(refusal).await?;
        }
    }
    unit.commit().await?;
    Ok(())
}
