//! How people are reached: the contact registry.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::contact::{Contact, ContactRegistry};
use portvakt_core::login::Locale;
use portvakt_core::person::{Pid, PidCheck};
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use crate::columns::{Row, document, instant};
use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;
use crate::unit::PostgresUnit;

struct ContactRow {
    pid: String,
    status: String,
    language: Option<String>,
    language_at: Option<i64>,
    details: String,
}

impl ContactRow {
    fn read(self) -> Result<(Pid, Contact), StorageError> {
        // The number itself would be the key, and belongs in no error.
        let place = Row {
            table: "contacts",
            key: "a person",
        };
        let pid = Pid::parse(&self.pid, PidCheck::LengthOnly).map_err(|_| place.corrupt("pid"))?;
        let language: Option<Locale> =
            place.parse_optional("language", self.language.as_deref())?;
        let language = match (language, self.language_at) {
            (None, None) => None,
            (Some(language), Some(at)) => Some((language, instant(at))),
            (Some(_), None) | (None, Some(_)) => return Err(place.corrupt("language_at")),
        };
        let contact = Contact {
            status: place.parse("status", &self.status)?,
            language,
            details: place.document("details", &self.details)?,
        };
        Ok((pid, contact))
    }
}

#[async_trait]
impl ContactRegistry for PostgresStore {
    async fn find_contacts(&self, pids: &[Pid]) -> Result<Vec<(Pid, Contact)>, StorageError> {
        let pids: Vec<_> = pids.iter().map(|pid| pid.expose().to_owned()).collect();
        let found = sqlx::query_as!(
            ContactRow,
            "SELECT pid, status, language, language_at, details FROM contacts
             WHERE pid = ANY ($1)",
            &pids
        );
        let found = answered_soon(found.fetch_all(&self.readers)).await?;
        found.into_iter().map(ContactRow::read).collect()
    }

    async fn choose_language(
        &self,
        pid: &Pid,
        language: Locale,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let new = Contact::new();
        let (status, details) = (new.status.as_str(), document(&new.details)?);
        let (pid, language) = (pid.expose(), language.as_str());
        let at = now.milliseconds();
        let choose = sqlx::query!(
            "INSERT INTO contacts (pid, status, language, language_at, details)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (pid) DO UPDATE SET status = excluded.status,
                 language = excluded.language, language_at = excluded.language_at",
            pid,
            status,
            language,
            at,
            details
        );
        answered(choose.execute(&self.logins)).await?;
        Ok(())
    }
}

/// The records of the people of the registry.
pub(crate) async fn list_of_people(
    connection: &mut PgConnection,
) -> Result<Vec<(Pid, Contact)>, StorageError> {
    let listed = sqlx::query_as!(
        ContactRow,
        "SELECT pid, status, language, language_at, details FROM contacts
         WHERE pid IN (SELECT pid FROM people)"
    );
    let listed = answered(listed.fetch_all(connection)).await?;
    listed.into_iter().map(ContactRow::read).collect()
}

/// Inserts or replaces by person.
pub(crate) async fn save(
    unit: &mut PostgresUnit,
    pid: &Pid,
    contact: &Contact,
) -> Result<(), StorageError> {
    let pid = pid.expose();
    let status = contact.status.as_str();
    let language = contact.language.map(|(language, _)| language.as_str());
    let language_at = contact.language.map(|(_, at)| at.milliseconds());
    let details = document(&contact.details)?;
    let save = sqlx::query!(
        "INSERT INTO contacts (pid, status, language, language_at, details)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (pid) DO UPDATE SET status = excluded.status,
             language = excluded.language, language_at = excluded.language_at,
             details = excluded.details",
        pid,
        status,
        language,
        language_at,
        details
    );
    unit.keep(save).await?;
    Ok(())
}
