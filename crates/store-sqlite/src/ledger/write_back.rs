//! Copies SQLite's write-ahead log back into the file, beside the writes.
//!
//! Left to itself SQLite does so inside the commit that fills the log. That commit then takes many times as
//! long as others, and whoever waits for the writer waits with it. A connection of its own copies while others commit; the writer does it only
//! when the log has become four times as long (see [`LONGEST_LOG`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portvakt_core::ports::GrantDigest;
use sqlx::sqlite::SqlitePool;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::file::PAGE_SIZE;

/// Pages of the log after which it is copied.
const PAGES: usize = 2000;
/// What a batch writes besides its digests: the page of its row, that of the last number, the file's first
/// one, and now and then others.
const PAGES_OF_A_BATCH: usize = 4;
/// Pages of the log at which a commit copies it after all, because copying beside it did not keep up.
pub(super) const LONGEST_LOG: u32 = 8_000;
/// The log begins anew when a copy finds nothing left to do. Each attempt has only what was
/// written during the one before.
const ATTEMPTS: usize = 4;

/// The task that copies. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct WriteBack {
    task: AbortHandle,
    due: Arc<Due>,
    connection: SqlitePool,
}

/// When the log is to be copied.
#[derive(Debug, Default)]
pub(super) struct Due {
    pages: AtomicUsize,
    reached: Notify,
}

impl Due {
    /// A batch of so many grants is in the log.
    pub(super) fn written(&self, grants: usize) {
        let pages = PAGES_OF_A_BATCH + grants * size_of::<GrantDigest>() / PAGE_SIZE as usize;
        let before = self.pages.fetch_add(pages, Ordering::Relaxed);
        if before + pages >= PAGES {
            self.pages.store(0, Ordering::Relaxed);
            self.reached.notify_one();
        }
    }
}

impl WriteBack {
    /// Starts the task on the current runtime, on a connection of the given pool.
    pub(super) fn start(connection: SqlitePool) -> Self {
        let due = Arc::new(Due::default());
        let task = tokio::spawn(copy_when_due(connection.clone(), Arc::clone(&due)));
        Self {
            task: task.abort_handle(),
            due,
            connection,
        }
    }

    /// Where writes are told.
    pub(super) fn due(&self) -> Arc<Due> {
        Arc::clone(&self.due)
    }

    /// Closes the connection after the copy under way.
    pub(super) async fn close(&self) {
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

    /// Of 250 grants each, which write twelve pages.
    const BATCHES: u32 = 250;
    const ROUNDS: u32 = 5;

    /// So many grants that a copy is due.
    async fn use_grants(store: &SqliteStore, round: u32) {
        for batch in 0..BATCHES {
            let grants = (0..250).map(|number| {
                let number: u32 = (round * BATCHES + batch) * 250 + number;
                let mut digest = [0; 32];
                digest[..4].copy_from_slice(&number.to_be_bytes());
                store.consume(digest, Timestamp::from_seconds(10))
            });
            try_join_all(grants).await.unwrap();
        }
    }

    async fn whole_length(store: &SqliteStore) -> u64 {
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
            .fetch_one(&store.ledger.writer)
            .await
            .unwrap();
        pages.unsigned_abs() * u64::from(PAGE_SIZE)
    }

    #[tokio::test]
    async fn the_log_returns_to_the_file_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        let store = SqliteStore::open(path("portvakt.db")).await.unwrap();
        let length = |name| std::fs::metadata(path(name)).unwrap().len();
        for round in 0..ROUNDS {
            use_grants(&store, round).await;
            let not_due = (PAGES as u64 + 10) * u64::from(PAGE_SIZE);
            let whole = whole_length(&store).await;
            let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
            while length("portvakt.db-ledger") + not_due < whole {
                assert!(tokio::time::Instant::now() < deadline, "nothing was copied");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let log = length("portvakt.db-ledger-wal");
        let written = ROUNDS * BATCHES * 12 * (PAGE_SIZE + 24);
        assert!(3 * log < 2 * u64::from(written), "{log} of {written}");
    }
}
