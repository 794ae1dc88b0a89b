//! The storage ports over the network of the simulation.

use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::access::{Access, AccessState};
use portvakt_core::audit::{AuditFilter, AuditLink, StoredEntry};
use portvakt_core::client::expiry::{KEY_END_INSTANTS, KeyEnd};
use portvakt_core::client::{Client, ClientId, ClientSecrets, KeySet, OnBehalfOf};
use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::idempotency::{IdempotencyKey, RememberedRequest};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::person::{EidasIdentifier, IdentityMatch, Person, Pid};
use portvakt_core::ports::{
    Answers, AuditLog, ChangeFeed, Changes, ClientRecord, Clients, Consumption, DelegationLookup,
    GrantDigest, GrantRegistry, KeyedRequests, Listing, Organizations, PartyLookup,
    PrefixAssignment, RefusalMemory, Registers, RegistryReader, ReplayLedger, Revision, ScopeFact,
    Scopes, SigningKeys, StorageError, Store, StoredKey, UnitOfWork,
};
use portvakt_core::refusals::{RememberedRefusal, RequestId};
use portvakt_core::scope::{Prefix, Scope, ScopeName, ScopeToken};
use portvakt_core::signing::SigningKeyRecord;
use portvakt_core::usage::{ClientDay, ClientTotal, Day, Days, ScopeUsage, Usage, UsageLog};

use crate::model::{State, Write};
use crate::world::{NodeId, World};

/// The store as one node reaches it.
pub(crate) struct RemoteStore {
    pub(crate) world: World,
    pub(crate) node: NodeId,
}

/// A transaction: what it read when it began, and what it will write when it commits.
struct RemoteUnit {
    world: World,
    node: NodeId,
    state: Arc<State>,
    writes: Vec<Write>,
}

impl RemoteStore {
    async fn present(&self) -> Result<Arc<State>, StorageError> {
        let present = self.world.call(self.node, |model, _| model.present());
        present.await
    }

    async fn unit(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let state = self.present().await?;
        Ok(Box::new(RemoteUnit {
            world: self.world.clone(),
            node: self.node,
            state,
            writes: Vec::new(),
        }))
    }
}

#[async_trait]
impl Store for RemoteStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.unit().await
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.unit().await
    }

    async fn revision(&self) -> Result<Revision, StorageError> {
        let revision = self
            .world
            .call(self.node, |model, _| model.present().revision);
        revision.await.map(Revision)
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.revision().await.map(|_| ())
    }
}

#[async_trait]
impl ChangeFeed for RemoteStore {
    async fn changes_since(&self, since: Revision, limit: u32) -> Result<Changes, StorageError> {
        let act = move |model: &mut crate::model::Model, _| model.changes_since(since, limit);
        self.world.call(self.node, act).await
    }

    async fn trim_changes(&self, _keep: u64) -> Result<u64, StorageError> {
        Err(not_modeled())
    }
}

#[async_trait]
impl ReplayLedger for RemoteStore {
    async fn consume(
        &self,
        digest: GrantDigest,
        _keep_until: Timestamp,
    ) -> Result<Consumption, StorageError> {
        let act = move |model: &mut crate::model::Model, _| model.consume(digest);
        self.world.call(self.node, act).await
    }

    async fn is_consumed(&self, digest: GrantDigest) -> Result<bool, StorageError> {
        let act = move |model: &mut crate::model::Model, _| model.is_consumed(&digest);
        self.world.call(self.node, act).await
    }

    async fn remove_expired(&self, _now: Timestamp) -> Result<u64, StorageError> {
        Err(not_modeled())
    }
}

#[async_trait]
impl UnitOfWork for RemoteUnit {
    fn revision(&self) -> Revision {
        Revision(self.state.revision)
    }

    async fn commit(self: Box<Self>) -> Result<Revision, StorageError> {
        if self.writes.is_empty() {
            return Ok(Revision(self.state.revision));
        }
        let writes = self.writes;
        let act = move |model: &mut crate::model::Model, now| model.commit(writes, now);
        self.world.call(self.node, act).await
    }
}

