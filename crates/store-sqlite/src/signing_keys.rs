//! The server's signing keys.

use async_trait::async_trait;
use portvakt_core::ports::{SigningKeys, StorageError};
use portvakt_core::signing::SigningKeyRecord;

use crate::columns::{Row, instant, word};
use crate::fault::storage_error;
use crate::unit::{Kind, SqliteUnit};

struct SigningKeyRow {
    kid: String,
    surface: String,
    algorithm: String,
    state: String,
    private_key: Vec<u8>,
    certificate: Option<Vec<u8>>,
    created: i64,
    last_updated: i64,
}

impl TryFrom<SigningKeyRow> for SigningKeyRecord {
    type Error = StorageError;

    fn try_from(row: SigningKeyRow) -> Result<Self, StorageError> {
        let place = Row {
            table: "signing_keys",
            key: &row.kid,
        };
        Ok(Self {
            algorithm: place.parse("algorithm", &row.algorithm)?,
            state: place.word("state", row.state)?,
            kid: row.kid,
            surface: row.surface,
            private_key: row.private_key,
            certificate: row.certificate,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        })
    }
}

#[async_trait]
impl SigningKeys for SqliteUnit {
    async fn list_signing_keys(
        &mut self,
        surface: &str,
    ) -> Result<Vec<SigningKeyRecord>, StorageError> {
        let rows = sqlx::query_as!(
            SigningKeyRow,
            "SELECT kid, surface, algorithm, state, private_key, certificate, created, last_updated
             FROM signing_keys
             WHERE surface = $1
             ORDER BY created, kid",
            surface
        )
        .fetch_all(self.connection())
        .await
        .map_err(storage_error)?;
        rows.into_iter().map(SigningKeyRecord::try_from).collect()
    }

    async fn save_signing_key(&mut self, key: &SigningKeyRecord) -> Result<(), StorageError> {
        let algorithm = key.algorithm.as_str();
        let state = word(&key.state)?;
        let created = key.created.milliseconds();
        let last_updated = key.last_updated.milliseconds();
        let statement = sqlx::query!(
            "INSERT INTO signing_keys (kid, surface, algorithm, state, private_key, certificate,
                 created, last_updated)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (kid) DO UPDATE SET
                 surface = excluded.surface, algorithm = excluded.algorithm,
                 state = excluded.state, private_key = excluded.private_key,
                 certificate = excluded.certificate, created = excluded.created,
                 last_updated = excluded.last_updated",
            key.kid,
            key.surface,
            algorithm,
            state,
            key.private_key,
            key.certificate,
            created,
            last_updated
        );
        self.save(Kind::SigningKey, key.kid.clone(), statement)
            .await
    }
}
