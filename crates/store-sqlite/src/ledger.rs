//! The ledger of used grants. One task writes for everybody: it gathers what arrives together into
//! one durable commit, and each caller waits for the commit that holds its own record.
//!
//! After a restore the ledger does not know which grants the lost store accepted. Until none of them
//! could be accepted any more it is closed to all that it would keep for no longer: see
//! [`close_until`].

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{
    Consumption, GrantDigest, LedgerCounters, LedgerMeter, ReplayLedger, StorageError,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

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
/// Expired rows removed in one transaction, so that consuming never waits long for removing.
const REMOVAL: u64 = 1000;

/// A record on its way to the disk, and who waits for it.
struct Pending {
    digest: GrantDigest,
    keep_until: Timestamp,
    answer: oneshot::Sender<Result<Consumption, StorageError>>,
}

/// The way to the task that writes. The task ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Ledger {
    queue: mpsc::Sender<Pending>,
    meter: Arc<LedgerMeter>,
}

impl Ledger {
    /// Starts the task on the current runtime.
    pub(crate) fn start(writer: SqlitePool) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let meter = Arc::new(LedgerMeter::default());
        tokio::spawn(write_batches(writer, receiver, Arc::clone(&meter)));
        Self { queue, meter }
    }

    pub(crate) fn check(&self) -> Result<(), StorageError> {
        if self.queue.is_closed() {
            Err(stopped())
        } else {
            Ok(())
        }
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
                .fetch_one(&self.readers)
                .await
                .map_err(storage_error)?;
        Ok(rows > 0)
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        let mut removed = 0;
        loop {
            let part = remove_part(&self.writer, now).await?;
            removed += part;
            if part < REMOVAL {
                return Ok(removed);
            }
        }
    }

    fn ledger_counters(&self) -> LedgerCounters {
        self.ledger.meter.counters()
    }
}

/// Makes every grant that is kept until then, or for less, count as used. One row with an empty
/// digest, which no grant has, says so; it expires as all do.
pub(crate) async fn close_until(
    connection: &mut SqliteConnection,
    end: Timestamp,
) -> Result<(), StorageError> {
    let end = end.milliseconds();
    let close = sqlx::query!(
        "INSERT INTO used_grants (digest, keep_until) VALUES (x'', $1)
         ON CONFLICT (digest) DO UPDATE SET keep_until = MAX(keep_until, excluded.keep_until)",
        end
    );
    close.execute(connection).await.map_err(storage_error)?;
    Ok(())
}

async fn remove_part(writer: &SqlitePool, now: Timestamp) -> Result<u64, StorageError> {
    let now = now.milliseconds();
    let most = i64::try_from(REMOVAL).unwrap_or(i64::MAX);
    let result = sqlx::query!(
        "DELETE FROM used_grants WHERE digest IN
             (SELECT digest FROM used_grants WHERE keep_until < $1 LIMIT $2)",
        now,
        most
    )
    .execute(writer)
    .await
    .map_err(storage_error)?;
    Ok(result.rows_affected())
}

async fn write_batches(
    writer: SqlitePool,
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

/// The records that arrive in a while; `last` is how many the batch before had.
async fn gather(first: Pending, receiver: &mut mpsc::Receiver<Pending>, last: u32) -> Vec<Pending> {
    // Whoever is there already needs no waiting for.
    if receiver.len() + 1 < BATCH {
        let gathering = GATHERING_FOR_EACH.saturating_mul(last);
        sleep(gathering.clamp(GATHERING, LONGEST_GATHERING)).await;
    }
    let mut batch = vec![first];
    while batch.len() < BATCH
        && let Ok(next) = receiver.try_recv()
    {
        batch.push(next);
    }
    batch
}

/// Inserts every record in one statement, which is a transaction of its own. The primary key
/// decides who came first, against every other process, and within the batch the first one does;
/// only the commit makes it true, and the statement has ended only when that is done.
async fn write_batch(
    writer: &SqlitePool,
    batch: &[Pending],
) -> Result<Vec<Consumption>, sqlx::Error> {
    let mut first = HashMap::with_capacity(batch.len());
    for (place, pending) in batch.iter().enumerate() {
        first.entry(pending.digest.as_slice()).or_insert(place);
    }
    let records = as_json(batch);
    // Hopping to the connection's thread once for each record would cost more than writing them.
    let inserted = sqlx::query_scalar!(
        r#"INSERT INTO used_grants (digest, keep_until)
           SELECT unhex(value ->> 0), value ->> 1 FROM json_each($1)
           WHERE value ->> 1 >
               COALESCE((SELECT keep_until FROM used_grants WHERE digest = x''), -1)
           ON CONFLICT DO NOTHING
           RETURNING digest AS "digest!""#,
        records
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

/// `[["<digest in hexadecimal>",<milliseconds>],…]`
fn as_json(batch: &[Pending]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut json = String::with_capacity(96 * batch.len() + 2);
    for pending in batch {
        json.push_str(if json.is_empty() { "[[\"" } else { ",[\"" });
        for byte in pending.digest.as_slice() {
            json.push(char::from(DIGITS[usize::from(byte >> 4)]));
            json.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        // Writing to a string cannot fail.
        let _ = write!(json, "\",{}]", pending.keep_until.milliseconds());
    }
    json.push(']');
    json
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
