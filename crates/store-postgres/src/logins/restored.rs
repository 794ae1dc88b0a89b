//! What a restored store must not believe of logins.

use portvakt_core::Timestamp;
use portvakt_core::login::record::RevocationReason;
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use crate::columns::word;
use crate::fault::answered;

/// Forgets what may be used once, because it may have been, and sessions, because they may have ended;
/// and revokes every authorization. People, history and secrets stay, and the tokens that the
/// revoke list is to tell of.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    at: Timestamp,
) -> Result<(), StorageError> {
    let at = at.milliseconds();
    let reason = word(&RevocationReason::Restored)?;
    let statements = [
        sqlx::query!("DELETE FROM pushed_requests"),
        sqlx::query!("DELETE FROM login_transactions"),
        sqlx::query!("DELETE FROM parked_logouts"),
        sqlx::query!("DELETE FROM login_sessions"),
        sqlx::query!("DELETE FROM authorization_codes"),
        sqlx::query!("DELETE FROM refresh_tokens"),
        sqlx::query!(
            "UPDATE authorizations SET revoked_at = $1, revoked_reason = $2
             WHERE revoked_at IS NULL",
            at,
            reason
        ),
        sqlx::query!(
            "UPDATE access_tokens SET revoked_at = $1 WHERE revoked_at IS NULL",
            at
        ),
    ];
    for statement in statements {
        answered(statement.execute(&mut *connection)).await?;
    }
    Ok(())
}
