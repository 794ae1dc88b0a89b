//! Logins that were completed.

use std::collections::BTreeSet;

use portvakt_core::Timestamp;
use portvakt_core::login::Acr;
use portvakt_core::login::record::{HistoryEntry, PersonId};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use crate::columns::{Row, instant};
use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;

pub(super) async fn insert(
    connection: &mut PgConnection,
    entry: &HistoryEntry,
) -> Result<(), StorageError> {
    let authorization_id = entry.authorization.as_str();
    let person_id = entry.person.as_str();
    let at = entry.at.milliseconds();
    let client_id = entry.client_id.as_str();
    let orgno = entry.orgno.as_str();
    let acr = entry.acr.as_str();
    let insert = sqlx::query!(
        "INSERT INTO login_history
             (authorization_id, person_id, at, client_id, orgno, service, eid, acr)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        authorization_id,
        person_id,
        at,
        client_id,
        orgno,
        entry.service,
        entry.eid,
        acr
    );
    answered(insert.execute(connection)).await?;
    Ok(())
}

struct EntryRow {
    authorization_id: String,
    person_id: String,
    at: i64,
    client_id: String,
    orgno: String,
    service: String,
    eid: String,
    acr: String,
}

impl EntryRow {
    fn read(self) -> Result<HistoryEntry, StorageError> {
        let place = Row {
            table: "login_history",
            key: &self.authorization_id,
        };
        Ok(HistoryEntry {
            authorization: place.parse("authorization_id", &self.authorization_id)?,
            person: place.parse("person_id", &self.person_id)?,
            at: instant(self.at),
            client_id: place.parse("client_id", &self.client_id)?,
            orgno: place.parse("orgno", &self.orgno)?,
            service: self.service,
            eid: self.eid,
            acr: place.parse("acr", &self.acr)?,
        })
    }
}

pub(super) async fn list(
    store: &PostgresStore,
    person: &PersonId,
    orgno: Option<OrgNumber>,
    limit: u32,
) -> Result<Vec<HistoryEntry>, StorageError> {
    let person_id = person.as_str();
    let orgno = orgno.as_ref().map(OrgNumber::as_str);
    let list = sqlx::query_as!(
        EntryRow,
        "SELECT authorization_id, person_id, at, client_id, orgno, service, eid, acr
         FROM login_history WHERE person_id = $1 AND ($2::TEXT IS NULL OR orgno = $2)
         ORDER BY at DESC, authorization_id LIMIT $3",
        person_id,
        orgno,
        i64::from(limit)
    );
    let listed = answered_soon(list.fetch_all(&store.readers)).await?;
    let rows = listed.into_iter();
    rows.map(EntryRow::read).collect()
}

pub(super) async fn levels(
    store: &PostgresStore,
    person: &PersonId,
    since: Timestamp,
) -> Result<BTreeSet<Acr>, StorageError> {
    let person_id = person.as_str();
    let since = since.milliseconds();
    let levels = sqlx::query_scalar!(
        "SELECT DISTINCT acr FROM login_history WHERE person_id = $1 AND at >= $2",
        person_id,
        since
    );
    let levels = answered_soon(levels.fetch_all(&store.readers)).await?;
    let place = Row {
        table: "login_history",
        key: person_id,
    };
    let levels = levels.into_iter();
    levels.map(|acr| place.parse("acr", &acr)).collect()
}
