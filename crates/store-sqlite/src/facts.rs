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
use sqlx::SqliteConnection;

use crate::columns::Row;
use crate::fault::storage_error;
use crate::organizations::PrefixRow;
use crate::store::SqliteStore;
use crate::{clients, on_behalf_of, scopes, unit};

/// The revision is asked for first, so that what is found is of it or of a later one; for a whole
/// transaction SQLite's thread would have to be asked twice more.
#[async_trait]
impl RegistryReader for SqliteStore {
    async fn read_clients(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Answers<Option<Arc<ClientRecord>>>, StorageError> {
        let mut reader = self.gatherers.acquire().await.map_err(storage_error)?;
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
        let mut reader = self.gatherers.acquire().await.map_err(storage_error)?;
        let revision = unit::revision(&mut reader).await?;
        let found = scopes::find_access_states(&mut reader, pairs).await?;
        Ok(Answers { revision, found })
    }
}

#[async_trait]
impl GrantRegistry for SqliteStore {
    async fn find_client_record(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        let mut reader = self.readers.acquire().await.map_err(storage_error)?;
        let mut found = clients::find_records(&mut reader, slice::from_ref(client_id)).await?;
        found.remove(client_id.as_str()).transpose()
    }

    async fn find_scope_facts(
        &self,
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<Vec<ScopeFact>, StorageError> {
        let mut reader = self.readers.begin().await.map_err(storage_error)?;
        let mut facts = Vec::with_capacity(scopes.len());
        for scope in scopes {
            facts.push(scope_fact(&mut reader, scope, consumer).await?);
        }
        Ok(facts)
    }

    async fn find_on_behalf_of(
        &self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        let mut reader = self.readers.acquire().await.map_err(storage_error)?;
        on_behalf_of::find_active(&mut reader, client_id, value).await
    }

    async fn is_deactivated(&self, orgno: OrgNumber) -> Result<bool, StorageError> {
        let mut reader = self.readers.acquire().await.map_err(storage_error)?;
        any_deactivated(&mut reader, [orgno, orgno]).await
    }

    async fn find_prefixes_of(&self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError> {
        let orgno = orgno.as_str();
        let rows = sqlx::query_as!(
            PrefixRow,
            "SELECT prefix, owner_orgno, active, created, last_updated FROM prefixes
             WHERE owner_orgno = $1 AND active
             ORDER BY prefix",
            orgno
        )
        .fetch_all(&self.readers)
        .await
        .map_err(storage_error)?;
        let prefix = |row| PrefixAssignment::try_from(row).map(|assignment| assignment.prefix);
        rows.into_iter().map(prefix).collect()
    }
}

async fn scope_fact(
    reader: &mut SqliteConnection,
    token: &ScopeToken,
    consumer: OrgNumber,
) -> Result<ScopeFact, StorageError> {
    let Some(scope) = scopes::find_scope(reader, token.as_str()).await? else {
        return Ok(ScopeFact::default());
    };
    let standing = standing(reader, token, consumer, scope.owner_orgno).await?;
    let key = format!("{token} {consumer}");
    let place = Row {
        table: "access",
        key: &key,
    };
    Ok(ScopeFact {
        scope: Some(Arc::new(scope)),
        owner_active: standing.deactivated_owners == 0,
        access: standing
            .access
            .map(|state| place.word("state", state))
            .transpose()?,
    })
}

/// What the other tables say of a scope.
struct Standing {
    access: Option<String>,
    deactivated_owners: i64,
}

async fn standing(
    reader: &mut SqliteConnection,
    scope: &ScopeToken,
    consumer: OrgNumber,
    owner: OrgNumber,
) -> Result<Standing, StorageError> {
    let scope = scope.as_str();
    let (consumer, owner) = (consumer.as_str(), owner.as_str());
    sqlx::query_as!(
        Standing,
        r#"SELECT
             (SELECT state FROM access WHERE scope = $1 AND consumer_orgno = $2)
                 AS "access?: String",
             (SELECT COUNT(*) FROM organizations WHERE orgno = $3 AND NOT active)
                 AS "deactivated_owners!: i64""#,
        scope,
        consumer,
        owner
    )
    .fetch_one(reader)
    .await
    .map_err(storage_error)
}

/// Whether one of the two is recorded as deactivated.
async fn any_deactivated(
    reader: &mut SqliteConnection,
    organizations: [OrgNumber; 2],
) -> Result<bool, StorageError> {
    let [first, second] = &organizations;
    let (first, second) = (first.as_str(), second.as_str());
    let deactivated = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM organizations WHERE orgno IN ($1, $2) AND NOT active",
        first,
        second
    )
    .fetch_one(reader)
    .await
    .map_err(storage_error)?;
    Ok(deactivated > 0)
}
