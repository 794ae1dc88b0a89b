//! From the driver's errors to the port's. Messages hold codes and names of constraints, never
//! values.

use std::time::Duration;

use portvakt_core::ports::StorageError;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use tokio::time::timeout;

/// How long the server may take to answer a statement. Longer than its own limits, so that this
/// one counts only if nothing comes back at all.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// How long it may take when a token request waits for it. A node that was cut off from its
/// database serves again within five seconds once there is a way to it.
const ANSWER_SOON_WITHIN: Duration = Duration::from_secs(3);

/// Waits for what a statement comes to, but not for ever: a server that was cut off says nothing.
pub(crate) async fn answered<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StorageError> {
    answered_within(ANSWER_WITHIN, statement).await
}

/// As [`answered`], for what a token request waits for.
pub(crate) async fn answered_soon<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StorageError> {
    answered_within(ANSWER_SOON_WITHIN, statement).await
}

async fn answered_within<T>(
    limit: Duration,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StorageError> {
    match timeout(limit, statement).await {
        Ok(result) => result.map_err(storage_error),
        Err(_) => Err(unavailable("the server did not answer in time")),
    }
}

/// What a failed statement means to the caller of a port.
pub(crate) fn storage_error(error: sqlx::Error) -> StorageError {
    match error {
        sqlx::Error::Database(error) => database_error(error.as_ref()),
        sqlx::Error::ColumnDecode { index, .. } => StorageError::Corrupt {
            table: "unknown",
            column: "unknown",
            key: index,
        },
        sqlx::Error::PoolTimedOut => unavailable("no connection was free or could be made in time"),
        sqlx::Error::PoolClosed => unavailable("it is closed"),
        sqlx::Error::Io(error) => {
            StorageError::Unavailable(format!("the connection failed: {}", error.kind()))
        }
        sqlx::Error::Tls(error) => StorageError::Unavailable(format!("TLS failed: {error}")),
        // What is wrong with an address is not said: it may be part of a password.
        sqlx::Error::Configuration(_) => unavailable("the address of the database is not valid"),
        _ => unavailable("the driver failed"),
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

pub(crate) fn unavailable(reason: &str) -> StorageError {
    StorageError::Unavailable(reason.to_owned())
}

/// Whether the engine said that it does not have what was asked for.
pub(crate) fn is_lacking(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    // Undefined parameter, undefined function, syntax that is unknown, feature not supported.
    matches!(
        error.code().as_deref(),
        Some("42704" | "42883" | "42601" | "0A000")
    )
}

fn database_error(error: &dyn DatabaseError) -> StorageError {
    let code = error.code().unwrap_or_default();
    if let Some(known) = known(&code) {
        return unavailable(known);
    }
    match code.get(..2) {
        Some("23") => StorageError::Refused(match error.constraint() {
            Some(constraint) => format!("it breaks {constraint}"),
            None => format!("it breaks a constraint ({code})"),
        }),
        // A text with a zero byte, a number out of range; a key that is too long to be indexed; a
        // transaction in which a statement failed.
        Some("22" | "54") => StorageError::Refused(format!("a value cannot be kept ({code})")),
        Some("25") => StorageError::Refused(format!("the transaction cannot go on ({code})")),
        Some("08" | "57") => unavailable("the server closed the connection"),
        Some("53") => unavailable("the server has too little of something"),
        Some("28") => unavailable("the server refused the login"),
        _ => StorageError::Unavailable(format!("PostgreSQL failed with code {code}")),
    }
}

/// Codes that whoever operates the server should be told of in words.
fn known(code: &str) -> Option<&'static str> {
    Some(match code {
        "25006" => "the server is read-only: it may be a standby",
        "25P03" | "57P05" => "the transaction was left idle for too long",
        "40001" | "40P01" => "another transaction was in the way: try again",
        "55P03" => "another transaction is writing",
        "57014" => "the statement took too long",
        "53100" => "the disk is full",
        "53300" => "the server has too many connections",
        "3D000" => "the server has no such database",
        "42501" => "the login may not do this in the database",
        "42P01" | "42703" => "the database does not have the schema of this program",
        "XX001" | "XX002" => "the database is damaged: restore a backup",
        _ => return None,
    })
}
