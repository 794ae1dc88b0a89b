//! The store: its connections, and how it opens.

use std::path::Path;

use async_trait::async_trait;
use portvakt_core::ports::{Revision, StorageError, Store, UnitOfWork};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};

use crate::connections::{begin_immediate, check, options, pool, reading, writer};
use crate::fault::{migration_error, storage_error};
use crate::ledger::{Ledger, open_beside};
use crate::unit::{Mode, SqliteUnit};

static MIGRATIONS: Migrator = sqlx::migrate!();

const READERS: u32 = 8;
/// What several requests lack is read for all of them at once: by one connection for clients, and by
/// one for access.
const GATHERERS: u32 = 2;

/// A store in one SQLite file, with the ledger of used grants in another beside it.
///
/// One connection writes to the registry: units of work take turns on it, first come, first served.
/// A unit of work holds it from [`Store::begin`] until it is committed or dropped, so it must be
/// short; whoever waits longer than 5 seconds gets [`StorageError::Unavailable`]. Neither readers nor
/// the ledger ever wait for it.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    pub(crate) gatherers: SqlitePool,
    pub(crate) ledger: Ledger,
}

impl SqliteStore {
    /// Opens the files, makes them (mode 0600, in a folder that exists) if need be, and brings their
    /// schemas up to date. Several processes may do so at once. A schema from a later version is
    /// refused, and so is a file whose contents were moved to another store. A ledger that is missing
    /// is made anew, and takes whatever was issued until now for used.
    ///
    /// Must be called inside a Tokio runtime, where the ledger's task then runs until the store is
    /// dropped.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref();
        crate::file::create_private(path)?;
        let files = Files::open(path).await?;
        let mut connection = files.registry.acquire().await.map_err(storage_error)?;
        crate::transfer::refuse_sealed(&mut connection).await?;
        drop(connection);
        let readers = pool(READERS).connect_lazy_with(reading(path));
        let gatherers = pool(GATHERERS).connect_lazy_with(reading(path));
        Ok(Self {
            writer: files.registry,
            readers,
            gatherers,
            ledger: Ledger::start(path, files.ledger),
        })
    }

    /// Closes every connection after the transactions under way. Everything asked of the store
    /// later is [`StorageError::Unavailable`]. Without it, dropping the store closes them too, a
    /// little later.
    pub async fn close(&self) {
        self.ledger.close().await;
        self.readers.close().await;
        self.gatherers.close().await;
        // The last connection to close writes the log back into the file.
        self.writer.close().await;
    }

    /// Begins a transaction that holds the right to write from its first statement on.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        begin_immediate(&self.writer).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let transaction = self.begin_write().await?;
        Ok(Box::new(
            SqliteUnit::start(transaction, Mode::Writing).await?,
        ))
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let transaction = self.readers.begin().await.map_err(storage_error)?;
        Ok(Box::new(
            SqliteUnit::start(transaction, Mode::Reading).await?,
        ))
    }

    async fn revision(&self) -> Result<Revision, StorageError> {
        let mut connection = self.readers.acquire().await.map_err(storage_error)?;
        crate::unit::revision(&mut connection).await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.ledger.check().await?;
        let there = sqlx::query!("UPDATE revision SET number = number + 1");
        let back = sqlx::query!("UPDATE revision SET number = number - 1");
        check(&self.writer, [there, back]).await
    }
}

/// The connections that write to the two files.
pub(crate) struct Files {
    pub(crate) registry: SqlitePool,
    pub(crate) ledger: SqlitePool,
}

impl Files {
    /// Opens the registry, a file that is there, and its ledger. Missing migrations are applied in one
    /// transaction, whose lock makes a second process wait, which then finds nothing left to do.
    pub(crate) async fn open(path: &Path) -> Result<Self, StorageError> {
        let registry = writer(options(path)).await?;
        let mut transaction = begin_immediate(&registry).await?;
        // The public `run` makes a future that cannot be sent between threads.
        MIGRATIONS
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(migration_error)?;
        let ledger = open_beside(path, &mut transaction).await?;
        transaction.commit().await.map_err(storage_error)?;
        Ok(Self { registry, ledger })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one connection of a pool is set to.
    async fn setting(pool: &SqlitePool, pragma: &'static str) -> i64 {
        sqlx::query_scalar(pragma).fetch_one(pool).await.unwrap()
    }

    #[tokio::test]
    async fn commits_are_durable_and_waits_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("portvakt.db"))
            .await
            .unwrap();
        for pool in [&store.writer, &store.readers, &store.gatherers] {
            let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
                .fetch_one(pool)
                .await
                .unwrap();
            assert_eq!(mode, "wal");
            assert_eq!(setting(pool, "PRAGMA synchronous").await, 2, "FULL");
            assert_eq!(setting(pool, "PRAGMA foreign_keys").await, 1);
            assert_eq!(setting(pool, "PRAGMA busy_timeout").await, 5000);
        }
        for pool in [&store.readers, &store.gatherers] {
            assert_eq!(setting(pool, "PRAGMA query_only").await, 1);
        }
        assert_eq!(setting(&store.writer, "PRAGMA query_only").await, 0);
    }
}
