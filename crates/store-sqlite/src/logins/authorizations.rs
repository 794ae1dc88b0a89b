//! Authorizations: how they are given, found and ended.

use portvakt_core::Timestamp;
use portvakt_core::login::port::{Authorizing, Completion, Ending, Saving};
use portvakt_core::login::record::{Authorization, AuthorizationId, PersonId, RevocationReason};
use portvakt_core::ports::StorageError;
use sqlx::SqliteConnection;

use super::rows::AuthorizationRow;
use super::{codes, history, requests, sessions};
use crate::columns::{document, word};
use crate::fault::storage_error;
use crate::store::SqliteStore;

/// Dropping the transaction undoes what was done before a condition did not hold.
pub(super) async fn authorize(
    store: &SqliteStore,
    completion: &Completion<'_>,
    now: Timestamp,
) -> Result<Authorizing, StorageError> {
    completion.check()?;
    let mut writing = store.begin_write().await?;
    if !end(&mut writing, completion, now).await? {
        return Ok(Authorizing::Ended);
    }
    match sessions::save(&mut writing, completion.session, now).await? {
        Saving::Saved => {}
        Saving::Overtaken => return Ok(Authorizing::SessionOvertaken),
        Saving::Blocked => return Ok(Authorizing::Blocked),
    }
    if !insert(&mut writing, completion.authorization).await? {
        return Ok(Authorizing::Blocked);
    }
    codes::insert(&mut writing, completion.code).await?;
    history::insert(&mut writing, completion.history).await?;
    writing.commit().await.map_err(storage_error)?;
    Ok(Authorizing::Authorized)
}

async fn end(
    connection: &mut SqliteConnection,
    completion: &Completion<'_>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    match completion.ending {
        Ending::Nothing => Ok(true),
        Ending::Transaction(transaction) => requests::end(connection, transaction, now).await,
        Ending::Pushed(request_uri) => {
            let digest = request_uri.as_bytes().as_slice();
            let client_id = completion.authorization.client_id.as_str();
            let now = now.milliseconds();
            let consume = sqlx::query!(
                "DELETE FROM pushed_requests
                 WHERE request_uri = $1 AND client_id = $2 AND browser IS NULL AND expires_at > $3",
                digest,
                client_id,
                now
            );
            let consumed = consume.execute(connection).await.map_err(storage_error)?;
            Ok(consumed.rows_affected() == 1)
        }
    }
}

/// Keeps an authorization by somebody who may log in. That need not be the session's person: a foreign
/// identity may have been matched with them.
async fn insert(
    connection: &mut SqliteConnection,
    authorization: &Authorization,
) -> Result<bool, StorageError> {
    let id = authorization.id.as_str();
    let client_id = authorization.client_id.as_str();
    let person_id = authorization.person.as_str();
    let session_id = authorization.session.as_str();
    let details = document(&authorization.details)?;
    let authorized_at = authorization.authorized_at.milliseconds();
    let ends_at = authorization.ends_at.milliseconds();
    let insert = sqlx::query!(
        "INSERT INTO authorizations (id, client_id, person_id, session_id, login_only, details,
             authorized_at, ends_at, id_token_at)
         SELECT $1, $2, id, $3, $4, $5, $6, $7, -1 FROM login_people
         WHERE id = $8 AND blocked_code IS NULL",
        id,
        client_id,
        session_id,
        authorization.login_only,
        details,
        authorized_at,
        ends_at,
        person_id
    );
    let inserted = insert.execute(connection).await.map_err(storage_error)?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn find(
    connection: &mut SqliteConnection,
    id: &AuthorizationId,
) -> Result<Option<Authorization>, StorageError> {
    let id = id.as_str();
    let found = sqlx::query_as!(
        AuthorizationRow,
        "SELECT id, client_id, person_id, session_id, login_only, details, authorized_at, ends_at,
             redeemed_at, revoked_at, revoked_reason
         FROM authorizations WHERE id = $1",
        id
    );
    let found = found.fetch_optional(connection).await;
    found
        .map_err(storage_error)?
        .map(AuthorizationRow::read)
        .transpose()
}

/// Ends an authorization that is live, and marks its tokens for the revoke list.
pub(super) async fn revoke(
    connection: &mut SqliteConnection,
    id: &AuthorizationId,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let id = id.as_str();
    let reason = word(&reason)?;
    let at = now.milliseconds();
    let revoke = sqlx::query!(
        "UPDATE authorizations SET revoked_at = $1, revoked_reason = $2
         WHERE id = $3 AND revoked_at IS NULL AND ends_at > $1",
        at,
        reason,
        id
    );
    let revoked = revoke.execute(&mut *connection).await;
    if revoked.map_err(storage_error)?.rows_affected() == 0 {
        return Ok(false);
    }
    let tokens = sqlx::query!(
        "UPDATE access_tokens SET revoked_at = $1
         WHERE authorization_id = $2 AND revoked_at IS NULL AND expires_at > $1",
        at,
        id
    );
    tokens.execute(connection).await.map_err(storage_error)?;
    Ok(true)
}

pub(super) async fn list(
    store: &SqliteStore,
    person: &PersonId,
    after: Option<&Authorization>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Authorization>, StorageError> {
    let person_id = person.as_str();
    // Before everything that is listed: no instant is later.
    let after_at = after.map_or(i64::MAX, |after| after.authorized_at.milliseconds());
    let after_id = after.map_or("", |after| after.id.as_str());
    let now = now.milliseconds();
    let listed = sqlx::query_as!(
        AuthorizationRow,
        "SELECT id, client_id, person_id, session_id, login_only, details, authorized_at, ends_at,
             redeemed_at, revoked_at, revoked_reason
         FROM authorizations
         WHERE person_id = $1 AND (authorized_at, id) < ($2, $3) AND ends_at > $4
             AND redeemed_at IS NOT NULL AND revoked_at IS NULL
         ORDER BY authorized_at DESC, id DESC LIMIT $5",
        person_id,
        after_at,
        after_id,
        now,
        limit
    );
    let listed = listed.fetch_all(&store.readers).await;
    let rows = listed.map_err(storage_error)?.into_iter();
    rows.map(AuthorizationRow::read).collect()
}
