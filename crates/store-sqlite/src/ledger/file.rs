//! The ledger's file, `<registry>-ledger`: apart from the registry's, because it is written a hundred
//! times a second. A commit makes SQLite forget the pages that readers of the same file keep, and what
//! a record costs goes by the size of the page that it is in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use portvakt_core::ports::StorageError;
use portvakt_core::transfer::unknown_until;
use portvakt_core::{Clock, SystemClock, Timestamp};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::rows;
use super::write_back::LONGEST_LOG;
use crate::connections::{begin_immediate, options, writer};
use crate::fault::{migration_error, storage_error};
use crate::file::create_private;

static MIGRATIONS: Migrator = sqlx::migrate!("./ledger");

/// In bytes. Most batches are small, and write two or three pages: to the log, and from there to the file.
pub(super) const PAGE_SIZE: u32 = 1024;
/// Pages that the writer keeps in memory, in KiB: the records of half a busy minute, so that recording
/// the next reads next to nothing.
const WRITERS_PAGES_KIB: u32 = 8 * 1024;
/// `application_id` of a registry that has a ledger beside it: "PVKT". It is 0 in one that is new.
const HAS_A_LEDGER: i64 = 0x5056_4b54;

/// Where the ledger of the registry in this file is.
pub(super) fn beside(registry: &Path) -> PathBuf {
    let mut path = OsString::from(registry);
    path.push("-ledger");
    path.into()
}

/// Opens the ledger of a registry, and makes it (mode 0600) if need be. `registry` holds the right to
/// write there, and what this writes is true only once that is committed.
///
/// Beside a registry that had a ledger before, a new one cannot know which grants that one held. So it
/// is closed to all of them.
pub(crate) async fn open_beside(
    path: &Path,
    registry: &mut SqliteConnection,
) -> Result<SqlitePool, StorageError> {
    let path = beside(path);
    create_private(&path)?;
    let writer = writer(writing(&path)).await?;
    let mut ledger = begin_immediate(&writer).await?;
    let is_new = !has_table(&mut ledger).await?;
    // The public `run` makes a future that cannot be sent between threads.
    MIGRATIONS
        .run_direct(None, &mut *ledger, false)
        .await
        .map_err(migration_error)?;
    if is_new && had_one(registry).await? {
        let now = SystemClock.now();
        close_until(&mut ledger, unknown_until(now)).await?;
        tracing::warn!(
            file = %path.display(),
            "the ledger of used grants was not there: whatever was issued until {now} counts as used"
        );
    }
    ledger.commit().await.map_err(storage_error)?;
    mark(registry).await?;
    Ok(writer)
}

/// Makes every grant that is kept until then, or for less, count as used. A row without a grant says so; it
/// expires as all do.
pub(crate) async fn close_until(
    ledger: &mut SqliteConnection,
    end: Timestamp,
) -> Result<(), StorageError> {
    rows::add(ledger, end.milliseconds(), &[]).await?;
    Ok(())
}

fn writing(path: &Path) -> SqliteConnectOptions {
    let kibibytes = format!("-{WRITERS_PAGES_KIB}");
    options(path)
        .page_size(PAGE_SIZE)
        .pragma("cache_size", kibibytes)
        .pragma("wal_autocheckpoint", LONGEST_LOG.to_string())
}

async fn has_table(ledger: &mut SqliteConnection) -> Result<bool, StorageError> {
    let tables: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'used%'")
            .fetch_one(ledger)
            .await
            .map_err(storage_error)?;
    Ok(tables > 0)
}

/// Whether the registry had a ledger: beside it, or, as in earlier versions, in its own file.
async fn had_one(registry: &mut SqliteConnection) -> Result<bool, StorageError> {
    let within = sqlx::query_scalar!("SELECT EXISTS (SELECT 1 FROM used_grants)")
        .fetch_one(&mut *registry)
        .await
        .map_err(storage_error)?;
    Ok(within != 0 || application_id(registry).await? == HAS_A_LEDGER)
}

async fn application_id(registry: &mut SqliteConnection) -> Result<i64, StorageError> {
    sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(registry)
        .await
        .map_err(storage_error)
}

/// Says that the registry has a ledger beside it.
async fn mark(registry: &mut SqliteConnection) -> Result<(), StorageError> {
    if application_id(registry).await? == HAS_A_LEDGER {
        return Ok(());
    }
    let within = sqlx::query!("DELETE FROM used_grants");
    within
        .execute(&mut *registry)
        .await
        .map_err(storage_error)?;
    let mark = AssertSqlSafe(format!("PRAGMA application_id = {HAS_A_LEDGER}"));
    sqlx::raw_sql(mark)
        .execute(registry)
        .await
        .map_err(storage_error)?;
    Ok(())
}
