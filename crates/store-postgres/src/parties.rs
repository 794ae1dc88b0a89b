//! System users, consents and test people.

use std::collections::HashMap;

use portvakt_core::client::ClientId;
use portvakt_core::organization::OrgNumber;
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::person::{Person, Pid, PidCheck};
use portvakt_core::ports::{Listing, StorageError};
use sqlx::PgConnection;

use crate::columns::{Row, document};
use crate::contacts;
use crate::fault::answered;
use crate::unit::{Kind, PostgresUnit};

struct SystemUserRow {
    id: String,
    system_id: String,
    client_id: String,
    owner_orgno: String,
    external_ref: String,
    active: bool,
}

impl TryFrom<SystemUserRow> for SystemUser {
    type Error = StorageError;

    fn try_from(row: SystemUserRow) -> Result<Self, StorageError> {
        let place = Row {
            table: "system_users",
            key: &row.id,
        };
        Ok(Self {
            client_id: place.parse("client_id", &row.client_id)?,
            owner_orgno: place.parse("owner_orgno", &row.owner_orgno)?,
            id: row.id,
            system_id: row.system_id,
            external_ref: row.external_ref,
            active: row.active,
        })
    }
}

/// The active system user with exactly this reference; the first by id if there are several.
pub(crate) async fn find_system_user(
    connection: &mut PgConnection,
    client_id: &ClientId,
    owner: OrgNumber,
    external_ref: &str,
) -> Result<Option<SystemUser>, StorageError> {
    let (client_id, owner) = (client_id.as_str(), owner.as_str());
    let query = sqlx::query_as!(
        SystemUserRow,
        "SELECT id, system_id, client_id, owner_orgno, external_ref, active FROM system_users
         WHERE client_id = $1 AND owner_orgno = $2 AND external_ref = $3 AND active
         ORDER BY id LIMIT 1",
        client_id,
        owner,
        external_ref
    );
    let row = answered(query.fetch_optional(connection)).await?;
    row.map(SystemUser::try_from).transpose()
}

pub(crate) async fn list_system_users(
    connection: &mut PgConnection,
    listing: Listing,
) -> Result<Vec<SystemUser>, StorageError> {
    let all = listing == Listing::All;
    let query = sqlx::query_as!(
        SystemUserRow,
        "SELECT id, system_id, client_id, owner_orgno, external_ref, active FROM system_users
         WHERE active OR $1
         ORDER BY id",
        all
    );
    let rows = answered(query.fetch_all(connection)).await?;
    rows.into_iter().map(SystemUser::try_from).collect()
}

pub(crate) async fn save_system_user(
    unit: &mut PostgresUnit,
    system_user: &SystemUser,
) -> Result<(), StorageError> {
    let client_id = system_user.client_id.as_str();
    let owner = system_user.owner_orgno.as_str();
    let statement = sqlx::query!(
        "INSERT INTO system_users (id, system_id, client_id, owner_orgno, external_ref, active)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET
             system_id = excluded.system_id, client_id = excluded.client_id,
             owner_orgno = excluded.owner_orgno, external_ref = excluded.external_ref,
             active = excluded.active",
        system_user.id,
        system_user.system_id,
        client_id,
        owner,
        system_user.external_ref,
        system_user.active
    );
    unit.save(Kind::SystemUser, system_user.id.clone(), statement)
        .await
}

struct ConsentRow {
    id: String,
    given_by: String,
    to_orgno: String,
    consented: String,
    valid_to: String,
    consent_rights: String,
    active: bool,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StorageError;

    fn try_from(row: ConsentRow) -> Result<Self, StorageError> {
        let place = Row {
            table: "consents",
            key: &row.id,
        };
        Ok(Self {
            to_orgno: place.parse("to_orgno", &row.to_orgno)?,
            consent_rights: place.document("consent_rights", &row.consent_rights)?,
            id: row.id,
            from: row.given_by,
            consented: row.consented,
            valid_to: row.valid_to,
            active: row.active,
        })
    }
}

