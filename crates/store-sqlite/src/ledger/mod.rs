//! The ledger of used grants. One task writes for everybody: it gathers what arrives together into
//! one durable row, and each caller waits for the commit that holds its own record.
//!
//! Who came first is decided in memory, by what the rows of the file say ([`Seen`]). A row is added only
//! if all rows before it are known, so that also of several processes one accepts a grant.
//!
//! After a restore the ledger does not know which grants the lost store accepted. Until none of them
//! could be accepted any more it is closed to all that it would keep for no longer: see
//! [`close_until`].

mod file;
mod rows;
mod seen;
mod write_back;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{
    Consumption, GrantDigest, LedgerCounters, LedgerMeter, ReplayLedger, StorageError,
};
use portvakt_core::transfer::unknown_until;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, sleep};

pub(crate) use self::file::{close_until, open_beside};
pub(crate) use self::rows::{UsedGrant, add, clear, count, list_some};
use self::seen::Seen;
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
    memory: Memory,
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
        let memory = Memory::default();
        let writing = write_batches(
            Log {
                writer: writer.clone(),
                memory: memory.clone(),
            },
            write_back.due(),
            receiver,
            Arc::clone(&meter),
        );
        tokio::spawn(writing);
        Self {
            queue,
            meter,
            memory,
            writer,
            reader: pool(1).connect_lazy_with(reading(&path)),
            write_back,
        }
    }

    /// Begins to write what is no grant in use. Nobody else writes meanwhile.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        begin_immediate(&self.writer).await
    }

    /// The ledger as it is, from the first read on.
    pub(crate) async fn begin_read(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        self.reader.begin().await.map_err(storage_error)
    }

    pub(crate) fn memory(&self) -> Memory {
        self.memory.clone()
    }

    /// Whether grants can be recorded.
    pub(crate) async fn check(&self) -> Result<(), StorageError> {
        if self.queue.is_closed() {
            return Err(stopped());
        }
        // Numbers count up from one.
        let there = sqlx::query!(
            "INSERT INTO used_batches (number, keep_until, digests) VALUES (-1, 0, x'')"
        );
        let back = sqlx::query!("DELETE FROM used_batches WHERE number = -1");
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

/// What is known of the rows of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Seen>>);

impl Memory {
    /// To be called when rows were replaced by others: what they say is read again.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = Seen::default();
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
        let mut seen = self.ledger.memory.0.lock().await;
        let mut reader = self.ledger.reader.acquire().await.map_err(storage_error)?;
        rows::catch_up(&mut reader, &mut seen).await?;
        Ok(seen.contains(&digest))
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        let Ledger { reader, writer, .. } = &self.ledger;
        let grants = rows::remove_expired(reader, writer, now).await?;
        self.ledger.memory.0.lock().await.remove_expired(now);
        Ok(grants)
    }

    fn ledger_counters(&self) -> LedgerCounters {
        self.ledger.meter.counters()
    }
}

/// Where batches are written to.
struct Log {
    writer: SqlitePool,
    memory: Memory,
}

