//! Delegations, system users and consents, as a token request looks them up.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::organization::OrgNumber;
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::ports::{DelegationLookup, PartyLookup, StorageError};
use portvakt_core::scope::ScopeToken;

use crate::columns::can_be_kept;
use crate::fault::answered;
use crate::store::PostgresStore;
use crate::{delegations, parties};

#[async_trait]
impl DelegationLookup for PostgresStore {
    async fn find_delegated(
        &self,
        source: &str,
        consumer: OrgNumber,
        supplier: OrgNumber,
        scopes: &[ScopeToken],
        now: Timestamp,
    ) -> Result<Vec<bool>, StorageError> {
        let names: Vec<_> = scopes.iter().map(ToString::to_string).collect();
        let mut reader = answered(self.readers.acquire()).await?;
        let found = delegations::find(&mut reader, source, &names, consumer, supplier).await?;
        let holds = |name: &String| {
            let mut found = found.iter().filter(|found| found.scope.as_str() == name);
            found.any(|delegation| delegation.holds_at(now))
        };
        Ok(names.iter().map(holds).collect())
    }
}

#[async_trait]
impl PartyLookup for PostgresStore {
    async fn find_system_user(
        &self,
        client_id: &ClientId,
        owner: OrgNumber,
        external_ref: Option<&str>,
    ) -> Result<Option<SystemUser>, StorageError> {
        let external_ref = external_ref.unwrap_or(owner.as_str());
        if !can_be_kept(external_ref) {
            return Ok(None);
        }
        let mut reader = answered(self.readers.acquire()).await?;
        parties::find_system_user(&mut reader, client_id, owner, external_ref).await
    }

    async fn find_consent(&self, id: &str) -> Result<Option<Consent>, StorageError> {
        if !can_be_kept(id) {
            return Ok(None);
        }
        let mut reader = answered(self.readers.acquire()).await?;
        parties::find_consent(&mut reader, id).await
    }
}