impl RemoteUnit {
    /// Reads take time too, in which others go on.
    async fn read(&self) -> &State {
        let time = self.world.random(|random| random.between(0, 6));
        self.world.pause(time.saturating_sub(3)).await;
        &self.state
    }
}

#[async_trait]
impl Organizations for RemoteUnit {
    async fn find_organization(
        &mut self,
        orgno: OrgNumber,
    ) -> Result<Option<Organization>, StorageError> {
        Ok(self.read().await.organizations.get(&orgno).cloned())
    }
    async fn list_organizations(
        &mut self,
        _listing: Listing,
    ) -> Result<Vec<Organization>, StorageError> {
        Err(not_modeled())
    }
    async fn save_organization(&mut self, organization: &Organization) -> Result<(), StorageError> {
        self.writes.push(Write::Organization(organization.clone()));
        Ok(())
    }
    async fn find_prefix(
        &mut self,
        _prefix: &Prefix,
    ) -> Result<Option<PrefixAssignment>, StorageError> {
        Err(not_modeled())
    }
    async fn list_prefixes(
        &mut self,
        _owner: Option<OrgNumber>,
        _listing: Listing,
    ) -> Result<Vec<PrefixAssignment>, StorageError> {
        Err(not_modeled())
    }
    async fn save_prefix(&mut self, _assignment: &PrefixAssignment) -> Result<(), StorageError> {
        Err(not_modeled())
    }
}

#[async_trait]
impl Scopes for RemoteUnit {
    async fn find_scope(&mut self, name: &ScopeName) -> Result<Option<Scope>, StorageError> {
        Ok(self.read().await.scopes.get(name).cloned())
    }
    async fn list_scopes(
        &mut self,
        _owner: Option<OrgNumber>,
        _listing: Listing,
    ) -> Result<Vec<Scope>, StorageError> {
        Err(not_modeled())
    }
    async fn list_scopes_after(
        &mut self,
        _owner: Option<OrgNumber>,
        _listing: Listing,
        _after: Option<&ScopeName>,
        _limit: u32,
    ) -> Result<Vec<Scope>, StorageError> {
        Err(not_modeled())
    }
    async fn save_scope(&mut self, scope: &Scope) -> Result<(), StorageError> {
        self.writes.push(Write::Scope(scope.clone()));
        Ok(())
    }
    async fn find_access(
        &mut self,
        scope: &ScopeName,
        consumer: OrgNumber,
    ) -> Result<Option<Access>, StorageError> {
        let state = self.read().await;
        Ok(state.access.get(&(scope.clone(), consumer)).cloned())
    }
    async fn list_access(
        &mut self,
        _scope: Option<&ScopeName>,
        _consumer: Option<OrgNumber>,
        _listing: Listing,
    ) -> Result<Vec<Access>, StorageError> {
        Err(not_modeled())
    }
    async fn save_access(&mut self, access: &Access) -> Result<(), StorageError> {
        self.writes.push(Write::Access(access.clone()));
        Ok(())
    }
}

#[async_trait]
impl Clients for RemoteUnit {
    async fn find_client(&mut self, client_id: &ClientId) -> Result<Option<Client>, StorageError> {
        Ok(self.read().await.clients.get(client_id).cloned())
    }
    async fn list_clients(
        &mut self,
        _organization: Option<OrgNumber>,
        _listing: Listing,
    ) -> Result<Vec<Client>, StorageError> {
        Err(not_modeled())
    }
    async fn save_client(&mut self, client: &Client) -> Result<(), StorageError> {
        self.writes.push(Write::Client(client.clone()));
        Ok(())
    }
    async fn list_keys(
        &mut self,
        _client_id: &ClientId,
        _listing: Listing,
    ) -> Result<Vec<StoredKey>, StorageError> {
        self.read().await;
        Ok(Vec::new())
    }
    async fn count_key_ends(
        &mut self,
        _until: [Timestamp; KEY_END_INSTANTS],
    ) -> Result<[u64; KEY_END_INSTANTS], StorageError> {
        Err(not_modeled())
    }

