//! Delegations, system users and consents, as a token request looks them up.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::organization::OrgNumber;
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::ports::{DelegationLookup, PartyLookup, StorageError};
use portvakt_core::scope::ScopeToken;

use crate::fault::storage_error;
use crate::store::SqliteStore;
use crate::{delegations, parties};

#[async_trait]
impl DelegationLookup for SqliteStore {
    async fn find_delegated(
        &self,
        source: &str,
        consumer: OrgNumber,
        supplier: OrgNumber,
        scopes: &[ScopeToken],
        now: Timestamp,
    ) -> Result<Vec<bool>, StorageError> {
        let mut reader = self.readers.begin().await.map_err(storage_error)?;
        let mut delegated = Vec::with_capacity(scopes.len());
        for scope in scopes {
            let scope = scope.as_str();
            let found = delegations::find(&mut reader, source, scope, consumer, supplier).await?;
            delegated.push(found.is_some_and(|delegation| delegation.holds_at(now)));
        }
        Ok(delegated)
    }
}

#[async_trait]
impl PartyLookup for SqliteStore {
    async fn find_system_user(
        &self,
        client_id: &ClientId,
        owner: OrgNumber,
        external_ref: Option<&str>,
    ) -> Result<Option<SystemUser>, StorageError> {
        let external_ref = external_ref.unwrap_or(owner.as_str());
        let mut reader = self.readers.acquire().await.map_err(storage_error)?;
        parties::find_system_user(&mut reader, client_id, owner, external_ref).await
    }

    async fn find_consent(&self, id: &str) -> Result<Option<Consent>, StorageError> {
        let mut reader = self.readers.acquire().await.map_err(storage_error)?;
        parties::find_consent(&mut reader, id).await
    }
}
