//! Whom foreign identities are of.

use portvakt_core::person::{EidasIdentifier, IdentityMatch, Pid, PidCheck};
use portvakt_core::ports::{Listing, StorageError};
use sqlx::SqliteConnection;

use crate::columns::Row;
use crate::fault::storage_error;
use crate::unit::{Kind, SqliteUnit};

struct MatchRow {
    identifier: String,
    pid: String,
    active: bool,
}

impl TryFrom<MatchRow> for IdentityMatch {
    type Error = StorageError;

    fn try_from(row: MatchRow) -> Result<Self, StorageError> {
        // The identifier itself would be the key, and belongs in no error.
        let place = Row {
            table: "identity_matches",
            key: "a match",
        };
        let identifier = EidasIdentifier::parse(&row.identifier);
        let pid = Pid::parse(&row.pid, PidCheck::LengthOnly);
        Ok(Self {
            identifier: identifier.map_err(|_| place.corrupt("identifier"))?,
            pid: pid.map_err(|_| place.corrupt("pid"))?,
            active: row.active,
        })
    }
}

/// The row of exactly this identifier.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    identifier: &EidasIdentifier,
) -> Result<Option<IdentityMatch>, StorageError> {
    let identifier = identifier.expose();
    let found = sqlx::query_as!(
        MatchRow,
        "SELECT identifier, pid, active FROM identity_matches WHERE identifier = $1",
        identifier
    );
    let found = found.fetch_optional(connection).await;
    found
        .map_err(storage_error)?
        .map(IdentityMatch::try_from)
        .transpose()
}

pub(crate) async fn list(
    connection: &mut SqliteConnection,
    listing: Listing,
) -> Result<Vec<IdentityMatch>, StorageError> {
    let all = listing == Listing::All;
    let rows = sqlx::query_as!(
        MatchRow,
        "SELECT identifier, pid, active FROM identity_matches WHERE active OR $1 ORDER BY identifier",
        all
    );
    let rows = rows.fetch_all(connection).await.map_err(storage_error)?;
    rows.into_iter().map(IdentityMatch::try_from).collect()
}

pub(crate) async fn save(unit: &mut SqliteUnit, row: &IdentityMatch) -> Result<(), StorageError> {
    let (identifier, pid) = (row.identifier.expose(), row.pid.expose());
    let statement = sqlx::query!(
        "INSERT INTO identity_matches (identifier, pid, active) VALUES ($1, $2, $3)
         ON CONFLICT (identifier) DO UPDATE SET pid = excluded.pid, active = excluded.active",
        identifier,
        pid,
        row.active
    );
    unit.save(Kind::IdentityMatch, String::new(), statement)
        .await
}
