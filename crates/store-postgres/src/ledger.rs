//! The ledger of used grants. What arrives together, or while all connections are busy, becomes one
//! batch: many records share a durable commit, and each caller waits for the commit that holds its
//! own.
//!
//! After a restore the ledger does not know which grants the lost store accepted. Until none of them
//! could be accepted any more it is closed to all that it would keep for no longer: see
//! [`close_until`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{
    Consumption, GrantDigest, LedgerCounters, LedgerMeter, ReplayLedger, StorageError,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{PgConnection, Postgres};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use crate::fault::{answered, answered_soon, unavailable};
use crate::session::{Use, pool};
use crate::store::PostgresStore;

/// Batches on their way at a time, each on a connection of its own.
const BATCHES: u32 = 3;
/// Another connection, for removing, for counts of tokens and for readiness.
const BESIDE: u32 = 1;
/// Connections that the ledger has to itself.
pub(crate) const CONNECTIONS: u32 = BATCHES + BESIDE;
const BATCH: usize = 256;
/// Records of a batch that let the next one wait for others: where there are many, a statement that is
/// saved is time for signatures, and those who wait for their record wait for the processor anyway.
const MANY: usize = 8;
const GATHERING: Duration = Duration::from_millis(1);
/// Records that wait for a batch; beyond them the ledger says that it is unavailable.
const QUEUE: usize = 4096;
/// Expired rows removed in one statement, so that consuming never waits long for removing.
const REMOVAL: u64 = 1000;

/// A record on its way to the server, and who waits for it.
struct Pending {
    digest: GrantDigest,
    keep_until: Timestamp,
    answer: oneshot::Sender<Result<Consumption, StorageError>>,
}

/// The way to the task that writes. The task ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Ledger {
    queue: mpsc::Sender<Pending>,
    recording: PgPool,
    beside: PgPool,
    meter: Arc<LedgerMeter>,
}

impl Ledger {
    /// Starts the task on the current runtime.
    pub(crate) fn start(connect: &PgConnectOptions) -> Self {
        let recording = pool(connect, BATCHES, Use::Recording);
        let (queue, receiver) = mpsc::channel(QUEUE);
        let meter = Arc::new(LedgerMeter::default());
        let writing = write_batches(recording.clone(), receiver, Arc::clone(&meter));
        tokio::spawn(writing);
        Self {
            queue,
            recording,
            beside: pool(connect, BESIDE, Use::Writing),
            meter,
        }
    }

    pub(crate) fn check(&self) -> Result<(), StorageError> {
        if self.queue.is_closed() {
            Err(stopped())
        } else {
            Ok(())
        }
    }

    /// A connection that neither batches nor units of work hold for long.
    pub(crate) fn beside(&self) -> &PgPool {
        &self.beside
    }

    pub(crate) async fn close(&self) {
        self.recording.close().await;
        self.beside.close().await;
    }
}

fn stopped() -> StorageError {
    unavailable("the ledger has stopped")
}

#[async_trait]
impl ReplayLedger for PostgresStore {
    /// A caller that goes away before the answer may have used its grant all the same.
    async fn consume(
        &self,
        digest: GrantDigest,
        keep_until: Timestamp,
    ) -> Result<Consumption, StorageError> {
        let (answer, answered) = oneshot::channel();
        let pending = Pending {
            digest,
            keep_until,
            answer,
        };
        let sent = self.ledger.queue.try_send(pending);
        sent.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => unavailable("too many grants are waiting"),
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })?;
        answered.await.map_err(|_| stopped())?
    }

    async fn is_consumed(&self, digest: GrantDigest) -> Result<bool, StorageError> {
        let digest = digest.as_slice();
        let query = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM used_grants WHERE digest = $1) AS "consumed!""#,
            digest
        );
        answered_soon(query.fetch_one(&self.readers)).await
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        let mut removed = 0;
        loop {
            let part = remove_part(self.ledger.beside(), now).await?;
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
    connection: &mut PgConnection,
    end: Timestamp,
) -> Result<(), StorageError> {
    let close = sqlx::query!(
        "INSERT INTO used_grants (digest, keep_until) VALUES ('', $1)
         ON CONFLICT (digest) DO UPDATE
             SET keep_until = GREATEST(used_grants.keep_until, excluded.keep_until)",
        end.milliseconds()
    );
    answered(close.execute(connection)).await?;
    Ok(())
}

