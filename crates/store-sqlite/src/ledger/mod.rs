//! The ledger of used grants. One task writes for everybody: it gathers what arrives together into
//! one durable commit, and each caller waits for the commit that holds its own record.
//!
//! After a restore the ledger does not know which grants the lost store accepted. Until none of them
//! could be accepted any more it is closed to all that it would keep for no longer: see
//! [`close_until`].

mod file;
mod write_back;

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{
    Consumption, GrantDigest, LedgerCounters, LedgerMeter, ReplayLedger, StorageError,
};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

pub(crate) use self::file::{close_until, open_beside};
use self::write_back::{Due, WriteBack};
use crate::connections::{begin_immediate, check, options, pool, reading};
use crate::fault::{storage_error, unavailable};
use crate::store::SqliteStore;

/// How long the first of a batch waits for others: longer after a batch of many, because then the
/// next one has many too, every commit that is saved is time for signatures, and those who wait
/// for their record wait for the processor anyway.
const GATHERING: Duration = Duration::from_millis(1);
const GATHERING_FOR_EACH: Duration = Duration::from_micros(200);
const LONGEST_GATHERING: Duration = Duration::from_millis(5);
const BATCH: usize = 256;
/// Records that wait for a batch; beyond them the ledger says that it is unavailable.
const QUEUE: usize = 4096;
/// Records looked through in one transaction, so that consuming never waits long for removing.
const LOOKED_THROUGH: i64 = 2000;
/// Transactions of one removal. The next goes on where it stopped: a ledger of the millions of grants
/// of a busy hour is gone through in some minutes, and costs next to nothing in each.
const MOST_TRANSACTIONS: usize = 250;
/// After every digest.
const END: [u8; 33] = [0xff; 33];

/// A record on its way to the disk, and who waits for it.
struct Pending {
    digest: GrantDigest,
    keep_until: Timestamp,
    answer: oneshot::Sender<Result<Consumption, StorageError>>,
}

/// The ledger: its connections, and the way to the task that writes, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Ledger {
    queue: mpsc::Sender<Pending>,
    meter: Arc<LedgerMeter>,
    /// The digest that removing goes on from.
    looked_through: Mutex<Vec<u8>>,
    writer: SqlitePool,
    reader: SqlitePool,
    write_back: WriteBack,
}

impl Ledger {
    /// Starts on the current runtime the task that writes to the ledger of this registry.
    pub(crate) fn start(registry: &Path, writer: SqlitePool) -> Self {
        let path = file::beside(registry);
        let (queue, receiver) = mpsc::channel(QUEUE);
        let meter = Arc::new(LedgerMeter::default());
        let write_back = WriteBack::start(pool(1).connect_lazy_with(options(&path)));
        let writing = write_batches(
            writer.clone(),
            write_back.due(),
            receiver,
            Arc::clone(&meter),
        );
        tokio::spawn(writing);
        Self {
            queue,
            meter,
            looked_through: Mutex::default(),
            writer,
            reader: pool(1).connect_lazy_with(reading(&path)),
            write_back,
        }
    }

    fn looked_through(&self) -> MutexGuard<'_, Vec<u8>> {
        // A digest is always a place to go on from.
        self.looked_through
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to write what is no grant in use. Nobody else writes meanwhile.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        begin_immediate(&self.writer).await
    }

    /// The ledger as it is, from the first read on.
    pub(crate) async fn begin_read(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        self.reader.begin().await.map_err(storage_error)
    }

    /// Whether grants can be recorded.
    pub(crate) async fn check(&self) -> Result<(), StorageError> {
        if self.queue.is_closed() {
            return Err(stopped());
        }
        let there = sqlx::query!("INSERT INTO used_grants (digest, keep_until) VALUES (x'00', 0)");
        let back = sqlx::query!("DELETE FROM used_grants WHERE digest = x'00'");
        check(&self.writer, [there, back]).await
    }

    /// Closes every connection after the writes under way.
    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.write_back.close().await;
        // The last connection to close writes the log back into the file.
        self.writer.close().await;
    }
}

fn stopped() -> StorageError {
    unavailable("the ledger has stopped")
}

#[async_trait]
impl ReplayLedger for SqliteStore {
    /// A caller that goes away before the answer may have used its grant all the same.
    async fn consume(
        &self,
        digest: GrantDigest,
        keep_until: Timestamp,
    ) -> Result<Consumption, StorageError> {
        let (answer, answered) = oneshot::channel();
        self.ledger
            .queue
            .try_send(Pending {
                digest,
                keep_until,
                answer,
            })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => unavailable("too many grants are waiting"),
                mpsc::error::TrySendError::Closed(_) => stopped(),
            })?;
        answered.await.map_err(|_| stopped())?
    }

    async fn is_consumed(&self, digest: GrantDigest) -> Result<bool, StorageError> {
        let digest = digest.as_slice();
        let rows =
            sqlx::query_scalar!("SELECT COUNT(*) FROM used_grants WHERE digest = $1", digest)
                .fetch_one(&self.ledger.reader)
                .await
                .map_err(storage_error)?;
        Ok(rows > 0)
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        self.remove_in(MOST_TRANSACTIONS, now).await
    }

    fn ledger_counters(&self) -> LedgerCounters {
        self.ledger.meter.counters()
    }
}

