//! What a registry that comes from a backup must not believe: that a grant which it does not know
//! was not used, that whoever followed the lost store's changes followed these, and that a login is
//! as it was.

use std::time::Duration;

use super::TransferTarget;
use crate::audit::{Actor, AuditEntry, AuditObject, ObjectKind, append};
use crate::clock::Timestamp;
use crate::issuer::{FUTURE_SKEW_SECONDS, MAX_EXPIRY_LEEWAY_SECONDS, MAX_GRANT_LIFETIME_SECONDS};
use crate::ports::StorageError;

/// More changes than the lost store can have made after the backup. A restored store counts on from
/// here, so that no node takes its revisions for the lost ones.
pub const REVISIONS_SKIPPED: u32 = 1_000_000_000;

/// How far the clock of a lost node may have been ahead of the restoring machine's, in seconds.
const NODE_SKEW_SECONDS: i64 = 5;

/// Until when the ledger of any store would keep a grant that a node accepted at this instant or
/// before, by a clock that was ahead: it was issued within the skew, lives for the longest lifetime and
/// is kept for the longest leeway.
pub fn unknown_until(at: Timestamp) -> Timestamp {
    let seconds = FUTURE_SKEW_SECONDS
        + NODE_SKEW_SECONDS
        + MAX_GRANT_LIFETIME_SECONDS
        + i64::from(MAX_EXPIRY_LEEWAY_SECONDS);
    at.plus(Duration::from_secs(seconds.unsigned_abs()))
}

/// A restoration, as the audit log tells it.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// Who restores.
    pub actor: Actor,
    /// Now, when no node of the lost store accepts grants any more.
    pub at: Timestamp,
    /// When the backup was made.
    pub backup_made_at: Timestamp,
}

impl Restoration {
    /// Marks a target that was filled from the backup, in the transaction that filled it.
    pub async fn mark(self, target: &mut dyn TransferTarget) -> Result<(), StorageError> {
        target
            .succeed_lost_store(self.at, unknown_until(self.at))
            .await?;
        let entry = AuditEntry {
            sequence: 0,
            at: self.at.to_string(),
            actor: self.actor,
            request_id: None,
            operation: "registry.restore".to_owned(),
            object: AuditObject {
                kind: ObjectKind::Registry,
                key: "registry".to_owned(),
            },
            organizations: Vec::new(),
            before: None,
            after: Some(serde_json::json!({
                "backup_made_at": self.backup_made_at.to_string(),
            })),
        };
        append(target.audit_log(), [entry]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node accepts a grant at `at` at the latest, by a clock that may be ahead.
    #[test]
    fn no_grant_that_a_lost_node_accepted_is_kept_for_longer() {
        let at = Timestamp::from_seconds(1_000_000);
        let latest_issue = at.seconds() + NODE_SKEW_SECONDS + FUTURE_SKEW_SECONDS;
        let kept = latest_issue + MAX_GRANT_LIFETIME_SECONDS + i64::from(MAX_EXPIRY_LEEWAY_SECONDS);
        assert_eq!(unknown_until(at).seconds(), kept);
    }
}
