//! The port of the built-in registers, over the queries of each.

use async_trait::async_trait;
use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::person::{EidasIdentifier, IdentityMatch, Person, Pid};
use portvakt_core::ports::{Listing, Registers, StorageError};

use crate::unit::SqliteUnit;
use crate::{delegations, identity_matches, parties};

#[async_trait]
impl Registers for SqliteUnit {
    async fn list_delegation_sources(&mut self) -> Result<Vec<DelegationSource>, StorageError> {
        delegations::list_sources(self.connection()).await
    }

    async fn save_delegation_source(
        &mut self,
        source: &DelegationSource,
    ) -> Result<(), StorageError> {
        delegations::save_source(self, source).await
    }

    async fn list_delegations(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<Delegation>, StorageError> {
        delegations::list(self.connection(), listing).await
    }

    async fn save_delegation(&mut self, delegation: &Delegation) -> Result<(), StorageError> {
        delegations::save(self, delegation).await
    }

    async fn list_system_users(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<SystemUser>, StorageError> {
        parties::list_system_users(self.connection(), listing).await
    }

    async fn save_system_user(&mut self, system_user: &SystemUser) -> Result<(), StorageError> {
        parties::save_system_user(self, system_user).await
    }

    async fn list_consents(&mut self, listing: Listing) -> Result<Vec<Consent>, StorageError> {
        parties::list_consents(self.connection(), listing).await
    }

    async fn save_consent(&mut self, consent: &Consent) -> Result<(), StorageError> {
        parties::save_consent(self, consent).await
    }

    async fn list_people(&mut self) -> Result<Vec<Person>, StorageError> {
        parties::list_people(self.connection()).await
    }

    async fn list_names_of_people(&mut self) -> Result<Vec<(Pid, String)>, StorageError> {
        parties::list_names_of_people(self.connection()).await
    }

    async fn save_person(&mut self, person: &Person) -> Result<(), StorageError> {
        parties::save_person(self, person).await
    }

    async fn find_identity_match(
        &mut self,
        identifier: &EidasIdentifier,
    ) -> Result<Option<IdentityMatch>, StorageError> {
        identity_matches::find(self.connection(), identifier).await
    }

    async fn list_identity_matches(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<IdentityMatch>, StorageError> {
        identity_matches::list(self.connection(), listing).await
    }

    async fn save_identity_match(&mut self, row: &IdentityMatch) -> Result<(), StorageError> {
        identity_matches::save(self, row).await
    }
}
