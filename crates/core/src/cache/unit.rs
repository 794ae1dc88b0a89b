//! A unit of work that makes the cache forget what it changed, before its commit is acknowledged.

use std::sync::Arc;

use async_trait::async_trait;

use super::failures::Failures;
use super::freshness::Freshness;
use super::key::{Key, KeyRef, Stale};
use super::store::CachedStore;
use super::table::Table;
use crate::access::Access;
use crate::audit::{AuditFilter, AuditLink, StoredEntry};
use crate::client::expiry::{KEY_END_INSTANTS, KeyEnd};
use crate::client::{Client, ClientId, ClientSecrets, KeySet, OnBehalfOf};
use crate::clock::Timestamp;
use crate::delegation::{Delegation, DelegationSource};
use crate::idempotency::{IdempotencyKey, RememberedRequest};
use crate::organization::{OrgNumber, Organization};
use crate::party::{Consent, SystemUser};
use crate::person::{EidasIdentifier, IdentityMatch, Person, Pid};
use crate::ports::{
    AuditLog, Clients, KeyedRequests, Listing, Organizations, PrefixAssignment, RefusalMemory,
    Registers, Revision, Scopes, SigningKeys, StorageError, StoredKey, UnitOfWork,
};
use crate::refusals::{RememberedRefusal, RequestId};
use crate::scope::{Prefix, Scope, ScopeName};
use crate::signing::SigningKeyRecord;

/// Notes what is saved. A commit of unknown outcome forgets nothing: it is not acknowledged, and if
/// it happened the change feed tells.
pub(super) struct CachedUnit {
    inner: Box<dyn UnitOfWork>,
    table: Arc<Table>,
    freshness: Arc<Freshness>,
    failures: Arc<Failures>,
    saved: Vec<Key>,
    prefixes_saved: bool,
}

impl CachedUnit {
    pub(super) fn new(inner: Box<dyn UnitOfWork>, store: &CachedStore) -> Self {
        Self {
            inner,
            table: Arc::clone(&store.table),
            freshness: Arc::clone(&store.freshness),
            failures: Arc::clone(&store.failures),
            saved: Vec::new(),
            prefixes_saved: false,
        }
    }

    fn saved(&mut self, key: KeyRef<'_>) {
        self.saved.push(key.to_key());
    }
}

#[async_trait]
impl UnitOfWork for CachedUnit {
    fn revision(&self) -> Revision {
        self.inner.revision()
    }

    async fn commit(self: Box<Self>) -> Result<Revision, StorageError> {
        let revision = self.failures.noted(self.inner.commit().await)?;
        self.freshness.reach(revision);
        if self.saved.is_empty() && !self.prefixes_saved {
            return Ok(revision);
        }
        let prefixes = self.prefixes_saved.then_some(Stale::Prefixes);
        let entries = self.saved.iter().map(|key| Stale::Entry(key.as_ref()));
        self.table.invalidate(entries.chain(prefixes), revision);
        self.freshness.committed(revision);
        Ok(revision)
    }
}

/// Implements a port by the unit within. A method that saves also notes the name of the entry.
macro_rules! delegate {
    ($port:ident {
        $( fn $name:ident($($argument:ident: $type:ty),*) -> $output:ty
            $( { $unit:ident => $note:expr } )? ; )+
    }) => {
        #[async_trait]
        impl $port for CachedUnit {
            $(
                async fn $name(&mut self, $($argument: $type),*) -> Result<$output, StorageError> {
                    let answer = self.inner.$name($($argument),*).await?;
                    $( let $unit = self; $note; )?
                    Ok(answer)
                }
            )+
        }
    };
}

delegate! { Organizations {
    fn find_organization(orgno: OrgNumber) -> Option<Organization>;
    fn list_organizations(listing: Listing) -> Vec<Organization>;
    fn save_organization(organization: &Organization) -> () {
        unit => unit.saved(KeyRef::organization(&organization.orgno))
    };
    fn find_prefix(prefix: &Prefix) -> Option<PrefixAssignment>;
    fn list_prefixes(owner: Option<OrgNumber>, listing: Listing) -> Vec<PrefixAssignment>;
    fn save_prefix(assignment: &PrefixAssignment) -> () { unit => unit.prefixes_saved = true };
} }

