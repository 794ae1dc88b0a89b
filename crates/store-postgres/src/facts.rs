//! What a token request reads from the registry. Every statement finds its rows by an index.

use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::access::AccessState;
use portvakt_core::client::{ClientId, OnBehalfOf};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{
    Answers, ClientRecord, GrantRegistry, PrefixAssignment, RegistryReader, ScopeFact, StorageError,
};
use portvakt_core::scope::{Prefix, ScopeName, ScopeToken};

use crate::columns::can_be_kept;
use crate::fault::answered_soon;
use crate::organizations::PrefixRow;
use crate::store::PostgresStore;
use crate::{clients, on_behalf_of, scopes, unit};

/// The revision is asked for first, so that what is found is of it or of a later one; for a whole
/// transaction the server would have to be asked twice more.
#[async_trait]
impl RegistryReader for PostgresStore {
    async fn read_clients(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Answers<Option<Arc<ClientRecord>>>, StorageError> {
        let mut reader = answered_soon(self.readers.acquire()).await?;
        let revision = unit::revision(&mut reader).await?;
        let records = clients::find_records(&mut reader, client_ids).await?;
        let record = |client_id: &ClientId| records.get(client_id.as_str()).cloned().transpose();
        Ok(Answers {
            revision,
            found: client_ids.iter().map(record).collect(),
        })
    }

    async fn read_access(
        &self,
        pairs: &[(ScopeName, OrgNumber)],
    ) -> Result<Answers<Option<AccessState>>, StorageError> {
        let mut reader = answered_soon(self.readers.acquire()).await?;
        let revision = unit::revision(&mut reader).await?;
        let found = scopes::find_access_states(&mut reader, pairs).await?;
        Ok(Answers { revision, found })
    }
}

#[async_trait]
impl GrantRegistry for PostgresStore {
    async fn find_client_record(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        let mut reader = answered_soon(self.readers.acquire()).await?;
        let mut found = clients::find_records(&mut reader, slice::from_ref(client_id)).await?;
        found.remove(client_id.as_str()).transpose()
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
