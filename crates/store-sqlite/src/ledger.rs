//! The ledger of used grants. One task writes for everybody: it gathers what arrives together into
//! one durable commit, and each caller waits for the commit that holds its own record.

use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{Consumption, GrantDigest, ReplayLedger, StorageError};
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::fault::{storage_error, unavailable};
use crate::store::{SqliteStore, begin_immediate};

/// How long the first of a batch waits for others.
const GATHERING: Duration = Duration::from_millis(1);
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
pub(crate) struct Ledger(mpsc::Sender<Pending>);

impl Ledger {
    /// Starts the task on the current runtime.
    pub(crate) fn start(writer: SqlitePool) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(write_batches(writer, receiver));
        Self(sender)
    }

    pub(crate) fn check(&self) -> Result<(), StorageError> {
        if self.0.is_closed() {
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
            .0
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

async fn write_batches(writer: SqlitePool, mut receiver: mpsc::Receiver<Pending>) {
    while let Some(first) = receiver.recv().await {
        let batch = gather(first, &mut receiver).await;
        match write_batch(&writer, &batch).await {
            Ok(consumptions) => {
                for (pending, consumption) in batch.into_iter().zip(consumptions) {
                    answer(pending, Ok(consumption));
                }
            }
            Err(error) => refuse(batch, error),
        }
    }
}

async fn gather(first: Pending, receiver: &mut mpsc::Receiver<Pending>) -> Vec<Pending> {
    let deadline = Instant::now() + GATHERING;
    let mut batch = vec![first];
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        match timeout_at(deadline, receiver.recv_many(&mut batch, room)).await {
            Ok(1..) => {}
            // Nobody will send any more, or the time is over.
            Ok(0) | Err(_) => break,
        }
    }
    batch
}

/// Inserts every record in one transaction. The primary key decides who came first, within the
/// batch and against every other process; only a commit makes it true.
async fn write_batch(
    writer: &SqlitePool,
    batch: &[Pending],
) -> Result<Vec<Consumption>, sqlx::Error> {
    let mut transaction = begin_immediate(writer).await?;
    let mut consumptions = Vec::with_capacity(batch.len());
    for pending in batch {
        let digest = pending.digest.as_slice();
        let keep_until = pending.keep_until.milliseconds();
        let result = sqlx::query!(
            "INSERT INTO used_grants (digest, keep_until) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            digest,
            keep_until
        )
        .execute(&mut *transaction)
        .await?;
        let fresh = result.rows_affected() == 1;
        consumptions.push(if fresh {
            Consumption::Fresh
        } else {
            Consumption::Replayed
        });
    }
    transaction.commit().await?;
    Ok(consumptions)
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