/// Rows that another node is removing are left to it.
async fn remove_part(connections: &PgPool, now: Timestamp) -> Result<u64, StorageError> {
    let now = now.milliseconds();
    let most = i64::try_from(REMOVAL).unwrap_or(i64::MAX);
    let statement = sqlx::query!(
        "DELETE FROM used_grants WHERE digest IN
             (SELECT digest FROM used_grants WHERE keep_until < $1 LIMIT $2
              FOR UPDATE SKIP LOCKED)",
        now,
        most
    );
    let result = answered(statement.execute(connections)).await?;
    Ok(result.rows_affected())
}

async fn write_batches(
    connections: PgPool,
    mut receiver: mpsc::Receiver<Pending>,
    meter: Arc<LedgerMeter>,
) {
    let room = Arc::new(Semaphore::new(BATCHES as usize));
    let mut last = 0;
    loop {
        // Waiting for room first lets the queue grow into a batch meanwhile.
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let Some(first) = receiver.recv().await else {
            return;
        };
        if receiver.len() + 1 < BATCH {
            gather(&room, last).await;
        }
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = receiver.try_recv()
        {
            batch.push(next);
        }
        last = batch.len();
        let (connections, meter) = (connections.clone(), Arc::clone(&meter));
        tokio::spawn(async move {
            settle(&connections, batch, &meter).await;
            drop(permit);
        });
    }
}

/// Waits for others while the last batch had many, or while one is on its way: until that has arrived,
/// then, because who comes first when nobody writes waits for nobody.
async fn gather(room: &Semaphore, last: usize) {
    if last >= MANY {
        sleep(GATHERING).await;
    } else {
        // One permit is this batch's own.
        let _ = timeout(GATHERING, room.acquire_many(BATCHES - 1)).await;
    }
}

async fn settle(connections: &PgPool, batch: Vec<Pending>, meter: &LedgerMeter) {
    let begun = Instant::now();
    match write_batch(connections, &batch).await {
        Ok(consumptions) => {
            meter.written(batch.len(), begun.elapsed());
            for (pending, consumption) in batch.into_iter().zip(consumptions) {
                answer(pending, Ok(consumption));
            }
        }
        Err(error) => {
            meter.failed(begun.elapsed());
            refuse(batch, &error);
        }
    }
}

/// Inserts every record in one statement, which is a transaction of its own. The primary key
/// decides who came first, against every other batch and node; within the batch the first one
/// does. The driver answers only after the server has said that the commit is done.
async fn write_batch(
    connections: &PgPool,
    batch: &[Pending],
) -> Result<Vec<Consumption>, StorageError> {
    // In order, so that two batches cannot each wait for a row of the other.
    let mut first = BTreeMap::new();
    for (place, pending) in batch.iter().enumerate() {
        first.entry(pending.digest).or_insert(place);
    }
    let digests: Vec<_> = first.keys().map(|digest| digest.to_vec()).collect();
    let ends: Vec<_> = first
        .values()
        .map(|place| batch[*place].keep_until.milliseconds())
        .collect();
    let insert = sqlx::query_scalar!(
        "INSERT INTO used_grants (digest, keep_until)
         SELECT digest, keep_until FROM unnest($1::BYTEA[], $2::BIGINT[]) AS used (digest, keep_until)
         WHERE keep_until >
             COALESCE((SELECT closed.keep_until FROM used_grants AS closed WHERE closed.digest = ''), -1)
         ON CONFLICT DO NOTHING
         RETURNING digest",
        &digests,
        &ends
    );
    let inserted = answered_soon(async {
        let mut lent = Lent::from(connections).await?;
        let inserted = insert.fetch_all(&mut *lent.connection).await?;
        lent.is_done = true;
        Ok(inserted)
    });
    let inserted = inserted.await?;
    let mut consumptions = vec![Consumption::Replayed; batch.len()];
    for digest in inserted {
        if let Some(place) = first.get(digest.as_slice()) {
            consumptions[*place] = Consumption::Fresh;
        }
    }
    Ok(consumptions)
}

/// A connection for one statement. If that fails or is given up, nobody else gets the connection, which
/// may still wait for an answer.
struct Lent {
    connection: PoolConnection<Postgres>,
    is_done: bool,
}

impl Lent {
    async fn from(connections: &PgPool) -> Result<Self, sqlx::Error> {
        Ok(Self {
            connection: connections.acquire().await?,
            is_done: false,
        })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.close_on_drop();
        }
    }
}

/// After a failed commit nobody knows what the server holds, so nobody is told `Fresh`.
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
