//! Sessions.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::login::HandleDigest;
use portvakt_core::login::port::{LoginSessions, Saving};
use portvakt_core::login::record::{RevocationReason, Session, SessionId};
use portvakt_core::ports::StorageError;
use sqlx::SqliteConnection;

use crate::columns::{Row, document, instant, word};
use crate::fault::storage_error;
use crate::store::SqliteStore;

struct SessionRow {
    id: String,
    cookie: Vec<u8>,
    person_id: String,
    version: i64,
    logins: String,
    clients: String,
    last_request_at: i64,
    created: i64,
    expires_at: i64,
}

impl SessionRow {
    fn read(self) -> Result<Session, StorageError> {
        let place = Row {
            table: "login_sessions",
            key: &self.id,
        };
        Ok(Session {
            id: place.parse("id", &self.id)?,
            cookie: place.handle("cookie", &self.cookie)?,
            person: place.parse("person_id", &self.person_id)?,
            created_at: instant(self.created),
            last_request_at: instant(self.last_request_at),
            expires_at: instant(self.expires_at),
            version: place.count("version", self.version)?,
            groups: place.document("logins", &self.logins)?,
            clients: place.document("clients", &self.clients)?,
        })
    }
}

#[async_trait]
impl LoginSessions for SqliteStore {
    async fn find_session(
        &self,
        cookie: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        let cookie = cookie.as_bytes().as_slice();
        let now = now.milliseconds();
        let found = sqlx::query_as!(
            SessionRow,
            "SELECT id, cookie, person_id, version, logins, clients, last_request_at, created,
                 expires_at
             FROM login_sessions WHERE cookie = $1 AND expires_at > $2",
            cookie,
            now
        );
        let found = found.fetch_optional(&self.readers).await;
        found
            .map_err(storage_error)?
            .map(SessionRow::read)
            .transpose()
    }

    async fn save_session(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<Saving, StorageError> {
        let mut writing = self.begin_write().await?;
        let saving = save(&mut writing, session, now).await?;
        writing.commit().await.map_err(storage_error)?;
        Ok(saving)
    }

    async fn end_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        let mut writing = self.begin_write().await?;
        let ended = end(&mut writing, id, now).await?;
        writing.commit().await.map_err(storage_error)?;
        Ok(ended)
    }
}

/// Keeps a new session of somebody who may log in, or another version of one that is found.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    session: &Session,
    now: Timestamp,
) -> Result<Saving, StorageError> {
    if session.version == 0 {
        insert(connection, session).await
    } else {
        update(connection, session, now).await
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    session: &Session,
) -> Result<Saving, StorageError> {
    let id = session.id.as_str();
    let cookie = session.cookie.as_bytes().as_slice();
    let person_id = session.person.as_str();
    let logins = document(&session.groups)?;
    let clients = document(&session.clients)?;
    let last_request_at = session.last_request_at.milliseconds();
    let created = session.created_at.milliseconds();
    let expires_at = session.expires_at.milliseconds();
    let insert = sqlx::query!(
        "INSERT INTO login_sessions (id, cookie, person_id, version, logins, clients,
             last_request_at, created, expires_at)
         SELECT $1, $2, id, 1, $4, $5, $6, $7, $8 FROM login_people
         WHERE id = $3 AND blocked_code IS NULL",
        id,
        cookie,
        person_id,
        logins,
        clients,
        last_request_at,
        created,
        expires_at
    );
    let inserted = insert.execute(connection).await.map_err(storage_error)?;
    Ok(match inserted.rows_affected() {
        0 => Saving::Blocked,
        _ => Saving::Saved,
    })
}

/// Somebody who is blocked has no session left to be found.
async fn update(
    connection: &mut SqliteConnection,
    session: &Session,
    now: Timestamp,
) -> Result<Saving, StorageError> {
    let id = session.id.as_str();
    let cookie = session.cookie.as_bytes().as_slice();
    let person_id = session.person.as_str();
    let logins = document(&session.groups)?;
    let clients = document(&session.clients)?;
    let last_request_at = session.last_request_at.milliseconds();
    let expires_at = session.expires_at.milliseconds();
    let now = now.milliseconds();
    let update = sqlx::query!(
        "UPDATE login_sessions SET cookie = $1, version = version + 1, logins = $2, clients = $3,
             last_request_at = $4, expires_at = $5
         WHERE id = $6 AND version = $7 AND expires_at > $8 AND person_id = $9",
        cookie,
        logins,
        clients,
        last_request_at,
        expires_at,
        id,
        session.version,
        now,
        person_id
    );
    let updated = update.execute(connection).await.map_err(storage_error)?;
    Ok(match updated.rows_affected() {
        0 => Saving::Overtaken,
        _ => Saving::Saved,
    })
}

async fn end(
    connection: &mut SqliteConnection,
    id: &SessionId,
    now: Timestamp,
) -> Result<Option<Session>, StorageError> {
    let id = id.as_str();
    let at = now.milliseconds();
    let end = sqlx::query_as!(
        SessionRow,
        "DELETE FROM login_sessions WHERE id = $1 AND expires_at > $2
         RETURNING id, cookie, person_id, version, logins, clients, last_request_at, created,
             expires_at",
        id,
        at
    );
    let ended = end.fetch_optional(&mut *connection).await;
    let Some(row) = ended.map_err(storage_error)? else {
        return Ok(None);
    };
    let reason = word(&RevocationReason::Logout)?;
    let revoke = sqlx::query!(
        "UPDATE authorizations SET revoked_at = $1, revoked_reason = $2
         WHERE session_id = $3 AND login_only AND revoked_at IS NULL AND ends_at > $1",
        at,
        reason,
        id
    );
    revoke
        .execute(&mut *connection)
        .await
        .map_err(storage_error)?;
    let tokens = sqlx::query!(
        "UPDATE access_tokens SET revoked_at = $1
         WHERE revoked_at IS NULL AND expires_at > $1 AND authorization_id IN
             (SELECT id FROM authorizations WHERE session_id = $2 AND revoked_at IS NOT NULL)",
        at,
        id
    );
    tokens.execute(connection).await.map_err(storage_error)?;
    row.read().map(Some)
}
