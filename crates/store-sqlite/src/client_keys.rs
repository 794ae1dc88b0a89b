//! Clients' keys. A set is never edited: a new one gets the next number, and the keys of the one
//! before it get a time of removal.

use portvakt_core::Timestamp;
use portvakt_core::client::{ClientId, ClientKey};
use portvakt_core::ports::{Listing, StorageError, StoredKey};
use portvakt_jose::PublicJwk;
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::columns::{Row, document, in_order, instant};
use crate::fault::storage_error;
use crate::unit::SqliteUnit;

struct KeyRow {
    client_id: String,
    jwk: String,
    expires_at: i64,
    created: i64,
    removed_at: Option<i64>,
}

impl TryFrom<KeyRow> for StoredKey {
    type Error = StorageError;

    fn try_from(row: KeyRow) -> Result<Self, StorageError> {
        Ok(Self {
            key: client_key(&row.client_id, &row.jwk, row.expires_at, row.created)?,
            active: row.removed_at.is_none(),
        })
    }
}

/// A key of this client, from the columns that hold it.
fn client_key(
    client_id: &str,
    jwk: &str,
    expires_at: i64,
    created: i64,
) -> Result<ClientKey, StorageError> {
    let place = place(client_id);
    let jwk: Value = place.document("jwk", jwk)?;
    Ok(ClientKey {
        jwk: PublicJwk::parse(&jwk).map_err(|_| place.corrupt("jwk"))?,
        expires_at: instant(expires_at),
        created: instant(created),
    })
}

fn place(client_id: &str) -> Row<'_> {
    Row {
        table: "client_keys",
        key: client_id,
    }
}

/// The keys of this client, from a JSON array that has the position of each, and its three columns.
pub(crate) fn from_document(client_id: &str, keys: &str) -> Result<Vec<ClientKey>, StorageError> {
    let keys = place(client_id).document("jwk", keys)?;
    let key = |(jwk, expires_at, created): (String, i64, i64)| {
        client_key(client_id, &jwk, expires_at, created)
    };
    in_order(keys).map(key).collect()
}

/// The present set in its order; with [`Listing::All`] the former ones after it, newest first.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    client_id: &ClientId,
    listing: Listing,
) -> Result<Vec<StoredKey>, StorageError> {
    let client_id = client_id.as_str();
    let all = listing == Listing::All;
    let rows = sqlx::query_as!(
        KeyRow,
        "SELECT client_id, jwk, expires_at, created, removed_at FROM client_keys
         WHERE client_id = $1 AND (removed_at IS NULL OR $2)
         ORDER BY key_set DESC, position",
        client_id,
        all
    )
    .fetch_all(connection)
    .await
    .map_err(storage_error)?;
    rows.into_iter().map(StoredKey::try_from).collect()
}

/// Puts `keys` in the place of the present set. The caller keeps account of the save.
pub(crate) async fn replace(
    unit: &mut SqliteUnit,
    client_id: &ClientId,
    keys: &[ClientKey],
    now: Timestamp,
) -> Result<(), StorageError> {
    let id = client_id.as_str();
    let now = now.milliseconds();
    let remove = sqlx::query!(
        "UPDATE client_keys SET removed_at = $2 WHERE client_id = $1 AND removed_at IS NULL",
        id,
        now
    );
    unit.execute(remove).await?;
    let number = next_set(unit.connection(), id).await?;
    for (position, key) in (0_i64..).zip(keys) {
        insert(
            unit,
            SetPosition {
                client_id: id,
                number,
                position,
            },
            key,
        )
        .await?;
    }
    Ok(())
}

async fn next_set(connection: &mut SqliteConnection, client_id: &str) -> Result<i64, StorageError> {
    let last = sqlx::query_scalar!(
        r#"SELECT MAX(key_set) AS "last: i64" FROM client_keys WHERE client_id = $1"#,
        client_id
    )
    .fetch_one(connection)
    .await
    .map_err(storage_error)?;
    Ok(last.map_or(1, |last| last + 1))
}

struct SetPosition<'c> {
    client_id: &'c str,
    number: i64,
    position: i64,
}

async fn insert(
    unit: &mut SqliteUnit,
    at: SetPosition<'_>,
    key: &ClientKey,
) -> Result<(), StorageError> {
    let kid = key.jwk.key_id();
    let jwk = document(&jwk_to_json(&key.jwk))?;
    let expires_at = key.expires_at.milliseconds();
    let created = key.created.milliseconds();
    let statement = sqlx::query!(
        "INSERT INTO client_keys (client_id, key_set, position, kid, jwk, expires_at, created)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        at.client_id,
        at.number,
        at.position,
        kid,
        jwk,
        expires_at,
        created
    );
    unit.execute(statement).await
}

/// The key as it was posted, with the `exp` that was asked for: reading gives an equal key.
fn jwk_to_json(jwk: &PublicJwk) -> Value {
    let mut json = jwk.to_json();
    if let (Some(members), Some(expires_at)) = (json.as_object_mut(), jwk.expires_at()) {
        members.insert("exp".to_owned(), expires_at.into());
    }
    json
}
