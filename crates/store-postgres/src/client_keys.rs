//! Clients' keys. A set is never edited: a new one gets the next number, and the keys of the one
//! before it get a time of removal.

use portvakt_core::Timestamp;
use portvakt_core::client::{ClientId, ClientKey};
use portvakt_core::ports::{Listing, StorageError, StoredKey};
use portvakt_jose::PublicJwk;
use serde_json::Value;
use sqlx::PgConnection;

use crate::columns::{Row, document, instant};
use crate::fault::answered;
use crate::unit::PostgresUnit;

struct KeyRow {
    jwk: String,
    expires_at: i64,
    created: i64,
    removed_at: Option<i64>,
}

impl KeyRow {
    fn of(self, client_id: &str) -> Result<StoredKey, StorageError> {
        Ok(StoredKey {
            key: client_key(client_id, &self.jwk, self.expires_at, self.created)?,
            active: self.removed_at.is_none(),
        })
    }
}

/// A key of this client, from the columns that hold it.
pub(crate) fn client_key(
    client_id: &str,
    jwk: &str,
    expires_at: i64,
    created: i64,
) -> Result<ClientKey, StorageError> {
    let place = Row {
        table: "client_keys",
        key: client_id,
    };
    let jwk: Value = place.document("jwk", jwk)?;
    Ok(ClientKey {
        jwk: PublicJwk::parse(&jwk).map_err(|_| place.corrupt("jwk"))?,
        expires_at: instant(expires_at),
        created: instant(created),
    })
}

/// The present set in its order; with [`Listing::All`] the former ones after it, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    client_id: &ClientId,
    listing: Listing,
) -> Result<Vec<StoredKey>, StorageError> {
    let client_id = client_id.as_str();
    let all = listing == Listing::All;
    let query = sqlx::query_as!(
        KeyRow,
        "SELECT jwk, expires_at, created, removed_at FROM client_keys
         WHERE client_id = $1 AND (removed_at IS NULL OR $2)
         ORDER BY key_set DESC, position",
        client_id,
        all
    );
    let rows = answered(query.fetch_all(connection)).await?;
    rows.into_iter().map(|row| row.of(client_id)).collect()
}

/// Puts `keys` in the place of the present set. The caller keeps account of the save.
pub(crate) async fn replace(
    unit: &mut PostgresUnit,
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
    insert(unit, id, number, keys).await
}

async fn next_set(connection: &mut PgConnection, client_id: &str) -> Result<i64, StorageError> {
    let query = sqlx::query_scalar!(
        "SELECT MAX(key_set) FROM client_keys WHERE client_id = $1",
        client_id
    );
    let last = answered(query.fetch_one(connection)).await?;
    Ok(last.map_or(1, |last| last + 1))
}

/// The whole set in one statement, in its order.
async fn insert(
    unit: &mut PostgresUnit,
    client_id: &str,
    number: i64,
    keys: &[ClientKey],
) -> Result<(), StorageError> {
    let kids: Vec<_> = keys.iter().map(|key| key.jwk.key_id().to_owned()).collect();
    let jwks = keys
        .iter()
        .map(|key| document(&jwk_to_json(&key.jwk)))
        .collect::<Result<Vec<_>, _>>()?;
    let ends: Vec<_> = keys
        .iter()
        .map(|key| key.expires_at.milliseconds())
        .collect();
    let starts: Vec<_> = keys.iter().map(|key| key.created.milliseconds()).collect();
    let statement = sqlx::query!(
        "INSERT INTO client_keys (client_id, key_set, position, kid, jwk, expires_at, created)
         SELECT $1, $2, place - 1, kid, jwk, expires_at, created
         FROM unnest($3::TEXT[], $4::TEXT[], $5::BIGINT[], $6::BIGINT[])
             WITH ORDINALITY AS key (kid, jwk, expires_at, created, place)",
        client_id,
        number,
        &kids,
        &jwks,
        &ends,
        &starts
    );
    unit.execute(statement).await?;
    Ok(())
}

/// The key as it was posted, with the `exp` that was asked for: reading gives an equal key.
fn jwk_to_json(jwk: &PublicJwk) -> Value {
    let mut json = jwk.to_json();
    if let (Some(members), Some(expires_at)) = (json.as_object_mut(), jwk.expires_at()) {
        members.insert("exp".to_owned(), expires_at.into());
    }
    json
}
