//! Removing what nothing can be asked of any more.

use portvakt_core::login::port::Retention;
use portvakt_core::ports::StorageError;
use sqlx::postgres::PgPool;

use crate::fault::answered;

/// One statement for each table. What refers to something goes before it. Rows that another node is
/// removing or using are left to it.
pub(super) async fn remove(
    connections: &PgPool,
    ends: Retention,
    limit: u32,
) -> Result<u64, StorageError> {
    let begun_ended_before = ends.begun_ended_before.milliseconds();
    let now = ends.now.milliseconds();
    let ended_before = ends.authorizations_ended_before.milliseconds();
    let history_before = ends.history_before.milliseconds();
    let statements = [
        sqlx::query!(
            "DELETE FROM pushed_requests WHERE request_uri IN
                 (SELECT request_uri FROM pushed_requests WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            begun_ended_before,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM login_transactions WHERE handle IN
                 (SELECT handle FROM login_transactions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            begun_ended_before,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM parked_logouts WHERE handle IN
                 (SELECT handle FROM parked_logouts WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            begun_ended_before,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM login_sessions WHERE id IN
                 (SELECT id FROM login_sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            now,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM authorization_codes WHERE code IN
                 (SELECT code FROM authorization_codes WHERE keep_until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            now,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM refresh_tokens WHERE token IN
                 (SELECT token FROM refresh_tokens WHERE keep_until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            now,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM access_tokens WHERE id IN
                 (SELECT id FROM access_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            now,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM authorizations WHERE id IN
                 (SELECT id FROM authorizations WHERE ends_at < $1
                      AND NOT EXISTS (SELECT 1 FROM authorization_codes
                          WHERE authorization_id = authorizations.id)
                      AND NOT EXISTS (SELECT 1 FROM refresh_tokens
                          WHERE authorization_id = authorizations.id)
                      AND NOT EXISTS (SELECT 1 FROM access_tokens
                          WHERE authorization_id = authorizations.id)
                  LIMIT $2 FOR UPDATE SKIP LOCKED)",
            ended_before,
            i64::from(limit)
        ),
        sqlx::query!(
            "DELETE FROM login_history WHERE authorization_id IN
                 (SELECT authorization_id FROM login_history WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            history_before,
            i64::from(limit)
        ),
    ];
    let mut removed = 0;
    for statement in statements {
        let done = answered(statement.execute(connections)).await?;
        removed += done.rows_affected();
    }
    Ok(removed)
}
