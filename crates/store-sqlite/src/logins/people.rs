//! People who have logged in.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::login::Acr;
use portvakt_core::login::port::LoginPeople;
use portvakt_core::login::record::{
    HistoryEntry, Identity, IdentityKind, LoginPerson, LoginSpan, PersonId, PersonState,
    RevocationReason,
};
use portvakt_core::organization::OrgNumber;
use portvakt_core::person::{EidasIdentifier, EmailAddress, Pid, PidCheck};
use portvakt_core::ports::StorageError;
use sqlx::SqliteConnection;

use super::history;
use crate::columns::{Row, instant, word};
use crate::fault::storage_error;
use crate::store::SqliteStore;

struct PersonRow {
    id: String,
    kind: String,
    identifier: String,
    blocked_code: Option<String>,
    previous: Option<String>,
    created: i64,
}

impl PersonRow {
    fn read(self, logins: BTreeMap<String, LoginSpan>) -> Result<LoginPerson, StorageError> {
        let place = Row {
            table: "login_people",
            key: &self.id,
        };
        let identity = match place.word("kind", self.kind)? {
            // Whether it is a number that is accepted was decided when somebody logged in with it.
            IdentityKind::Pid => Identity::Pid(
                Pid::parse(&self.identifier, PidCheck::LengthOnly)
                    .map_err(|_| place.corrupt("identifier"))?,
            ),
            IdentityKind::Eidas => Identity::Eidas(
                EidasIdentifier::parse(&self.identifier)
                    .map_err(|_| place.corrupt("identifier"))?,
            ),
            IdentityKind::Email => Identity::Email(
                EmailAddress::parse(&self.identifier).map_err(|_| place.corrupt("identifier"))?,
            ),
        };
        let state = |code| PersonState::Blocked { code };
        Ok(LoginPerson {
            id: place.parse("id", &self.id)?,
            identity,
            state: self.blocked_code.map_or(PersonState::Active, state),
            created_at: instant(self.created),
            previous: place.parse_optional("previous", self.previous.as_deref())?,
            logins,
        })
    }
}

#[async_trait]
impl LoginPeople for SqliteStore {
    async fn person_of(
        &self,
        identity: &Identity,
        new: &PersonId,
        eid: &str,
        now: Timestamp,
    ) -> Result<LoginPerson, StorageError> {
        let mut writing = self.begin_write().await?;
        insert(&mut writing, identity, new, now).await?;
        count_login(&mut writing, identity, eid, now).await?;
        let person = find_by_identity(&mut writing, identity).await?;
        writing.commit().await.map_err(storage_error)?;
        person.ok_or_else(|| StorageError::Refused("a person was not kept".to_owned()))
    }

    async fn find_person(&self, id: &PersonId) -> Result<Option<LoginPerson>, StorageError> {
        let mut connection = self.readers.acquire().await.map_err(storage_error)?;
        let id = id.as_str();
        let found = sqlx::query_as!(
            PersonRow,
            "SELECT id, kind, identifier, blocked_code, previous, created
             FROM login_people WHERE id = $1",
            id
        );
        let found = found.fetch_optional(&mut *connection).await;
        with_logins(&mut connection, found.map_err(storage_error)?).await
    }

    async fn find_person_by_identity(
        &self,
        identity: &Identity,
    ) -> Result<Option<LoginPerson>, StorageError> {
        let mut connection = self.readers.acquire().await.map_err(storage_error)?;
        find_by_identity(&mut connection, identity).await
    }

    async fn block_person(
        &self,
        id: &PersonId,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut writing = self.begin_write().await?;
        let blocked = block(&mut writing, id, code).await?;
        if blocked {
            end_everything(&mut writing, id, now).await?;
        }
        writing.commit().await.map_err(storage_error)?;
        Ok(blocked)
    }

    async fn unblock_person(&self, id: &PersonId) -> Result<bool, StorageError> {
        let id = id.as_str();
        let unblock = sqlx::query!(
            "UPDATE login_people SET blocked_code = NULL WHERE id = $1",
            id
        );
        let unblocked = unblock.execute(&self.writer).await.map_err(storage_error)?;
        Ok(unblocked.rows_affected() == 1)
    }

    async fn link_person(&self, id: &PersonId, previous: &PersonId) -> Result<bool, StorageError> {
        let (id, previous) = (id.as_str(), previous.as_str());
        let link = sqlx::query!(
            "UPDATE login_people SET previous = $1 WHERE id = $2",
            previous,
            id
        );
        let linked = link.execute(&self.writer).await.map_err(storage_error)?;
        Ok(linked.rows_affected() == 1)
    }

