//! Authorizations: how they are given, found and ended.

use portvakt_core::Timestamp;
use portvakt_core::login::port::{Authorizing, Completion, Ending, Saving};
use portvakt_core::login::record::{Authorization, AuthorizationId, PersonId, RevocationReason};
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use super::rows::AuthorizationRow;
use super::{codes, history, people, requests, sessions};
use crate::columns::{document, word};
use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;

/// Dropping the transaction undoes what was done before a condition did not hold.
pub(super) async fn authorize(
    store: &PostgresStore,
    completion: &Completion<'_>,
    now: Timestamp,
) -> Result<Authorizing, StorageError> {
    completion.check()?;
    let mut writing = store.begin_login().await?;
    let given = completion.authorization;
    // A foreign identity may have been matched with a person who is not the session's.
    let people = [&completion.session.person, &given.person];
    if !people::hold(&mut writing, &people).await? {
        return Ok(Authorizing::Blocked);
    }
    if !end(&mut writing, completion, now).await? {
        return Ok(Authorizing::Ended);
    }
    match sessions::save(&mut writing, completion.session, now).await? {
        Saving::Saved => {}
        Saving::Overtaken => return Ok(Authorizing::SessionOvertaken),
        Saving::Blocked => return Ok(Authorizing::Blocked),
    }
    insert(&mut writing, given).await?;
    codes::insert(&mut writing, completion.code).await?;
    history::insert(&mut writing, completion.history).await?;
    answered(writing.commit()).await?;
    Ok(Authorizing::Authorized)
}

async fn end(
    connection: &mut PgConnection,
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
            let consumed = answered(consume.execute(connection)).await?;
            Ok(consumed.rows_affected() == 1)
        }
    }
}

async fn insert(
    connection: &mut PgConnection,
    authorization: &Authorization,
) -> Result<(), StorageError> {
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
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, -1)",
        id,
        client_id,
        person_id,
        session_id,
        authorization.login_only,
        details,
        authorized_at,
        ends_at
    );
    answered(insert.execute(connection)).await?;
    Ok(())
}

pub(super) async fn find(
    connection: &mut PgConnection,
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
    let found = answered(found.fetch_optional(connection)).await?;
    found.map(AuthorizationRow::read).transpose()
}

/// Ends an authorization that is live, and marks its tokens for the revoke list. It waits for whoever
/// is issuing; the second statement then sees what they issued.
pub(super) async fn revoke(
    connection: &mut PgConnection,
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
    let revoked = answered(revoke.execute(&mut *connection)).await?;
    if revoked.rows_affected() == 0 {
        return Ok(false);
    }
    let tokens = sqlx::query!(
        "UPDATE access_tokens SET revoked_at = $1
         WHERE authorization_id = $2 AND revoked_at IS NULL AND expires_at > $1",
        at,
        id
    );
    answered(tokens.execute(connection)).await?;
    Ok(true)
}

pub(super) async fn list(
    store: &PostgresStore,
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
        i64::from(limit)
    );
    let listed = answered_soon(listed.fetch_all(&store.readers)).await?;
    let rows = listed.into_iter();
    rows.map(AuthorizationRow::read).collect()
}
