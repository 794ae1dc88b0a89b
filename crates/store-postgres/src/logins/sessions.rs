//! Sessions.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::login::HandleDigest;
use portvakt_core::login::port::{LoginSessions, Saving};
use portvakt_core::login::record::{RevocationReason, Session, SessionId};
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use super::people;
use crate::columns::{Row, document, instant, word};
use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;

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
impl LoginSessions for PostgresStore {
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
        let found = answered_soon(found.fetch_optional(&self.readers)).await?;
        found.map(SessionRow::read).transpose()
    }

    async fn save_session(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<Saving, StorageError> {
        let mut writing = self.begin_login().await?;
        let saving = save(&mut writing, session, now).await?;
        answered(writing.commit()).await?;
        Ok(saving)
    }

    async fn end_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        let mut writing = self.begin_login().await?;
        let ended = end(&mut writing, id, now).await?;
        answered(writing.commit()).await?;
        Ok(ended)
    }
}

/// Keeps a new session of somebody who may log in, or another version of one that is found.
pub(super) async fn save(
    connection: &mut PgConnection,
    session: &Session,
    now: Timestamp,
) -> Result<Saving, StorageError> {
    if session.version == 0 {
        if !people::hold(connection, &[&session.person]).await? {
            return Ok(Saving::Blocked);
        }
        insert(connection, session).await
    } else {
        update(connection, session, now).await
    }
}

async fn insert(connection: &mut PgConnection, session: &Session) -> Result<Saving, StorageError> {
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
         VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        id,
        cookie,
        person_id,
        logins,
        clients,
        last_request_at,
        created,
        expires_at
    );
    answered(insert.execute(connection)).await?;
    Ok(Saving::Saved)
}

/// Somebody who is blocked has no session left to be found. A version that another transaction has
/// saved meanwhile is waited for, and no longer the one that is asked for.
async fn update(
    connection: &mut PgConnection,
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
        i64::from(session.version),
        now,
        person_id
    );
    let updated = answered(update.execute(connection)).await?;
    Ok(match updated.rows_affected() {
        0 => Saving::Overtaken,
        _ => Saving::Saved,
    })
}

async fn end(
    connection: &mut PgConnection,
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
    let ended = answered(end.fetch_optional(&mut *connection)).await?;
    let Some(row) = ended else {
        return Ok(None);
    };
    let reason = word(&RevocationReason::Logout)?;
    // Whoever gives an authorization in this session saves the session first. So it was committed
    // before the row was deleted, and this statement sees it, or it will find no session.
    let revoke = sqlx::query!(
        "UPDATE authorizations SET revoked_at = $1, revoked_reason = $2 WHERE id IN
             (SELECT id FROM authorizations
              WHERE session_id = $3 AND login_only AND revoked_at IS NULL AND ends_at > $1
              ORDER BY id FOR UPDATE)",
        at,
        reason,
        id
    );
    answered(revoke.execute(&mut *connection)).await?;
    let tokens = sqlx::query!(
        "UPDATE access_tokens SET revoked_at = $1
         WHERE revoked_at IS NULL AND expires_at > $1 AND authorization_id IN
             (SELECT id FROM authorizations WHERE session_id = $2 AND revoked_at IS NOT NULL)",
        at,
        id
    );
    answered(tokens.execute(connection)).await?;
    row.read().map(Some)
}
