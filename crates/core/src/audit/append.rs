//! Adding entries to the end of the log.

use super::entry::{AuditEntry, AuditLink, StoredEntry};
use crate::ports::{AuditLog, StorageError};
use crate::redaction::{redact, redacted};

/// Appends entries in their order, each with the number that follows, and without national
/// identity numbers.
pub async fn append<L: AuditLog + Send + ?Sized>(
    log: &mut L,
    entries: impl IntoIterator<Item = AuditEntry, IntoIter: Send>,
) -> Result<(), StorageError> {
    let last = log.last_audit_link().await?;
    let mut last = last.unwrap_or_else(AuditLink::first);
    for entry in entries {
        let stored = StoredEntry::following(&last, fit(entry))
            .map_err(|error| StorageError::Refused(error.to_string()))?;
        log.append_audit(&stored).await?;
        last = stored.link;
    }
    Ok(())
}

/// The entry as the log may keep it.
fn fit(mut entry: AuditEntry) -> AuditEntry {
    entry.actor = entry.actor.redacted();
    entry.request_id = entry.request_id.as_deref().map(redacted);
    entry.object.key = redacted(&entry.object.key);
    entry.before = entry.before.map(redact);
    entry.after = entry.after.map(redact);
    entry
}
