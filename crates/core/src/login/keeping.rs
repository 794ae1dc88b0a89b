//! How long things are kept that nobody needs for an answer.

use std::time::Duration;

use super::port::{LoginStore, Retention};
use crate::clock::Timestamp;
use crate::ports::StorageError;

/// Records of each kind that are removed at a time, so that logins never wait long.
const PART: u32 = 500;

/// How long after its end a record stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// An authorization, after it has ended. 30 days (spec: idporten §21).
    pub authorizations: Duration,
    /// An entry of the history. 550 days, which no 18 calendar months exceed
    /// (spec: companion-apis §3).
    pub history: Duration,
}

impl Default for Keeping {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            authorizations: 30 * DAY,
            history: 550 * DAY,
        }
    }
}

impl Keeping {
    /// Removes every record whose time is over, and says how many. Called outside requests, now and
    /// then, by as many nodes as like to. What anybody may begin, and would have to begin again, goes by
    /// `present`; what somebody has goes by `now`, which is what no clock that is put right brings back.
    pub async fn remove_expired(
        self,
        store: &dyn LoginStore,
        present: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StorageError> {
        let ends = Retention {
            begun_ended_before: present,
            now,
            authorizations_ended_before: now.minus(self.authorizations),
            history_before: now.minus(self.history),
        };
        let mut removed = 0;
        loop {
            let part = store.remove_expired_logins(ends, PART).await?;
            removed += part;
            if part == 0 {
                return Ok(removed);
            }
        }
    }
}
