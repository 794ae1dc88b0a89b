//! Copies SQLite's write-ahead log back into the file, beside the writes.
//!
//! Left to itself SQLite does so inside the commit that fills the log. Used grants lie all over the
//! file, so that commit takes many times as long as others, a few times a second, and whoever waits for
//! the writer waits with it. A connection of its own copies while others commit; the writer does it only
//! when the log has become four times as long (see [`LONGEST_LOG`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::sqlite::SqlitePool;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Records of used grants after which the log is copied: about a page each, SQLite's own measure.
const RECORDS: usize = 1000;
/// Pages of the log at which a commit copies it after all, because copying beside it did not keep up.
pub(crate) const LONGEST_LOG: u32 = 4000;
/// The log begins anew when a copy finds nothing left to do. Each attempt has only what was
/// written during the one before.
const ATTEMPTS: usize = 4;

/// The task that copies. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct WriteBack {
    task: AbortHandle,
    due: Arc<Due>,
    connection: SqlitePool,
}

/// When the log is to be copied.
#[derive(Debug, Default)]
pub(crate) struct Due {
    records: AtomicUsize,
    reached: Notify,
}

impl Due {
    /// So many records are in the log.
    pub(crate) fn written(&self, records: usize) {
        let before = self.records.fetch_add(records, Ordering::Relaxed);
        if before + records >= RECORDS {
            self.records.store(0, Ordering::Relaxed);
            self.reached.notify_one();
        }
    }
}

impl WriteBack {
    /// Starts the task on the current runtime, on a connection of the given pool.
    pub(crate) fn start(connection: SqlitePool) -> Self {
        let due = Arc::new(Due::default());
        let task = tokio::spawn(copy_when_due(connection.clone(), Arc::clone(&due)));
        Self {
            task: task.abort_handle(),
            due,
            connection,
        }
    }

    /// Where writes are told.
    pub(crate) fn due(&self) -> Arc<Due> {
        Arc::clone(&self.due)
    }

    /// Closes the connection after the copy under way.
    pub(crate) async fn close(&self) {
        self.connection.close().await;
    }
}

impl Drop for WriteBack {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn copy_when_due(connection: SqlitePool, due: Arc<Due>) {
    loop {
        due.reached.notified().await;
        for _ in 0..ATTEMPTS {
            match copy(&connection).await {
                Ok(true) => break,
                Ok(false) => {}
                // Nothing is lost: it stays in the log, and the writer copies it in the end. What is
                // wrong with the disk, readiness and the next commit say.
                Err(error) => {
                    tracing::debug!(%error, "the write-ahead log could not be copied");
                    break;
                }
            }
        }
    }
}

/// Whether everything is in the file now. Waits for nobody, and nobody waits for it.
async fn copy(connection: &SqlitePool) -> Result<bool, sqlx::Error> {
    let (_, in_log, copied): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
        .fetch_one(connection)
        .await?;
    Ok(copied >= in_log)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::try_join_all;
    use portvakt_core::Timestamp;
    use portvakt_core::ports::ReplayLedger;

    use super::*;
    use crate::SqliteStore;

    #[tokio::test]
    async fn the_log_returns_to_the_file_while_grants_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.db");
        let store = SqliteStore::open(&file).await.unwrap();
        let length = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        let empty = length("ledger.db");
        for batch in 0..40_u32 {
            let grants = (0..250_u32).map(|number| {
                let mut digest = [0; 32];
                // All over the file, as digests are.
                digest[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
                digest[4..8].copy_from_slice(&batch.to_be_bytes());
                store.consume(digest, Timestamp::from_seconds(10))
            });
            try_join_all(grants).await.unwrap();
        }
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while length("ledger.db") < empty + 300_000 {
            assert!(tokio::time::Instant::now() < deadline, "nothing was copied");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let longest = u64::from(LONGEST_LOG) * (4096 + 24);
        assert!(length("ledger.db-wal") < longest / 2, "the log begins anew");
    }
}
