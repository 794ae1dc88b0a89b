//! Bringing the schema up to date.

use portvakt_core::ports::StorageError;
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::fault::{is_lacking, migration_error, storage_error};

/// Nodes that start together wait for the one that migrates. The number is nobody else's.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5784651183)";

/// Asks for such a lock without waiting.
const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(5784651184)";

/// In place of the lock, on an engine that has none.
const MAKE_LOCK_ROW: &str = "
    CREATE TABLE IF NOT EXISTS migration_lock (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1));
    INSERT INTO migration_lock (id) VALUES (1) ON CONFLICT DO NOTHING;";
const LOCK_ROW: &str = "SELECT id FROM migration_lock WHERE id = 1 FOR UPDATE";

/// A migration may have much to do, and whoever waits for it as well.
const PATIENCE: &str = "
    SET LOCAL statement_timeout = '10min';
    SET LOCAL lock_timeout = '10min'";

/// Applies the missing migrations in one transaction: all of them or none, by one node.
pub(crate) async fn apply(writers: &PgPool) -> Result<(), StorageError> {
    let has_locks = has_advisory_locks(writers).await?;
    if !has_locks {
        run(writers, MAKE_LOCK_ROW).await.map_err(storage_error)?;
    }
    let mut transaction = writers.begin().await.map_err(storage_error)?;
    run(&mut *transaction, PATIENCE)
        .await
        .map_err(storage_error)?;
    let lock = if has_locks { LOCK } else { LOCK_ROW };
    run(&mut *transaction, lock).await.map_err(storage_error)?;
    migrate(&mut transaction).await?;
    transaction.commit().await.map_err(storage_error)
}

async fn migrate(transaction: &mut Transaction<'static, Postgres>) -> Result<(), StorageError> {
    let mut migrator = sqlx::migrate!();
    migrator.set_locking(false);
    let connection: &mut PgConnection = transaction;
    // The public `run` makes a future that cannot be sent between threads.
    migrator
        .run_direct(None, connection, false)
        .await
        .map_err(migration_error)
}

async fn has_advisory_locks(writers: &PgPool) -> Result<bool, StorageError> {
    match run(writers, TRY_LOCK).await {
        Ok(()) => Ok(true),
        Err(error) if is_lacking(&error) => Ok(false),
        Err(error) => Err(storage_error(error)),
    }
}

async fn run<'c>(
    executor: impl sqlx::Executor<'c, Database = Postgres>,
    sql: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(executor).await.map(|_| ())
}
