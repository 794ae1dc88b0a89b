//! Registrations of the customers that a client logs people in for.

use portvakt_core::client::{ClientId, OnBehalfOf};
use portvakt_core::ports::{Listing, StorageError};
use sqlx::PgConnection;

use crate::columns::{Row, instant};
use crate::fault::answered;
use crate::unit::{Kind, PostgresUnit};

struct OnBehalfOfRow {
    client_id: String,
    onbehalfof: String,
    name: String,
    orgno: String,
    client_uri: Option<String>,
    description: Option<String>,
    active: bool,
    created: i64,
    last_updated: i64,
}

impl TryFrom<OnBehalfOfRow> for OnBehalfOf {
    type Error = StorageError;

    fn try_from(row: OnBehalfOfRow) -> Result<Self, StorageError> {
        let key = key(&row.client_id, &row.onbehalfof);
        let place = Row {
            table: "on_behalf_of",
            key: &key,
        };
        Ok(Self {
            client_id: place.parse("client_id", &row.client_id)?,
            orgno: place.parse("orgno", &row.orgno)?,
            onbehalfof: row.onbehalfof,
            name: row.name,
            client_uri: row.client_uri,
            description: row.description,
            active: row.active,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        })
    }
}

/// No client id holds a space, so the key can be taken apart again.
fn key(client_id: &str, value: &str) -> String {
    format!("{client_id} {value}")
}

/// The client's active registration of this value.
pub(crate) async fn find_active(
    connection: &mut PgConnection,
    client_id: &ClientId,
    value: &str,
) -> Result<Option<OnBehalfOf>, StorageError> {
    let client_id = client_id.as_str();
    let query = sqlx::query_as!(
        OnBehalfOfRow,
        "SELECT client_id, onbehalfof, name, orgno, client_uri, description, active, created,
             last_updated
         FROM on_behalf_of
         WHERE client_id = $1 AND onbehalfof = $2 AND active",
        client_id,
        value
    );
    let row = answered(query.fetch_optional(connection)).await?;
    row.map(OnBehalfOf::try_from).transpose()
}

pub(crate) async fn list(
    connection: &mut PgConnection,
    client_id: &ClientId,
    listing: Listing,
) -> Result<Vec<OnBehalfOf>, StorageError> {
    let client_id = client_id.as_str();
    let all = listing == Listing::All;
    let query = sqlx::query_as!(
        OnBehalfOfRow,
        "SELECT client_id, onbehalfof, name, orgno, client_uri, description, active, created,
             last_updated
         FROM on_behalf_of
         WHERE client_id = $1 AND (active OR $2)
         ORDER BY created, onbehalfof",
        client_id,
        all
    );
    let rows = answered(query.fetch_all(connection)).await?;
    rows.into_iter().map(OnBehalfOf::try_from).collect()
}

pub(crate) async fn save(
    unit: &mut PostgresUnit,
    registration: &OnBehalfOf,
) -> Result<(), StorageError> {
    let client_id = registration.client_id.as_str();
    let orgno = registration.orgno.as_str();
    let created = registration.created.milliseconds();
    let last_updated = registration.last_updated.milliseconds();
    let statement = sqlx::query!(
        "INSERT INTO on_behalf_of (client_id, onbehalfof, name, orgno, client_uri, description,
             active, created, last_updated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (client_id, onbehalfof) DO UPDATE SET
             name = excluded.name, orgno = excluded.orgno, client_uri = excluded.client_uri,
             description = excluded.description, active = excluded.active,
             created = excluded.created, last_updated = excluded.last_updated",
        client_id,
        registration.onbehalfof,
        registration.name,
        orgno,
        registration.client_uri,
        registration.description,
        registration.active,
        created,
        last_updated
    );
    unit.save(
        Kind::OnBehalfOf,
        key(client_id, &registration.onbehalfof),
        statement,
    )
    .await
}