/// The active consent of this id.
pub(crate) async fn find_consent(
    connection: &mut PgConnection,
    id: &str,
) -> Result<Option<Consent>, StorageError> {
    let query = sqlx::query_as!(
        ConsentRow,
        "SELECT id, given_by, to_orgno, consented, valid_to, consent_rights, active FROM consents
         WHERE id = $1 AND active",
        id
    );
    let row = answered(query.fetch_optional(connection)).await?;
    row.map(Consent::try_from).transpose()
}

pub(crate) async fn list_consents(
    connection: &mut PgConnection,
    listing: Listing,
) -> Result<Vec<Consent>, StorageError> {
    let all = listing == Listing::All;
    let query = sqlx::query_as!(
        ConsentRow,
        "SELECT id, given_by, to_orgno, consented, valid_to, consent_rights, active FROM consents
         WHERE active OR $1
         ORDER BY id",
        all
    );
    let rows = answered(query.fetch_all(connection)).await?;
    rows.into_iter().map(Consent::try_from).collect()
}

pub(crate) async fn save_consent(
    unit: &mut PostgresUnit,
    consent: &Consent,
) -> Result<(), StorageError> {
    let to = consent.to_orgno.as_str();
    let consent_rights = document(&consent.consent_rights)?;
    let statement = sqlx::query!(
        "INSERT INTO consents (id, given_by, to_orgno, consented, valid_to, consent_rights, active)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET
             given_by = excluded.given_by, to_orgno = excluded.to_orgno,
             consented = excluded.consented, valid_to = excluded.valid_to,
             consent_rights = excluded.consent_rights, active = excluded.active",
        consent.id,
        consent.from,
        to,
        consent.consented,
        consent.valid_to,
        consent_rights,
        consent.active
    );
    unit.save(Kind::Consent, consent.id.clone(), statement)
        .await
}

struct PersonRow {
    pid: String,
    name: String,
}

impl PersonRow {
    fn read(self) -> Result<(Pid, String), StorageError> {
        // The number itself would be the key, and belongs in no error.
        let place = Row {
            table: "people",
            key: "a person",
        };
        let pid = Pid::parse(&self.pid, PidCheck::LengthOnly).map_err(|_| place.corrupt("pid"))?;
        Ok((pid, self.name))
    }
}

pub(crate) async fn list_people(
    connection: &mut PgConnection,
) -> Result<Vec<Person>, StorageError> {
    let people = list_names_of_people(connection).await?.into_iter();
    let contacts = contacts::list_of_people(connection).await?.into_iter();
    let contacts = contacts.map(|(pid, contact)| (pid.expose().to_owned(), contact));
    let mut contacts: HashMap<_, _> = contacts.collect();
    let people = people.map(|(pid, name)| Person {
        contact: contacts.remove(pid.expose()),
        pid,
        name,
    });
    Ok(people.collect())
}

pub(crate) async fn list_names_of_people(
    connection: &mut PgConnection,
) -> Result<Vec<(Pid, String)>, StorageError> {
    let people = sqlx::query_as!(PersonRow, "SELECT pid, name FROM people ORDER BY pid");
    let people = answered(people.fetch_all(connection)).await?;
    people.into_iter().map(PersonRow::read).collect()
}

pub(crate) async fn save_person(
    unit: &mut PostgresUnit,
    person: &Person,
) -> Result<(), StorageError> {
    let pid = person.pid.expose();
    let statement = sqlx::query!(
        "INSERT INTO people (pid, name) VALUES ($1, $2)
         ON CONFLICT (pid) DO UPDATE SET name = excluded.name",
        pid,
        person.name
    );
    unit.save(Kind::Person, String::new(), statement).await?;
    match &person.contact {
        Some(contact) => contacts::save(unit, &person.pid, contact).await,
        None => Ok(()),
    }
}
