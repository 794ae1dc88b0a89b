//! The store: its connections, and how it opens.

use async_trait::async_trait;
use portvakt_core::ports::{Revision, StorageError, Store, UnitOfWork};
use sqlx::postgres::PgPool;
use sqlx::{Postgres, Transaction};

use crate::fault::{answered, answered_soon, is_lacking, storage_error};
use crate::hints::Hints;
use crate::ledger::Ledger;
use crate::session::{Use, pool};
use crate::settings::PostgresSettings;
use crate::unit::{CHANNEL, PostgresUnit};
use crate::{migrations, unit};

/// Units of work take turns, so few connections are enough for them; those that wait hold one.
pub(crate) const WRITERS: u32 = 4;

/// Acts of logins at a time. They have connections of their own, so that none waits for a unit.
pub(crate) const LOGINS: u32 = 4;

/// A store in one PostgreSQL database, shared by any number of nodes.
///
/// Units of work take turns in the whole database: one holds the lock of the row that counts
/// revisions from [`Store::begin`] until it is committed or dropped, so it must be short. Whoever
/// waits longer than 5 seconds gets [`StorageError::Unavailable`]. Reading, used grants and logins
/// have connections of their own and never wait for a unit.
///
/// A fault of the connection is [`StorageError::Unavailable`]; so is a commit whose answer was
/// lost, which may then have happened.
#[derive(Debug)]
pub struct PostgresStore {
    pub(crate) writers: PgPool,
    pub(crate) readers: PgPool,
    pub(crate) logins: PgPool,
    pub(crate) ledger: Ledger,
    /// Where commits are heard of, if the engine can wake up whoever listens.
    pub(crate) hints: Option<Hints>,
}

impl PostgresStore {
    /// Connects, and brings the schema up to date. Several nodes may do so at once. A schema from
    /// a later version is refused.
    ///
    /// Must be called inside a Tokio runtime, where the ledger's task then runs until the store is
    /// dropped.
    pub async fn open(settings: &PostgresSettings) -> Result<Self, StorageError> {
        let connect = &settings.connect;
        let writers = pool(connect, WRITERS, Use::Writing);
        migrations::apply(&writers).await?;
        warn_of_risk(&writers).await?;
        Ok(Self {
            hints: can_notify(&writers).await?.then(|| Hints::new(connect)),
            readers: pool(connect, settings.readers, Use::Reading),
            logins: pool(connect, LOGINS, Use::Writing),
            ledger: Ledger::start(connect),
            writers,
        })
    }

    /// A transaction in which every statement sees the same state.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, StorageError> {
        let snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        answered_soon(self.readers.begin_with(snapshot)).await
    }

    /// Closes every connection after the transactions under way. Everything asked of the store
    /// later is [`StorageError::Unavailable`]. Without it, dropping the store closes them too, a
    /// little later.
    pub async fn close(&self) {
        if let Some(hints) = &self.hints {
            hints.stop();
        }
        self.readers.close().await;
        self.logins.close().await;
        self.ledger.close().await;
        self.writers.close().await;
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let transaction = answered(self.writers.begin()).await?;
        let unit = PostgresUnit::writing(transaction, self.hints.is_some()).await?;
        Ok(Box::new(unit))
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let transaction = self.snapshot().await?;
        Ok(Box::new(PostgresUnit::reading(transaction).await?))
    }

    async fn revision(&self) -> Result<Revision, StorageError> {
        let mut connection = answered_soon(self.readers.acquire()).await?;
        unit::revision(&mut connection).await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.ledger.check()?;
        // It must read as well as write, and the server must say that the write is on its disk.
        self.revision().await?;
        let write = sqlx::query!("UPDATE readiness SET checks = checks + 1 WHERE id = 1");
        answered_soon(write.execute(self.ledger.beside())).await?;
        Ok(())
    }
}

async fn can_notify(writers: &PgPool) -> Result<bool, StorageError> {
    let notify = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL);
    match notify.execute(writers).await {
        Ok(_) => Ok(true),
        Err(error) if is_lacking(&error) => Ok(false),
        Err(error) => Err(storage_error(error)),
    }
}

/// Only the operator can set these, and tests have reason to: it is said, and not refused.
async fn warn_of_risk(writers: &PgPool) -> Result<(), StorageError> {
    let names = ["fsync", "full_page_writes"];
    for name in names {
        let query = sqlx::query_scalar!("SELECT current_setting($1, TRUE)", name);
        if answered(query.fetch_one(writers)).await?.as_deref() == Some("off") {
            tracing::warn!(
                setting = name,
                "is off in the database server: what was acknowledged may be lost with its machine"
            );
        }
    }
    Ok(())
}