impl SqliteStore {
    /// Removes in so many transactions at most, from where the last removal stopped.
    async fn remove_in(&self, transactions: usize, now: Timestamp) -> Result<u64, StorageError> {
        let mut removed = 0;
        for _ in 0..transactions {
            let from = self.ledger.looked_through().clone();
            let next = self.after_some(&from).await?;
            let to = next.as_deref().unwrap_or(&END);
            removed += remove_between(&self.ledger.writer, &from, to, now).await?;
            let is_end = next.is_none();
            *self.ledger.looked_through() = next.unwrap_or_default();
            if is_end {
                break;
            }
        }
        Ok(removed)
    }

    /// The digest that comes so many records after this one; none if there are fewer.
    async fn after_some(&self, from: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let next = sqlx::query_scalar!(
            "SELECT digest FROM used_grants WHERE digest >= $1 ORDER BY digest LIMIT 1 OFFSET $2",
            from,
            LOOKED_THROUGH
        );
        next.fetch_optional(&self.ledger.reader)
            .await
            .map_err(storage_error)
    }
}

/// Going through the records in the order of their digests, of which every page has some that have
/// expired, rewrites each page once. In the order of their ends each record would rewrite one.
async fn remove_between(
    writer: &SqlitePool,
    from: &[u8],
    to: &[u8],
    now: Timestamp,
) -> Result<u64, StorageError> {
    let now = now.milliseconds();
    let result = sqlx::query!(
        "DELETE FROM used_grants WHERE digest >= $1 AND digest < $2 AND keep_until < $3",
        from,
        to,
        now
    )
    .execute(writer)
    .await
    .map_err(storage_error)?;
    Ok(result.rows_affected())
}

async fn write_batches(
    writer: SqlitePool,
    log: Arc<Due>,
    mut receiver: mpsc::Receiver<Pending>,
    meter: Arc<LedgerMeter>,
) {
    let mut last = 0;
    while let Some(first) = receiver.recv().await {
        let batch = gather(first, &mut receiver, last).await;
        last = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let begun = Instant::now();
        match write_batch(&writer, &batch).await {
            Ok(consumptions) => {
                meter.written(batch.len(), begun.elapsed());
                log.written(batch.len());
                for (pending, consumption) in batch.into_iter().zip(consumptions) {
                    answer(pending, Ok(consumption));
                }
            }
            Err(error) => {
                meter.failed(begun.elapsed());
                refuse(batch, error);
            }
        }
    }
}

/// The records that arrive in a while, which ends when no more do; `last` is how many the batch before
/// had.
async fn gather(first: Pending, receiver: &mut mpsc::Receiver<Pending>, last: u32) -> Vec<Pending> {
    let gathering = GATHERING_FOR_EACH.saturating_mul(last);
    let end = Instant::now() + gathering.clamp(GATHERING, LONGEST_GATHERING);
    let mut waiting = 0;
    // Whoever is there already needs no waiting for.
    while receiver.len() + 1 < BATCH && Instant::now() < end {
        sleep(GATHERING).await;
        if receiver.len() == waiting {
            break;
        }
        waiting = receiver.len();
    }
    let mut batch = vec![first];
    while batch.len() < BATCH
        && let Ok(next) = receiver.try_recv()
    {
        batch.push(next);
    }
    batch
}

/// Records a batch in one statement, which is a transaction of its own. The primary key decides who came
/// first, against every other process; only the commit makes it true, and the statement has ended only
/// when that is done.
async fn write_batch(
    writer: &SqlitePool,
    batch: &[Pending],
) -> Result<Vec<Consumption>, sqlx::Error> {
    match insert_all(writer, batch).await {
        Ok(()) => Ok(vec![Consumption::Fresh; batch.len()]),
        Err(error) if is_of_a_record(&error) => insert_fresh(writer, batch).await,
        Err(error) => Err(error),
    }
}

/// Inserts all records or none. Nearly always all are fresh, and then no answer has to say which.
async fn insert_all(writer: &SqlitePool, batch: &[Pending]) -> Result<(), sqlx::Error> {
    let (digests, ends) = columns(batch);
    let insert = sqlx::query!(
        "INSERT INTO used_grants (digest, keep_until)
         SELECT substr($1, 32 * key + 1, 32),
             CASE WHEN value > COALESCE((SELECT keep_until FROM used_grants WHERE digest = x''), -1)
                 THEN value END
         FROM json_each($2)",
        digests,
        ends
    );
    insert.execute(writer).await?;
    Ok(())
}