    async fn count_clients_without_usable_key(
        &mut self,
        _now: Timestamp,
    ) -> Result<u64, StorageError> {
        Err(not_modeled())
    }

    async fn list_key_ends(
        &mut self,
        _after: Timestamp,
        _until: Timestamp,
        _limit: u32,
    ) -> Result<Vec<KeyEnd>, StorageError> {
        Err(not_modeled())
    }

    async fn replace_keys(
        &mut self,
        _client_id: &ClientId,
        _keys: Option<&KeySet>,
        _now: Timestamp,
    ) -> Result<(), StorageError> {
        Err(not_modeled())
    }
    async fn find_secrets(&mut self, _client_id: &ClientId) -> Result<ClientSecrets, StorageError> {
        Err(not_modeled())
    }
    async fn save_secrets(
        &mut self,
        _client_id: &ClientId,
        _secrets: &ClientSecrets,
    ) -> Result<(), StorageError> {
        Err(not_modeled())
    }
    async fn list_on_behalf_of(
        &mut self,
        _client_id: &ClientId,
        _listing: Listing,
    ) -> Result<Vec<OnBehalfOf>, StorageError> {
        Err(not_modeled())
    }
    async fn save_on_behalf_of(&mut self, _registration: &OnBehalfOf) -> Result<(), StorageError> {
        Err(not_modeled())
    }
}

/// What the simulation asks nobody.
fn not_modeled() -> StorageError {
    StorageError::Refused("the simulation has no such thing".to_owned())
}

/// Implements ports that the simulation does not use.
macro_rules! not_modeled {
    ($port:ident for $type:ident {
        $( fn $name:ident($($signature:tt)*) -> $output:ty; )+
    }) => {
        #[async_trait]
        impl $port for $type {
            $(
                async fn $name($($signature)*) -> Result<$output, StorageError> {
                    Err(not_modeled())
                }
            )+
        }
    };
}

not_modeled! { Registers for RemoteUnit {
    fn list_delegation_sources(&mut self) -> Vec<DelegationSource>;
    fn save_delegation_source(&mut self, _source: &DelegationSource) -> ();
    fn list_delegations(&mut self, _listing: Listing) -> Vec<Delegation>;
    fn save_delegation(&mut self, _delegation: &Delegation) -> ();
    fn list_system_users(&mut self, _listing: Listing) -> Vec<SystemUser>;
    fn save_system_user(&mut self, _system_user: &SystemUser) -> ();
    fn list_consents(&mut self, _listing: Listing) -> Vec<Consent>;
    fn save_consent(&mut self, _consent: &Consent) -> ();
    fn list_people(&mut self) -> Vec<Person>;
    fn list_names_of_people(&mut self) -> Vec<(Pid, String)>;
    fn save_person(&mut self, _person: &Person) -> ();
    fn find_identity_match(&mut self, _identifier: &EidasIdentifier) -> Option<IdentityMatch>;
    fn list_identity_matches(&mut self, _listing: Listing) -> Vec<IdentityMatch>;
    fn save_identity_match(&mut self, _row: &IdentityMatch) -> ();
} }

not_modeled! { SigningKeys for RemoteUnit {
    fn list_signing_keys(&mut self, _surface: &str) -> Vec<SigningKeyRecord>;
    fn save_signing_key(&mut self, _key: &SigningKeyRecord) -> ();
} }

not_modeled! { KeyedRequests for RemoteUnit {
    fn find_request(
        &mut self,
        _organization: OrgNumber,
        _key: &IdempotencyKey
    ) -> Option<RememberedRequest>;
    fn save_request(
        &mut self,
        _organization: OrgNumber,
        _key: &IdempotencyKey,
        _request: &RememberedRequest,
        _now: Timestamp
    ) -> ();
    fn remove_expired_requests(&mut self, _now: Timestamp) -> u64;
} }

