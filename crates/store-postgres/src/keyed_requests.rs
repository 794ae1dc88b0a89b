//! Requests that are remembered by their idempotency keys. They are no part of the registry, so
//! they raise no revision and are in no change feed.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::idempotency::{Fingerprint, IdempotencyKey, RememberedRequest};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{KeyedRequests, StorageError};

use crate::columns::{Row, instant};
use crate::fault::answered;
use crate::unit::PostgresUnit;

/// Rows removed at a time.
const REMOVAL: i64 = 1000;

struct RequestRow {
    fingerprint: Vec<u8>,
    client_id: String,
    keep_until: i64,
}

impl RequestRow {
    fn read(self, place: Row<'_>) -> Result<RememberedRequest, StorageError> {
        let digest = self.fingerprint.try_into();
        let digest = digest.map_err(|_| place.corrupt("fingerprint"))?;
        Ok(RememberedRequest {
            fingerprint: Fingerprint::from_bytes(digest),
            client_id: place.parse("client_id", &self.client_id)?,
            keep_until: instant(self.keep_until),
        })
    }
}

#[async_trait]
impl KeyedRequests for PostgresUnit {
    async fn find_request(
        &mut self,
        organization: OrgNumber,
        key: &IdempotencyKey,
    ) -> Result<Option<RememberedRequest>, StorageError> {
        let organization = organization.as_str();
        let digest = key.digest().as_slice();
        let query = sqlx::query_as!(
            RequestRow,
            "SELECT fingerprint, client_id, keep_until FROM keyed_requests
             WHERE organization = $1 AND key_digest = $2",
            organization,
            digest
        );
        let row = answered(query.fetch_optional(self.connection())).await?;
        let place = Row {
            table: "keyed_requests",
            key: organization,
        };
        row.map(|row| row.read(place)).transpose()
    }

    async fn save_request(
        &mut self,
        organization: OrgNumber,
        key: &IdempotencyKey,
        request: &RememberedRequest,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let organization = organization.as_str();
        let digest = key.digest().as_slice();
        let fingerprint = request.fingerprint.as_bytes().as_slice();
        let client_id = request.client_id.as_str();
        let keep_until = request.keep_until.milliseconds();
        let now = now.milliseconds();
        let statement = sqlx::query!(
            "INSERT INTO keyed_requests (organization, key_digest, fingerprint, client_id, keep_until)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (organization, key_digest) DO UPDATE SET
                 fingerprint = excluded.fingerprint,
                 client_id = excluded.client_id,
                 keep_until = excluded.keep_until
             WHERE keyed_requests.keep_until <= $6",
            organization,
            digest,
            fingerprint,
            client_id,
            keep_until,
            now
        );
        self.append(statement, "the idempotency key is in use")
            .await
    }

    async fn remove_expired_requests(&mut self, now: Timestamp) -> Result<u64, StorageError> {
        let now = now.milliseconds();
        let statement = sqlx::query!(
            "DELETE FROM keyed_requests WHERE (organization, key_digest) IN
                 (SELECT organization, key_digest FROM keyed_requests WHERE keep_until <= $1 LIMIT $2)",
            now,
            REMOVAL
        );
        self.keep(statement).await
    }
}
