//! Authorization codes.

use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::login::HandleDigest;
use portvakt_core::login::port::Redemption;
use portvakt_core::login::record::{AuthorizationCode, CODE_MEMORY, RevocationReason};
use portvakt_core::ports::StorageError;
use sqlx::SqliteConnection;

use super::authorizations;
use crate::columns::{Row, document, instant};
use crate::fault::storage_error;
use crate::store::SqliteStore;

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    code: &AuthorizationCode,
) -> Result<(), StorageError> {
    let digest = code.code.as_bytes().as_slice();
    let authorization_id = code.authorization.as_str();
    let client_id = code.client_id.as_str();
    let details = document(&code.details)?;
    let issued_at = code.issued_at.milliseconds();
    let expires_at = code.expires_at.milliseconds();
    let keep_until = code.issued_at.plus(CODE_MEMORY).max(code.expires_at);
    let keep_until = keep_until.milliseconds();
    let insert = sqlx::query!(
        "INSERT INTO authorization_codes (code, authorization_id, client_id, details, issued_at,
             expires_at, keep_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        digest,
        authorization_id,
        client_id,
        details,
        issued_at,
        expires_at,
        keep_until
    );
    insert.execute(connection).await.map_err(storage_error)?;
    Ok(())
}

/// Whoever finds the code unused uses it, in one statement. Everybody else finds it used, and ends
/// what it was used for.
pub(super) async fn redeem(
    store: &SqliteStore,
    digest: &HandleDigest,
    client_id: &ClientId,
    now: Timestamp,
) -> Result<Redemption, StorageError> {
    let mut writing = store.begin_write().await?;
    let Some(code) = find(&mut writing, digest).await? else {
        return Ok(Redemption::Unknown);
    };
    if code.client_id != *client_id {
        return Ok(Redemption::Foreign);
    }
    let redemption = if spend(&mut writing, &code, now).await? {
        let authorization = authorizations::find(&mut writing, &code.authorization).await?;
        let authorization =
            authorization.ok_or_else(|| place(&code).corrupt("authorization_id"))?;
        Redemption::Redeemed(Box::new((code, authorization)))
    } else if is_used(&mut writing, digest).await? {
        let reason = RevocationReason::CodeReplay;
        authorizations::revoke(&mut writing, &code.authorization, reason, now).await?;
        Redemption::Replayed(code.authorization)
    } else {
        Redemption::Expired
    };
    writing.commit().await.map_err(storage_error)?;
    Ok(redemption)
}

fn place(code: &AuthorizationCode) -> Row<'_> {
    Row {
        table: "authorization_codes",
        key: code.authorization.as_str(),
    }
}

async fn find(
    connection: &mut SqliteConnection,
    digest: &HandleDigest,
) -> Result<Option<AuthorizationCode>, StorageError> {
    let bytes = digest.as_bytes().as_slice();
    let found = sqlx::query!(
        "SELECT authorization_id, client_id, details, issued_at, expires_at
         FROM authorization_codes WHERE code = $1",
        bytes
    );
    let found = found.fetch_optional(connection).await;
    let Some(row) = found.map_err(storage_error)? else {
        return Ok(None);
    };
    let place = Row {
        table: "authorization_codes",
        key: &row.authorization_id,
    };
    Ok(Some(AuthorizationCode {
        code: *digest,
        authorization: place.parse("authorization_id", &row.authorization_id)?,
        client_id: place.parse("client_id", &row.client_id)?,
        issued_at: instant(row.issued_at),
        expires_at: instant(row.expires_at),
        details: place.document("details", &row.details)?,
    }))
}

async fn is_used(
    connection: &mut SqliteConnection,
    digest: &HandleDigest,
) -> Result<bool, StorageError> {
    let digest = digest.as_bytes().as_slice();
    let used = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM authorization_codes WHERE code = $1 AND used_at IS NOT NULL",
        digest
    );
    let used = used.fetch_one(connection).await.map_err(storage_error)?;
    Ok(used > 0)
}

/// Uses the code, if nobody has and its time is not over.
async fn spend(
    connection: &mut SqliteConnection,
    code: &AuthorizationCode,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let digest = code.code.as_bytes().as_slice();
    let authorization_id = code.authorization.as_str();
    let now = now.milliseconds();
    let mark = sqlx::query!(
        "UPDATE authorization_codes SET used_at = $1
         WHERE code = $2 AND used_at IS NULL AND expires_at > $1",
        now,
        digest
    );
    let marked = mark.execute(&mut *connection).await;
    if marked.map_err(storage_error)?.rows_affected() == 0 {
        return Ok(false);
    }
    let redeemed = sqlx::query!(
        "UPDATE authorizations SET redeemed_at = $1 WHERE id = $2",
        now,
        authorization_id
    );
    redeemed.execute(connection).await.map_err(storage_error)?;
    Ok(true)
}