not_modeled! { RefusalMemory for RemoteUnit {
    fn remember_refusal(&mut self, _refusal: &RememberedRefusal) -> ();
    fn find_refusal(&mut self, _request_id: &RequestId) -> Option<RememberedRefusal>;
    fn forget_refusals(&mut self, _before: Timestamp, _limit: u32) -> u64;
} }

not_modeled! { UsageLog for RemoteStore {
    fn add_usage(&self, _usage: &[Usage]) -> ();
    fn find_scope_usage(
        &self,
        _scope: &ScopeName,
        _consumer: Option<OrgNumber>,
        _days: Days
    ) -> ScopeUsage;
    fn list_client_usage(&self, _client_id: &ClientId, _days: Days) -> Vec<ClientDay>;
    fn list_organization_usage(&self, _organization: OrgNumber, _days: Days) -> Vec<ClientTotal>;
    fn remove_usage_before(&self, _day: Day) -> u64;
} }

not_modeled! { AuditLog for RemoteUnit {
    fn last_audit_link(&mut self) -> Option<AuditLink>;
    fn append_audit(&mut self, _entry: &StoredEntry) -> ();
    fn list_audit(&mut self, _filter: &AuditFilter, _after: u64, _limit: u32) -> Vec<StoredEntry>;
    fn list_latest_audit(&mut self, _filter: &AuditFilter, _limit: u32) -> Vec<StoredEntry>;
} }

/// The revision is asked for first, and what is found may be of a later one, as in the real stores.
#[async_trait]
impl RegistryReader for RemoteStore {
    async fn read_clients(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Answers<Option<Arc<ClientRecord>>>, StorageError> {
        let revision = self.revision().await?;
        let state = self.present().await?;
        let record = |client_id: &ClientId| Ok(record(&state, client_id));
        Ok(Answers {
            revision,
            found: client_ids.iter().map(record).collect(),
        })
    }

    async fn read_access(
        &self,
        pairs: &[(ScopeName, OrgNumber)],
    ) -> Result<Answers<Option<AccessState>>, StorageError> {
        let revision = self.revision().await?;
        let state = self.present().await?;
        let found = |pair| Ok(state.access.get(pair).map(|access| access.state));
        Ok(Answers {
            revision,
            found: pairs.iter().map(found).collect(),
        })
    }
}

fn record(state: &State, client_id: &ClientId) -> Option<Arc<ClientRecord>> {
    let client = state.clients.get(client_id)?;
    let mut organizations = [client.client_orgno, client.accessing_orgno()].into_iter();
    let is_active = |orgno| {
        state
            .organizations
            .get(&orgno)
            .is_none_or(|found| found.active)
    };
    Some(Arc::new(ClientRecord {
        client: client.clone(),
        keys: Vec::new(),
        secrets: ClientSecrets::default(),
        organization_active: organizations.all(is_active),
    }))
}

// The cache asks otherwise, so that it knows the revision.
not_modeled! { GrantRegistry for RemoteStore {
    fn find_client_record(&self, _client_id: &ClientId) -> Option<Arc<ClientRecord>>;
    fn find_scope_facts(&self, _scopes: &[ScopeToken], _consumer: OrgNumber) -> Vec<ScopeFact>;
    fn find_on_behalf_of(&self, _client_id: &ClientId, _value: &str) -> Option<OnBehalfOf>;
    fn is_deactivated(&self, _orgno: OrgNumber) -> bool;
    fn find_prefixes_of(&self, _orgno: OrgNumber) -> Vec<Prefix>;
} }

not_modeled! { PartyLookup for RemoteStore {
    fn find_system_user(&self, _client_id: &ClientId, _owner: OrgNumber, _external_ref: Option<&str>)
        -> Option<SystemUser>;
    fn find_consent(&self, _id: &str) -> Option<Consent>;
} }

not_modeled! { DelegationLookup for RemoteStore {
    fn find_delegated(
        &self,
        _source: &str,
        _consumer: OrgNumber,
        _supplier: OrgNumber,
        _scopes: &[ScopeToken],
        _now: Timestamp
    ) -> Vec<bool>;
} }