delegate! { Scopes {
    fn find_scope(name: &ScopeName) -> Option<Scope>;
    fn list_scopes(owner: Option<OrgNumber>, listing: Listing) -> Vec<Scope>;
    fn list_scopes_after(
        owner: Option<OrgNumber>,
        listing: Listing,
        after: Option<&ScopeName>,
        limit: u32
    ) -> Vec<Scope>;
    fn save_scope(scope: &Scope) -> () { unit => unit.saved(KeyRef::scope(scope.name.as_str())) };
    fn find_access(scope: &ScopeName, consumer: OrgNumber) -> Option<Access>;
    fn list_access(
        scope: Option<&ScopeName>,
        consumer: Option<OrgNumber>,
        listing: Listing
    ) -> Vec<Access>;
    fn save_access(access: &Access) -> () {
        unit => unit.saved(KeyRef::access(access.scope.as_str(), &access.consumer_orgno))
    };
} }

delegate! { Clients {
    fn find_client(client_id: &ClientId) -> Option<Client>;
    fn list_clients(organization: Option<OrgNumber>, listing: Listing) -> Vec<Client>;
    fn save_client(client: &Client) -> () { unit => unit.saved(KeyRef::client(&client.client_id)) };
    fn list_keys(client_id: &ClientId, listing: Listing) -> Vec<StoredKey>;
    fn count_key_ends(until: [Timestamp; KEY_END_INSTANTS]) -> [u64; KEY_END_INSTANTS];
    fn count_clients_without_usable_key(now: Timestamp) -> u64;
    fn list_key_ends(after: Timestamp, until: Timestamp, limit: u32) -> Vec<KeyEnd>;
    fn replace_keys(client_id: &ClientId, keys: Option<&KeySet>, now: Timestamp) -> () {
        unit => unit.saved(KeyRef::client(client_id))
    };
    fn find_secrets(client_id: &ClientId) -> ClientSecrets;
    fn save_secrets(client_id: &ClientId, secrets: &ClientSecrets) -> () {
        unit => unit.saved(KeyRef::client(client_id))
    };
    fn list_on_behalf_of(client_id: &ClientId, listing: Listing) -> Vec<OnBehalfOf>;
    fn find_active_on_behalf_of(client_id: &ClientId, value: &str) -> Option<OnBehalfOf>;
    fn save_on_behalf_of(registration: &OnBehalfOf) -> () {
        unit => unit.saved(KeyRef::on_behalf_of(&registration.client_id, &registration.onbehalfof))
    };
} }

// Decisions read these from the store itself.
delegate! { Registers {
    fn list_delegation_sources() -> Vec<DelegationSource>;
    fn save_delegation_source(source: &DelegationSource) -> ();
    fn list_delegations(listing: Listing) -> Vec<Delegation>;
    fn save_delegation(delegation: &Delegation) -> ();
    fn list_system_users(listing: Listing) -> Vec<SystemUser>;
    fn save_system_user(system_user: &SystemUser) -> ();
    fn list_consents(listing: Listing) -> Vec<Consent>;
    fn save_consent(consent: &Consent) -> ();
    fn list_people() -> Vec<Person>;
    fn list_names_of_people() -> Vec<(Pid, String)>;
    fn save_person(person: &Person) -> ();
    fn find_identity_match(identifier: &EidasIdentifier) -> Option<IdentityMatch>;
    fn list_identity_matches(listing: Listing) -> Vec<IdentityMatch>;
    fn save_identity_match(row: &IdentityMatch) -> ();
} }

delegate! { SigningKeys {
    fn list_signing_keys(surface: &str) -> Vec<SigningKeyRecord>;
    fn save_signing_key(key: &SigningKeyRecord) -> ();
} }

delegate! { KeyedRequests {
    fn find_request(organization: OrgNumber, key: &IdempotencyKey) -> Option<RememberedRequest>;
    fn save_request(
        organization: OrgNumber,
        key: &IdempotencyKey,
        request: &RememberedRequest,
        now: Timestamp
    ) -> ();
    fn remove_expired_requests(now: Timestamp) -> u64;
} }

delegate! { RefusalMemory {
    fn remember_refusal(refusal: &RememberedRefusal) -> ();
    fn find_refusal(request_id: &RequestId) -> Option<RememberedRefusal>;
    fn forget_refusals(before: Timestamp, limit: u32) -> u64;
} }

delegate! { AuditLog {
    fn last_audit_link() -> Option<AuditLink>;
    fn append_audit(entry: &StoredEntry) -> ();
    fn list_audit(filter: &AuditFilter, after: u64, limit: u32) -> Vec<StoredEntry>;
    fn list_latest_audit(filter: &AuditFilter, limit: u32) -> Vec<StoredEntry>;
} }