async fn write_batches(
    log: Log,
    due: Arc<Due>,
    mut receiver: mpsc::Receiver<Pending>,
    meter: Arc<LedgerMeter>,
) {
    let mut last = 0;
    while let Some(first) = receiver.recv().await {
        let batch = gather(first, &mut receiver, last).await;
        last = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let begun = Instant::now();
        match log.write(&batch).await {
            Ok(fresh) => {
                if fresh.count() > 0 {
                    meter.written(batch.len(), begun.elapsed());
                    due.written(fresh.count());
                }
                for (pending, consumption) in batch.into_iter().zip(fresh.consumptions) {
                    answer(pending, Ok(consumption));
                }
            }
            Err(error) => {
                meter.failed(begun.elapsed());
                refuse(batch, &error);
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

impl Log {
    /// Records what of a batch is fresh, durably. What the memory knows was committed before.
    async fn write(&self, batch: &[Pending]) -> Result<Fresh, StorageError> {
        let mut seen = self.memory.0.lock().await;
        prepare(&mut seen, batch);
        let fresh = Fresh::of(batch, &seen);
        if fresh.count() == 0 {
            return Ok(fresh);
        }
        if rows::append(&self.writer, &seen, fresh.keep_until, &fresh.digests).await? {
            let number = seen.last() + 1;
            seen.add(number, fresh.keep_until, &fresh.digests);
            return Ok(fresh);
        }
        self.catch_up_and_write(batch, &mut seen).await
    }

    /// When another process has written, or nobody has read the file yet.
    async fn catch_up_and_write(
        &self,
        batch: &[Pending],
        seen: &mut Seen,
    ) -> Result<Fresh, StorageError> {
        let mut ledger = begin_immediate(&self.writer).await?;
        rows::catch_up(&mut ledger, seen).await?;
        let fresh = Fresh::of(batch, seen);
        if fresh.count() > 0 {
            let number = rows::add(&mut ledger, fresh.keep_until, &fresh.digests).await?;
            ledger.commit().await.map_err(storage_error)?;
            seen.add(number, fresh.keep_until, &fresh.digests);
        }
        Ok(fresh)
    }
}

/// Has the memory reach back to each grant of the batch, and farther: all that may still be accepted are
/// kept until then or longer. Only a clock that was put back makes it read the file again.
fn prepare(seen: &mut Seen, batch: &[Pending]) {
    let Some(earliest) = batch.iter().map(|pending| pending.keep_until).min() else {
        return;
    };
    let epoch = Timestamp::from_seconds(0);
    let span = unknown_until(epoch).milliseconds() - epoch.milliseconds();
    let floor = Timestamp::from_milliseconds(earliest.milliseconds().saturating_sub(span));
    if seen.last() == 0 || !seen.reaches_back_to(earliest) {
        *seen = Seen::from(floor);
    }
    seen.make_room(batch.len(), floor);
}

/// What of a batch is fresh, of equal grants the first.
struct Fresh {
    consumptions: Vec<Consumption>,
    /// One after the other.
    digests: Vec<u8>,
    /// The latest of all, in milliseconds.
    keep_until: i64,
}

impl Fresh {
    fn of(batch: &[Pending], seen: &Seen) -> Self {
        let mut first = HashSet::with_capacity(batch.len());
        let mut digests = Vec::with_capacity(size_of::<GrantDigest>() * batch.len());
        let mut keep_until = 0;
        let consumptions = batch.iter().map(|pending| {
            if !seen.admits(&pending.digest, pending.keep_until) || !first.insert(pending.digest) {
                return Consumption::Replayed;
            }
            digests.extend_from_slice(&pending.digest);
            keep_until = pending.keep_until.milliseconds().max(keep_until);
            Consumption::Fresh
        });
        let consumptions = consumptions.collect();
        Self {
            consumptions,
            digests,
            keep_until,
        }
    }

    fn count(&self) -> usize {
        self.digests.len() / size_of::<GrantDigest>()
    }
}

/// After a failed commit nobody knows what the disk holds, so nobody is told `Fresh`.
fn refuse(batch: Vec<Pending>, error: &StorageError) {
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

    fn digest(number: u16) -> GrantDigest {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        digest
    }

    /// Threat: what the memory has forgotten is accepted once more.
    #[tokio::test]
    async fn a_clock_that_is_put_back_accepts_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("portvakt.db")).await;
        let store = store.unwrap();
        let at = Timestamp::from_seconds;
        store.consume([1; 32], at(1000)).await.unwrap();
        let later = (0..2000).map(|number| store.consume(digest(number), at(3000)));
        try_join_all(later).await.unwrap();
        let memory = store.ledger.memory();
        assert!(!memory.0.lock().await.contains(&[1; 32]));

        for (digest, expected) in [
            ([1; 32], Consumption::Replayed),
            ([3; 32], Consumption::Fresh),
            ([3; 32], Consumption::Replayed),
        ] {
            let consumption = store.consume(digest, at(1000)).await.unwrap();
            assert_eq!(consumption, expected);
        }
    }

    /// Rows of a clock that was ahead for a while are kept, and keep none of those after them.
    #[tokio::test]
    async fn what_is_kept_for_long_keeps_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("portvakt.db")).await;
        let store = store.unwrap();
        let at = Timestamp::from_seconds;
        let consume = async |first: u16, count: u16, keep_until| {
            for number in first..first + count {
                store.consume(digest(number), keep_until).await.unwrap();
            }
        };
        consume(0, 300, at(100_000)).await;
        consume(1000, 20, at(10)).await;
        assert_eq!(store.remove_expired(at(20)).await.unwrap(), 20);
        assert_eq!(store.remove_expired(at(20)).await.unwrap(), 0);
        assert_eq!(store.remove_expired(at(200_000)).await.unwrap(), 300);
    }
}