    async fn list_history(
        &self,
        person: &PersonId,
        orgno: Option<OrgNumber>,
        limit: u32,
    ) -> Result<Vec<HistoryEntry>, StorageError> {
        history::list(self, person, orgno, limit).await
    }

    async fn list_levels(
        &self,
        person: &PersonId,
        since: Timestamp,
    ) -> Result<BTreeSet<Acr>, StorageError> {
        history::levels(self, person, since).await
    }
}

/// Makes the person unless there is one with this identity.
async fn insert(
    connection: &mut SqliteConnection,
    identity: &Identity,
    new: &PersonId,
    now: Timestamp,
) -> Result<(), StorageError> {
    let id = new.as_str();
    let kind = word(&identity.kind())?;
    let identifier = identity.expose();
    let created = now.milliseconds();
    let insert = sqlx::query!(
        "INSERT INTO login_people (id, kind, identifier, created) VALUES ($1, $2, $3, $4)
         ON CONFLICT (kind, identifier) DO NOTHING",
        id,
        kind,
        identifier,
        created
    );
    insert.execute(connection).await.map_err(storage_error)?;
    Ok(())
}

/// Remembers the eID that the person used, if they may log in.
async fn count_login(
    connection: &mut SqliteConnection,
    identity: &Identity,
    eid: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let kind = word(&identity.kind())?;
    let identifier = identity.expose();
    let now = now.milliseconds();
    let count = sqlx::query!(
        "INSERT INTO login_eids (person_id, eid, first_at, last_at)
         SELECT id, $1, $2, $2 FROM login_people
         WHERE kind = $3 AND identifier = $4 AND blocked_code IS NULL
         ON CONFLICT (person_id, eid) DO UPDATE SET last_at = MAX(last_at, excluded.last_at)",
        eid,
        now,
        kind,
        identifier
    );
    count.execute(connection).await.map_err(storage_error)?;
    Ok(())
}

async fn find_by_identity(
    connection: &mut SqliteConnection,
    identity: &Identity,
) -> Result<Option<LoginPerson>, StorageError> {
    let kind = word(&identity.kind())?;
    let identifier = identity.expose();
    let found = sqlx::query_as!(
        PersonRow,
        "SELECT id, kind, identifier, blocked_code, previous, created
         FROM login_people WHERE kind = $1 AND identifier = $2",
        kind,
        identifier
    );
    let found = found.fetch_optional(&mut *connection).await;
    with_logins(connection, found.map_err(storage_error)?).await
}

async fn with_logins(
    connection: &mut SqliteConnection,
    person: Option<PersonRow>,
) -> Result<Option<LoginPerson>, StorageError> {
    let Some(person) = person else {
        return Ok(None);
    };
    let logins = sqlx::query!(
        "SELECT eid, first_at, last_at FROM login_eids WHERE person_id = $1",
        person.id
    );
    let logins = logins.fetch_all(connection).await.map_err(storage_error)?;
    let span = |first_at, last_at| LoginSpan {
        first_at: instant(first_at),
        last_at: instant(last_at),
    };
    let logins = logins.into_iter();
    let logins = logins.map(|row| (row.eid, span(row.first_at, row.last_at)));
    person.read(logins.collect()).map(Some)
}

async fn block(
    connection: &mut SqliteConnection,
    id: &PersonId,
    code: &str,
) -> Result<bool, StorageError> {
    let id = id.as_str();
    let block = sqlx::query!(
        "UPDATE login_people SET blocked_code = $1 WHERE id = $2",
        code,
        id
    );
    let blocked = block.execute(connection).await.map_err(storage_error)?;
    Ok(blocked.rows_affected() == 1)
}

async fn end_everything(
    connection: &mut SqliteConnection,
    person: &PersonId,
    now: Timestamp,
) -> Result<(), StorageError> {
    let person_id = person.as_str();
    let reason = word(&RevocationReason::Blocked)?;
    let at = now.milliseconds();
    let sessions = sqlx::query!("DELETE FROM login_sessions WHERE person_id = $1", person_id);
    let authorizations = sqlx::query!(
        "UPDATE authorizations SET revoked_at = $1, revoked_reason = $2
         WHERE person_id = $3 AND revoked_at IS NULL AND ends_at > $1",
        at,
        reason,
        person_id
    );
    let tokens = sqlx::query!(
        "UPDATE access_tokens SET revoked_at = $1
         WHERE revoked_at IS NULL AND expires_at > $1 AND authorization_id IN
             (SELECT id FROM authorizations WHERE person_id = $2 AND revoked_at IS NOT NULL)",
        at,
        person_id
    );
    for statement in [sessions, authorizations, tokens] {
        statement
            .execute(&mut *connection)
            .await
            .map_err(storage_error)?;
    }
    Ok(())
}
