//! What is kept of clients' secrets.

use portvakt_core::client::{ClientId, ClientSecrets, SecretHash, StoredSecret};
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use crate::columns::{Row, instant};
use crate::fault::answered;
use crate::unit::PostgresUnit;

/// The secrets of this client, from the columns that hold them: hash, end and start.
pub(crate) fn secrets<'h>(
    client_id: &str,
    columns: impl Iterator<Item = (&'h [u8], i64, i64)>,
) -> Result<ClientSecrets, StorageError> {
    let place = Row {
        table: "client_secrets",
        key: client_id,
    };
    let secrets = columns.map(|(hash, expires_at, created)| {
        let hash = hash.try_into().map_err(|_| place.corrupt("hash"))?;
        Ok(StoredSecret {
            hash: SecretHash::from_bytes(hash),
            created: instant(created),
            expires_at: instant(expires_at),
        })
    });
    let secrets = secrets.collect::<Result<_, StorageError>>()?;
    ClientSecrets::from_stored(secrets).map_err(|_| place.corrupt("position"))
}

pub(crate) async fn find(
    connection: &mut PgConnection,
    client_id: &ClientId,
) -> Result<ClientSecrets, StorageError> {
    let client_id = client_id.as_str();
    let query = sqlx::query!(
        "SELECT hash, expires_at, created FROM client_secrets WHERE client_id = $1
         ORDER BY position",
        client_id
    );
    let rows = answered(query.fetch_all(connection)).await?;
    let columns = rows
        .iter()
        .map(|row| (row.hash.as_slice(), row.expires_at, row.created));
    secrets(client_id, columns)
}

/// Puts `secrets` in the place of those that there are. The caller keeps account of the save.
pub(crate) async fn replace(
    unit: &mut PostgresUnit,
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
