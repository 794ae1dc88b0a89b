//! Refusals that are remembered for a while.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::ports::{RefusalMemory, StorageError};
use portvakt_core::refusals::{RememberedRefusal, RequestId};

use crate::columns::{Row, document, instant};
use crate::fault::answered;
use crate::unit::PostgresUnit;

#[async_trait]
impl RefusalMemory for PostgresUnit {
    async fn remember_refusal(&mut self, refusal: &RememberedRefusal) -> Result<(), StorageError> {
        let request_id = refusal.request_id.as_str();
        let client_id = refusal.client_id.as_ref().map(ClientId::as_str);
        let at = refusal.at.milliseconds();
        let views = document(&refusal.views)?;
        let statement = sqlx::query!(
            "INSERT INTO refusals (request_id, client_id, at, views) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
            request_id,
            client_id,
            at,
            views
        );
        self.keep(statement).await?;
        Ok(())
    }

    async fn find_refusal(
        &mut self,
        request_id: &RequestId,
    ) -> Result<Option<RememberedRefusal>, StorageError> {
        let key = request_id.as_str();
        let query = sqlx::query!(
            "SELECT client_id, at, views FROM refusals WHERE request_id = $1",
            key
        );
        let row = answered(query.fetch_optional(self.connection())).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let place = Row {
            table: "refusals",
            key,
        };
        Ok(Some(RememberedRefusal {
            request_id: request_id.clone(),
            at: instant(row.at),
            client_id: place.parse_optional("client_id", row.client_id.as_deref())?,
            views: place.document("views", &row.views)?,
        }))
    }

    async fn forget_refusals(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StorageError> {
        let before = before.milliseconds();
        let statement = sqlx::query!(
            "DELETE FROM refusals WHERE request_id IN
                 (SELECT request_id FROM refusals WHERE at < $1 ORDER BY at LIMIT $2)",
            before,
            i64::from(limit)
        );
        self.keep(statement).await
    }
}
