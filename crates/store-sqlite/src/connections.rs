//! Connections to a file of the store, and what they are set to.

use std::path::Path;
use std::time::Duration;

use portvakt_core::ports::StorageError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, Transaction};

use crate::fault::{is_busy, storage_error};
use crate::unit::Statement;

/// How long a write waits for another process or transaction, and a read for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const OPEN_ATTEMPTS: u32 = 500;
const OPEN_PAUSE: Duration = Duration::from_millis(10);

/// A connection to a file that is there.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

/// As [`options`], for connections that only read.
pub(crate) fn reading(path: &Path) -> SqliteConnectOptions {
    options(path).pragma("query_only", "ON")
}

pub(crate) fn pool(connections: u32) -> SqlitePoolOptions {
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

/// Connects the one connection that writes. SQLite does not wait, but fails, when two connections turn
/// a new file to WAL at the same moment, so this tries again.
pub(crate) async fn writer(options: SqliteConnectOptions) -> Result<SqlitePool, StorageError> {
    let mut attempt = 1;
    loop {
        match pool(1).connect_with(options.clone()).await {
            Ok(writer) => return Ok(writer),
            Err(error) if is_busy(&error) && attempt < OPEN_ATTEMPTS => attempt += 1,
            Err(error) => return Err(storage_error(error)),
        }
        tokio::time::sleep(OPEN_PAUSE).await;
    }
}

/// Whether the file takes writes: fails if the disk is full. Of a write that changes nothing SQLite would
/// write nothing; what is changed and changed back goes to the disk.
pub(crate) async fn check(
    writer: &SqlitePool,
    [there, back]: [Statement<'_>; 2],
) -> Result<(), StorageError> {
    let mut transaction = begin_immediate(writer).await?;
    for step in [there, back] {
        let changed = step.execute(&mut *transaction).await;
        changed.map_err(storage_error)?;
    }
    transaction.commit().await.map_err(storage_error)
}

/// Begins a transaction that holds the right to write from its first statement on: one that begins as
/// a reader could not become a writer once another has written.
pub(crate) async fn begin_immediate(
    writer: &SqlitePool,
) -> Result<Transaction<'static, Sqlite>, StorageError> {
    writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(storage_error)
}
