//! What a token request reads from the registry. Every statement finds its rows by an index.

use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::client::{ClientId, OnBehalfOf};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{
    ClientRecord, GrantRegistry, PrefixAssignment, ScopeFact, StorageError,
};
use portvakt_core::scope::{Prefix, ScopeToken};

use crate::columns::can_be_kept;
use crate::fault::answered_soon;
use crate::organizations::PrefixRow;
use crate::store::PostgresStore;
use crate::{clients, on_behalf_of, scopes};

#[async_trait]
impl GrantRegistry for PostgresStore {
    async fn find_client_record(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        let mut reader = answered_soon(self.readers.acquire()).await?;
        let record = clients::find_record(&mut reader, client_id).await?;
        Ok(record.map(Arc::new))
    }

    async fn find_scope_facts(
        &self,
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<Vec<ScopeFact>, StorageError> {
        let names: Vec<_> = scopes.iter().map(ToString::to_string).collect();
        let mut reader = answered_soon(self.readers.acquire()).await?;
        let facts = scopes::find_facts(&mut reader, &names, consumer).await?;
        let fact = |name| facts.get(name).cloned().unwrap_or_default();
        Ok(names.iter().map(fact).collect())
    }

    async fn find_on_behalf_of(
        &self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        if !can_be_kept(value) {
            return Ok(None);
        }
        let mut reader = answered_soon(self.readers.acquire()).await?;
        on_behalf_of::find_active(&mut reader, client_id, value).await
    }

    async fn is_deactivated(&self, orgno: OrgNumber) -> Result<bool, StorageError> {
        let orgno = orgno.as_str();
        let query = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM organizations WHERE orgno = $1 AND NOT active)
                 AS "deactivated!""#,
            orgno
        );
        answered_soon(query.fetch_one(&self.readers)).await
    }

    async fn find_prefixes_of(&self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError> {
        let orgno = orgno.as_str();
        let query = sqlx::query_as!(
            PrefixRow,
            "SELECT prefix, owner_orgno, active, created, last_updated FROM prefixes
             WHERE owner_orgno = $1 AND active
             ORDER BY prefix",
            orgno
        );
        let rows = answered_soon(query.fetch_all(&self.readers)).await?;
        let prefix = |row| PrefixAssignment::try_from(row).map(|assignment| assignment.prefix);
        rows.into_iter().map(prefix).collect()
    }
}
