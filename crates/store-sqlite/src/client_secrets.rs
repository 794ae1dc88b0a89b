//! What is kept of clients' secrets.

use portvakt_core::client::{ClientId, ClientSecrets, SecretHash, StoredSecret};
use portvakt_core::ports::StorageError;
use sqlx::SqliteConnection;

use crate::columns::{Row, in_order, instant};
use crate::fault::storage_error;
use crate::unit::SqliteUnit;

struct SecretRow {
    hash: Vec<u8>,
    expires_at: i64,
    created: i64,
}

impl SecretRow {
    fn read(self, place: Row<'_>) -> Result<StoredSecret, StorageError> {
        let hash = self.hash.try_into().map_err(|_| place.corrupt("hash"))?;
        Ok(StoredSecret {
            hash: SecretHash::from_bytes(hash),
            created: instant(self.created),
            expires_at: instant(self.expires_at),
        })
    }
}

pub(crate) async fn find(
    connection: &mut SqliteConnection,
    client_id: &ClientId,
) -> Result<ClientSecrets, StorageError> {
    let client_id = client_id.as_str();
    let rows = sqlx::query_as!(
        SecretRow,
        "SELECT hash, expires_at, created FROM client_secrets WHERE client_id = $1
         ORDER BY position",
        client_id
    )
    .fetch_all(connection)
    .await
    .map_err(storage_error)?;
    secrets(client_id, rows)
}

/// The secrets of this client, from a JSON array that has the position of each, and its three columns,
/// with the hash in hexadecimal.
pub(crate) fn from_document(client_id: &str, rows: &str) -> Result<ClientSecrets, StorageError> {
    let place = place(client_id);
    let rows = place.document("hash", rows)?;
    let row = |(hash, expires_at, created): (String, i64, i64)| {
        Ok(SecretRow {
            hash: unhex(&hash).ok_or_else(|| place.corrupt("hash"))?,
            expires_at,
            created,
        })
    };
    let rows = in_order(rows).map(row).collect::<Result<_, _>>()?;
    secrets(client_id, rows)
}

fn secrets(client_id: &str, rows: Vec<SecretRow>) -> Result<ClientSecrets, StorageError> {
    let place = place(client_id);
    let secrets: Result<_, _> = rows.into_iter().map(|row| row.read(place)).collect();
    ClientSecrets::from_stored(secrets?).map_err(|_| place.corrupt("position"))
}

fn place(client_id: &str) -> Row<'_> {
    Row {
        table: "client_secrets",
        key: client_id,
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let byte = |place| u8::from_str_radix(text.get(place..place + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// Puts `secrets` in the place of those that there are. The caller keeps account of the save.
pub(crate) async fn replace(
    unit: &mut SqliteUnit,
    client_id: &ClientId,
    secrets: &ClientSecrets,
) -> Result<(), StorageError> {
    let client_id = client_id.as_str();
    let clear = sqlx::query!("DELETE FROM client_secrets WHERE client_id = $1", client_id);
    unit.execute(clear).await?;
    for (position, secret) in (0_i64..).zip(secrets.as_slice()) {
        let hash = secret.hash.as_bytes().as_slice();
        let expires_at = secret.expires_at.milliseconds();
        let created = secret.created.milliseconds();
        let insert = sqlx::query!(
            "INSERT INTO client_secrets (client_id, position, hash, expires_at, created)
             VALUES ($1, $2, $3, $4, $5)",
            client_id,
            position,
            hash,
            expires_at,
            created
        );
        unit.execute(insert).await?;
    }
    Ok(())
}
