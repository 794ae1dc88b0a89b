//! The store: its connections, and how it opens.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::ports::{Revision, StorageError, Store, UnitOfWork};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, Transaction};

use crate::fault::{is_busy, migration_error, storage_error};
use crate::ledger::Ledger;
use crate::unit::{Mode, SqliteUnit};
use crate::write_back::{LONGEST_LOG, WriteBack};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a write waits for another process or transaction, and a read for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const READERS: u32 = 8;
/// What several requests lack is read for all of them at once: by one connection for clients, and by
/// one for access.
const GATHERERS: u32 = 2;
/// Pages that each of them keeps, enough for the one client that it looks for. All of them are
/// forgotten before the next read, because the ledger has written meanwhile, and memory that is given
/// back so often costs more than reading a page again.
const GATHERERS_PAGES: u32 = 64;
/// Pages that the writer keeps in memory, in KiB.
const WRITERS_PAGES_KIB: u32 = 16 * 1024;
const OPEN_ATTEMPTS: u32 = 500;
const OPEN_PAUSE: Duration = Duration::from_millis(10);

/// A store in one SQLite file.
///
/// One connection writes: units of work and batches of the ledger take turns on it, first come,
/// first served. A unit of work holds it from [`Store::begin`] until it is committed or dropped,
/// so it must be short; whoever waits longer than 5 seconds gets [`StorageError::Unavailable`].
/// Readers never wait for the writer.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    pub(crate) gatherers: SqlitePool,
    pub(crate) ledger: Ledger,
    write_back: WriteBack,
}

impl SqliteStore {
    /// Opens the file, makes it (mode 0600, in a folder that exists) if need be, and brings its
    /// schema up to date. Several processes may do so at once. A schema from a later version is
    /// refused, and so is a file whose contents were moved to another store.
    ///
    /// Must be called inside a Tokio runtime, where the ledger's task then runs until the store is
    /// dropped.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref();
        crate::file::create_private(path)?;
        let writer = open_writer(path).await?;
        migrate(&writer).await?;
        let mut connection = writer.acquire().await.map_err(storage_error)?;
        crate::transfer::refuse_sealed(&mut connection).await?;
        drop(connection);
        let reading = options(path).pragma("query_only", "ON");
        let readers = pool(READERS).connect_lazy_with(reading.clone());
        let gathering = reading.pragma("cache_size", GATHERERS_PAGES.to_string());
        let gatherers = pool(GATHERERS).connect_lazy_with(gathering);
        let write_back = WriteBack::start(pool(1).connect_lazy_with(options(path)));
        let ledger = Ledger::start(writer.clone(), write_back.due());
        Ok(Self {
            writer,
            readers,
            gatherers,
            ledger,
            write_back,
        })
    }

    /// Closes every connection after the transactions under way. Everything asked of the store
    /// later is [`StorageError::Unavailable`]. Without it, dropping the store closes them too, a
    /// little later.
    pub async fn close(&self) {
        self.readers.close().await;
        self.gatherers.close().await;
        self.write_back.close().await;
        // The last connection to close writes the log back into the file.
        self.writer.close().await;
    }

    /// Begins a transaction that holds the right to write from its first statement on.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        begin_immediate(&self.writer).await.map_err(storage_error)
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
        self.ledger.check()?;
        // A write that fails if the disk is full. Of one that changes nothing SQLite would write
        // nothing; what is changed and changed back goes to the disk.
        let mut transaction = self.begin_write().await?;
        let there = sqlx::query!("UPDATE revision SET number = number + 1");
        let back = sqlx::query!("UPDATE revision SET number = number - 1");
        for step in [there, back] {
            let changed = step.execute(&mut *transaction).await;
            changed.map_err(storage_error)?;
        }
        transaction.commit().await.map_err(storage_error)
    }
}

pub(crate) async fn begin_immediate(
    writer: &SqlitePool,
) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    // A transaction that begins as a reader could not become a writer once another has written.
    writer.begin_with("BEGIN IMMEDIATE").await
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

/// A writer's own. The ledger's records of a busy minute stay in memory, so that recording the next
/// reads nothing.
fn writing(path: &Path) -> SqliteConnectOptions {
    let kibibytes = format!("-{WRITERS_PAGES_KIB}");
    options(path)
        .pragma("cache_size", kibibytes)
        .pragma("wal_autocheckpoint", LONGEST_LOG.to_string())
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        // The connection is a file in this process: there is no peer that may have gone away.
        .test_before_acquire(false)
        // When the disk fails, SQLite undoes a transaction by itself. The driver's own attempt to
        // undo it then fails, and it begins no other one on this connection, for ever.
        .after_release(|connection, _| {
            Box::pin(async move {
                // What was asked for before is done when this is.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

/// Connects to the file. SQLite does not wait, but fails, when two connections turn a new file to
/// WAL at the same moment, so this tries again.
pub(crate) async fn open_writer(path: &Path) -> Result<SqlitePool, StorageError> {
    let mut attempt = 1;
    loop {
        match pool(1).connect_with(writing(path)).await {
            Ok(writer) => return Ok(writer),
            Err(error) if is_busy(&error) && attempt < OPEN_ATTEMPTS => attempt += 1,
            Err(error) => return Err(storage_error(error)),
        }
        tokio::time::sleep(OPEN_PAUSE).await;
    }
}

/// Applies the missing migrations in one transaction. Its lock makes a second process wait, which
/// then finds nothing left to do.
pub(crate) async fn migrate(writer: &SqlitePool) -> Result<(), StorageError> {
    let mut transaction = begin_immediate(writer).await.map_err(storage_error)?;
    // The public `run` makes a future that cannot be sent between threads.
    MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(migration_error)?;
    transaction.commit().await.map_err(storage_error)
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
