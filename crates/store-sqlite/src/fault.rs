//! From the driver's errors to the port's. Messages hold codes and names of columns, never values.

use portvakt_core::ports::StorageError;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const CONSTRAINT: i32 = 19;
const NOT_A_DATABASE: i32 = 26;

/// What a failed statement means to the caller of a port.
pub(crate) fn storage_error(error: sqlx::Error) -> StorageError {
    match error {
        sqlx::Error::Database(error) => database_error(error.as_ref()),
        sqlx::Error::ColumnDecode { index, .. } => StorageError::Corrupt {
            table: "unknown",
            column: "unknown",
            key: index,
        },
        sqlx::Error::PoolTimedOut => unavailable("every connection is in use"),
        sqlx::Error::PoolClosed => unavailable("it is closed"),
        sqlx::Error::Io(error) => StorageError::Unavailable(error.kind().to_string()),
        other => StorageError::Unavailable(format!("the driver failed: {other}")),
    }
}

/// What a failed migration means to whoever opens the store.
pub(crate) fn migration_error(error: MigrateError) -> StorageError {
    match error {
        MigrateError::VersionMissing(version) => StorageError::Unavailable(format!(
            "the database has migration {version}, which this version of the program does not \
             know: use the version that wrote it, or a later one"
        )),
        MigrateError::VersionMismatch(version) => StorageError::Unavailable(format!(
            "migration {version} of the database is not the one that this program has"
        )),
        MigrateError::Dirty(version) => StorageError::Unavailable(format!(
            "migration {version} of the database was left half done: restore a backup"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            storage_error(error)
        }
        other => StorageError::Unavailable(format!("the database cannot be migrated: {other}")),
    }
}

/// Whether another connection was in the way, so that the same act may succeed now.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    matches!(primary_code(error.as_ref()), BUSY | LOCKED)
}

pub(crate) fn unavailable(reason: &str) -> StorageError {
    StorageError::Unavailable(reason.to_owned())
}

fn database_error(error: &dyn DatabaseError) -> StorageError {
    match primary_code(error) {
        // SQLite names the columns of the constraint and not the values.
        CONSTRAINT => StorageError::Refused(error.message().to_owned()),
        BUSY | LOCKED => unavailable("another process or transaction is writing"),
        READ_ONLY => unavailable("the database cannot be written"),
        IO_ERROR => unavailable("the disk failed"),
        FULL => unavailable("the disk is full"),
        CANNOT_OPEN => unavailable("the database file cannot be opened"),
        CORRUPT => unavailable("the database file is damaged: restore a backup"),
        NOT_A_DATABASE => unavailable("the file is not a database of Portvakt"),
        code => StorageError::Unavailable(format!("SQLite failed with code {code}")),
    }
}

/// The result code without its extension; 0 if there is none.
fn primary_code(error: &dyn DatabaseError) -> i32 {
    error
        .code()
        .and_then(|code| code.parse::<i32>().ok())
        .map_or(0, |code| code & 0xff)
}