/// Whether one of the records was used before, twice in the batch, or while the ledger was closed to it.
fn is_of_a_record(error: &sqlx::Error) -> bool {
    let kind = error.as_database_error().map(DatabaseError::kind);
    matches!(
        kind,
        Some(ErrorKind::UniqueViolation | ErrorKind::NotNullViolation)
    )
}

/// Inserts those records that are fresh. Of equal ones the first in the batch is.
async fn insert_fresh(
    writer: &SqlitePool,
    batch: &[Pending],
) -> Result<Vec<Consumption>, sqlx::Error> {
    let mut first = HashMap::with_capacity(batch.len());
    for (place, pending) in batch.iter().enumerate() {
        first.entry(pending.digest.as_slice()).or_insert(place);
    }
    let (digests, ends) = columns(batch);
    let inserted = sqlx::query_scalar!(
        r#"INSERT INTO used_grants (digest, keep_until)
           SELECT substr($1, 32 * key + 1, 32), value FROM json_each($2)
           WHERE value > COALESCE((SELECT keep_until FROM used_grants WHERE digest = x''), -1)
           ON CONFLICT DO NOTHING
           RETURNING digest AS "digest!""#,
        digests,
        ends
    );
    let inserted = inserted.fetch_all(writer).await?;
    let mut consumptions = vec![Consumption::Replayed; batch.len()];
    for digest in inserted {
        if let Some(place) = first.get(digest.as_slice()) {
            consumptions[*place] = Consumption::Fresh;
        }
    }
    Ok(consumptions)
}

/// The digests one after the other, and until when each is kept, in milliseconds: `[1000,…]`. As two
/// parameters, because hopping to the connection's thread once for each record would cost more than
/// writing them.
fn columns(batch: &[Pending]) -> (Vec<u8>, String) {
    let mut digests = Vec::with_capacity(32 * batch.len());
    let mut ends = String::with_capacity(14 * batch.len() + 2);
    for pending in batch {
        digests.extend_from_slice(&pending.digest);
        ends.push(if ends.is_empty() { '[' } else { ',' });
        // Writing to a string cannot fail.
        let _ = write!(ends, "{}", pending.keep_until.milliseconds());
    }
    ends.push(']');
    (digests, ends)
}

/// After a failed commit nobody knows what the disk holds, so nobody is told `Fresh`.
fn refuse(batch: Vec<Pending>, error: sqlx::Error) {
    let error = storage_error(error);
    tracing::error!(%error, records = batch.len(), "used grants could not be recorded");
    let reason = error.to_string();
    for pending in batch {
        answer(pending, Err(StorageError::Unavailable(reason.clone())));
    }
}

/// A caller that has gone away needs no answer.
fn answer(pending: Pending, consumption: Result<Consumption, StorageError>) {
    let _ = pending.answer.send(consumption);
}

#[cfg(test)]
mod tests {
    use futures_util::future::try_join_all;
    use sqlx::Row;

    use super::*;

    #[tokio::test]
    async fn commits_are_durable_and_small() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("portvakt.db")).await;
        let ledger = &store.unwrap().ledger;
        let expected = [
            ("PRAGMA journal_mode", "wal"),
            ("PRAGMA synchronous", "2"),
            ("PRAGMA busy_timeout", "5000"),
            ("PRAGMA page_size", "1024"),
        ];
        for (pragma, expected) in expected {
            for pool in [&ledger.writer, &ledger.reader] {
                let row = sqlx::query(pragma).fetch_one(pool).await.unwrap();
                let is: String = row.get_unchecked(0);
                assert_eq!(is, expected, "{pragma}");
            }
        }
    }

    #[tokio::test]
    async fn a_removal_goes_on_where_the_last_one_stopped_and_begins_anew_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("ledger.db"));
        let store = store.await.unwrap();
        let at = Timestamp::from_seconds;
        let consume = async |numbers: std::ops::Range<u16>, keep_until| {
            let grants = numbers.map(|number| {
                let mut digest = [0; 32];
                digest[..2].copy_from_slice(&number.to_be_bytes());
                store.consume(digest, keep_until)
            });
            try_join_all(grants).await.unwrap();
        };
        consume(0..3000, at(10)).await;
        consume(3000..5000, at(30)).await;

        assert_eq!(store.remove_in(1, at(20)).await.unwrap(), 2000);
        assert_eq!(store.remove_in(1, at(20)).await.unwrap(), 1000);
        consume(0..10, at(10)).await;
        let to_the_end = store.remove_in(1, at(20)).await.unwrap();
        assert_eq!(to_the_end, 0, "what was looked through is not again");
        assert_eq!(store.remove_in(1, at(20)).await.unwrap(), 10);
        assert_eq!(store.remove_in(9, at(40)).await.unwrap(), 10);
        assert_eq!(store.remove_in(9, at(40)).await.unwrap(), 1990);
    }
}
