//! What the core asks of the outside world: storage, the ledger of used grants, and the registers
//! of delegations, system users and consents.
//!
//! Writes happen in a [`UnitOfWork`] that ends with an explicit commit. "Not found" is `Ok(None)`.
//! Nothing is ever deleted: `save_*` inserts or replaces a whole record by its key, and records
//! are deactivated by their own state.

mod change_feed;
mod ledger_meter;
mod registry_reader;

use std::sync::Arc;

use async_trait::async_trait;

pub use self::change_feed::{ChangeFeed, ChangedKind, ChangedRecord, Changes, Extent};
pub use self::ledger_meter::{LedgerCounters, LedgerMeter};
pub use self::registry_reader::{Answers, RegistryReader};
use crate::access::{Access, AccessState};
use crate::audit::{AuditFilter, AuditLink, StoredEntry};
use crate::client::expiry::{KEY_END_INSTANTS, KeyEnd};
use crate::client::{Client, ClientId, ClientKey, ClientSecrets, KeySet, OnBehalfOf};
use crate::clock::Timestamp;
use crate::delegation::{Delegation, DelegationSource};
use crate::idempotency::{IdempotencyKey, RememberedRequest};
use crate::moment::Moment;
use crate::organization::{OrgNumber, Organization};
use crate::party::{Consent, SystemUser};
use crate::person::{EidasIdentifier, IdentityMatch, Person, Pid};
use crate::refusals::{RememberedRefusal, RequestId};
use crate::scope::{Prefix, Scope, ScopeName, ScopeToken};
use crate::signing::SigningKeyRecord;

pub use crate::usage::UsageLog;

/// A fault of the store; never a fact about the caller's request.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// The store did not answer, or said that it cannot now. Trying again may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A stored value cannot be read back.
    #[error("corrupt data in {table}.{column} of {key}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row; an id, never a secret.
        key: String,
    },
    /// The store refused a write that the rules should have prevented.
    #[error("the store refused the write: {0}")]
    Refused(String),
}

/// Counts committed changes of the registry. It only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(pub u64);

/// A client with what deciding its grants needs.
#[derive(Clone, Debug)]
pub struct ClientRecord {
    /// The registration.
    pub client: Client,
    /// Its registered keys, expired ones included, removed ones not.
    pub keys: Vec<ClientKey>,
    /// Its secrets, expired ones included. A client that authenticates otherwise has none.
    pub secrets: ClientSecrets,
    /// Whether the client's organization, and its supplier if it has one, are active.
    pub organization_active: bool,
}

/// What the registry knows of one requested scope, seen from one consumer.
#[derive(Clone, Debug, Default)]
pub struct ScopeFact {
    /// The scope; none when no scope has this name.
    pub scope: Option<Arc<Scope>>,
    /// Whether the scope's owner is an active organization.
    pub owner_active: bool,
    /// The consumer's access record, if there is one.
    pub access: Option<AccessState>,
}

/// Of which moment facts tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// Of the moment in which each is asked for.
    Reading,
    /// They are known to have been true at this one.
    Confirmed(Moment),
}

/// The reads of a token request. An implementation may answer from memory, as long as a committed
/// change shows within the time that it promises; when it cannot keep the promise, its answer is
/// [`StorageError::Unavailable`].
#[async_trait]
pub trait GrantRegistry: Send + Sync {
    /// Of which moment the facts tell that are asked for from now on.
    fn as_of(&self) -> Result<AsOf, StorageError> {
        Ok(AsOf::Reading)
    }

    /// Whether facts of then may still be decided on. Asked when the decision is made, because the
    /// process may have been stopped since the facts were read.
    fn still_holds(&self, _as_of: AsOf) -> Result<(), StorageError> {
        Ok(())
    }

    /// The client of this id, deactivated ones too.
    async fn find_client_record(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError>;

    /// One fact for each scope, in the order asked, seen from `consumer`.
    async fn find_scope_facts(
        &self,
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<Vec<ScopeFact>, StorageError>;

    /// The client's active on-behalf-of registration of this value.
    async fn find_on_behalf_of(
        &self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError>;

    /// Whether this organization is deactivated. One that is not recorded is not deactivated.
    async fn is_deactivated(&self, orgno: OrgNumber) -> Result<bool, StorageError>;

    /// The active prefixes of an organization, in order of name.
    async fn find_prefixes_of(&self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError>;
}

/// What identifies a used grant: a SHA-256 value, never the grant itself.
pub type GrantDigest = [u8; 32];

/// What came of consuming a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumption {
    /// It had not been used; now it is, durably.
    Fresh,
    /// It was used before.
    Replayed,
}

/// The ledger of used grants: one atomic, durable insert for each.
#[async_trait]
pub trait ReplayLedger: Send + Sync {
    /// Consumes a grant. `Fresh` is answered only after the record would survive `kill -9`, and
    /// for a digest at most once until `keep_until`.
    async fn consume(
        &self,
        digest: GrantDigest,
        keep_until: Timestamp,
    ) -> Result<Consumption, StorageError>;

    /// Whether a grant was used, without using it.
    async fn is_consumed(&self, digest: GrantDigest) -> Result<bool, StorageError>;

    /// Drops records whose `keep_until` is before `now`, a bounded number at a time, and says how
    /// many. Called outside requests.
    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError>;

    /// What this process has written, for metrics. A ledger that does not count says nothing.
    fn ledger_counters(&self) -> LedgerCounters {
        LedgerCounters::default()
    }
}

/// Where it is recorded that a consumer lets a supplier use scopes.
#[async_trait]
pub trait DelegationLookup: Send + Sync {
    /// For each scope, whether `consumer` has delegated it to `supplier` at `now` in the source
    /// with this issuer.
    async fn find_delegated(
        &self,
        source: &str,
        consumer: OrgNumber,
        supplier: OrgNumber,
        scopes: &[ScopeToken],
        now: Timestamp,
    ) -> Result<Vec<bool>, StorageError>;
}

/// Where system users and consents are recorded.
#[async_trait]
pub trait PartyLookup: Send + Sync {
    /// The active system user of `owner` for this client. Without `external_ref` the one that has
    /// the owner's number as its reference.
    async fn find_system_user(
        &self,
        client_id: &ClientId,
        owner: OrgNumber,
        external_ref: Option<&str>,
    ) -> Result<Option<SystemUser>, StorageError>;

    /// The active consent of this id, whoever gave it and received it.
    async fn find_consent(&self, id: &str) -> Result<Option<Consent>, StorageError>;
}

/// Which records a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Active records only.
    #[default]
    Active,
    /// Deactivated records too (`inactive=true`).
    All,
}

/// An organization's right to make scopes below a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixAssignment {
    /// The prefix.
    pub prefix: Prefix,
    /// Whose it is.
    pub owner_orgno: OrgNumber,
    /// A withdrawn prefix gets no new scopes; existing ones keep working.
    pub active: bool,
    /// When it was first assigned.
    pub created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
}

/// Organizations and prefixes.
#[async_trait]
pub trait Organizations {
    /// The organization of this number.
    async fn find_organization(
        &mut self,
        orgno: OrgNumber,
    ) -> Result<Option<Organization>, StorageError>;
    /// Organizations in order of number.
    async fn list_organizations(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<Organization>, StorageError>;
    /// Inserts or replaces by number.
    async fn save_organization(&mut self, organization: &Organization) -> Result<(), StorageError>;
    /// The assignment of this prefix.
    async fn find_prefix(
        &mut self,
        prefix: &Prefix,
    ) -> Result<Option<PrefixAssignment>, StorageError>;
    /// Assignments in order of prefix, of one organization or of all.
    async fn list_prefixes(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<PrefixAssignment>, StorageError>;
    /// Inserts or replaces by prefix.
    async fn save_prefix(&mut self, assignment: &PrefixAssignment) -> Result<(), StorageError>;
}

/// Scopes and access to them.
#[async_trait]
pub trait Scopes {
    /// The scope of this name.
    async fn find_scope(&mut self, name: &ScopeName) -> Result<Option<Scope>, StorageError>;
    /// Scopes in order of name, of one owner or of all.
    async fn list_scopes(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Scope>, StorageError>;
    /// The first `limit` of these scopes whose name comes after this one, in order of name.
    async fn list_scopes_after(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
        after: Option<&ScopeName>,
        limit: u32,
    ) -> Result<Vec<Scope>, StorageError>;
    /// Inserts or replaces by name.
    async fn save_scope(&mut self, scope: &Scope) -> Result<(), StorageError>;
    /// One organization's access to a scope.
    async fn find_access(
        &mut self,
        scope: &ScopeName,
        consumer: OrgNumber,
    ) -> Result<Option<Access>, StorageError>;
    /// Access records of a scope, or to all scopes, in order of scope and consumer.
    /// [`Listing::Active`] leaves out [`AccessState::Denied`].
    async fn list_access(
        &mut self,
        scope: Option<&ScopeName>,
        consumer: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Access>, StorageError>;
    /// Inserts or replaces by scope and consumer.
    async fn save_access(&mut self, access: &Access) -> Result<(), StorageError>;
}

/// Clients, their keys and their secrets.
#[async_trait]
pub trait Clients {
    /// The client of this id.
    async fn find_client(&mut self, client_id: &ClientId) -> Result<Option<Client>, StorageError>;
    /// Clients in order of creation, of one organization (as client or supplier) or of all.
    async fn list_clients(
        &mut self,
        organization: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Client>, StorageError>;
    /// Inserts or replaces by id.
    async fn save_client(&mut self, client: &Client) -> Result<(), StorageError>;
    /// The client's keys in the order of its set; [`Listing::All`] adds removed ones after them.
    async fn list_keys(
        &mut self,
        client_id: &ClientId,
        listing: Listing,
    ) -> Result<Vec<StoredKey>, StorageError>;
    /// How many present keys of active clients end at each of these instants or before. It looks at
    /// every key, so it is for now and then.
    async fn count_key_ends(
        &mut self,
        until: [Timestamp; KEY_END_INSTANTS],
    ) -> Result<[u64; KEY_END_INSTANTS], StorageError>;
    /// How many active clients have present keys of which none is usable at `now`.
    async fn count_clients_without_usable_key(
        &mut self,
        now: Timestamp,
    ) -> Result<u64, StorageError>;
    /// The first `limit` present keys of active clients that end after one instant and until another,
    /// in order of their ends.
    async fn list_key_ends(
        &mut self,
        after: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<KeyEnd>, StorageError>;
    /// Replaces the whole set; none leaves the client without keys. Replaced keys stay readable.
    async fn replace_keys(
        &mut self,
        client_id: &ClientId,
        keys: Option<&KeySet>,
        now: Timestamp,
    ) -> Result<(), StorageError>;
    /// The client's secrets, expired ones included.
    async fn find_secrets(&mut self, client_id: &ClientId) -> Result<ClientSecrets, StorageError>;
    /// Replaces all of the client's secrets. Those that are replaced are gone: a hash that nothing
    /// is compared with any more has no use.
    async fn save_secrets(
        &mut self,
        client_id: &ClientId,
        secrets: &ClientSecrets,
    ) -> Result<(), StorageError>;
    /// The client's on-behalf-of registrations in order of creation.
    async fn list_on_behalf_of(
        &mut self,
        client_id: &ClientId,
        listing: Listing,
    ) -> Result<Vec<OnBehalfOf>, StorageError>;
    /// The client's active registration of this value. A store that finds it without the list does
    /// so.
    async fn find_active_on_behalf_of(
        &mut self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        let active = self.list_on_behalf_of(client_id, Listing::Active).await?;
        let mut active = active.into_iter();
        Ok(active.find(|registration| registration.onbehalfof == value))
    }
    /// Inserts or replaces by client and value.
    async fn save_on_behalf_of(&mut self, registration: &OnBehalfOf) -> Result<(), StorageError>;
}

/// A key of a client's present or former set.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// The key.
    pub key: ClientKey,
    /// Whether it belongs to the present set.
    pub active: bool,
}

/// The built-in registers that grants and logins refer to: delegations, system users, consents, people and
/// whom foreign identities are of.
#[async_trait]
pub trait Registers {
    /// Delegation sources in order of name.
    async fn list_delegation_sources(&mut self) -> Result<Vec<DelegationSource>, StorageError>;
    /// Inserts or replaces by name.
    async fn save_delegation_source(
        &mut self,
        source: &DelegationSource,
    ) -> Result<(), StorageError>;
    /// Delegations in order of source, scope, consumer, supplier.
    async fn list_delegations(&mut self, listing: Listing)
    -> Result<Vec<Delegation>, StorageError>;
    /// Inserts or replaces by source, scope, consumer and supplier.
    async fn save_delegation(&mut self, delegation: &Delegation) -> Result<(), StorageError>;
    /// System users in order of id.
    async fn list_system_users(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<SystemUser>, StorageError>;
    /// Inserts or replaces by id.
    async fn save_system_user(&mut self, system_user: &SystemUser) -> Result<(), StorageError>;
    /// Consents in order of id.
    async fn list_consents(&mut self, listing: Listing) -> Result<Vec<Consent>, StorageError>;
    /// Inserts or replaces by id.
    async fn save_consent(&mut self, consent: &Consent) -> Result<(), StorageError>;
    /// Test people in order of national identity number.
    async fn list_people(&mut self) -> Result<Vec<Person>, StorageError>;
    /// Number and name of test people, in order of number. How they are reached is not read.
    async fn list_names_of_people(&mut self) -> Result<Vec<(Pid, String)>, StorageError>;
    /// Inserts or replaces by national identity number.
    async fn save_person(&mut self, person: &Person) -> Result<(), StorageError>;
    /// The row of exactly this identifier, withdrawn or not.
    async fn find_identity_match(
        &mut self,
        identifier: &EidasIdentifier,
    ) -> Result<Option<IdentityMatch>, StorageError>;
    /// Rows in order of identifier.
    async fn list_identity_matches(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<IdentityMatch>, StorageError>;
    /// Inserts or replaces by identifier.
    async fn save_identity_match(&mut self, row: &IdentityMatch) -> Result<(), StorageError>;
}

/// The server's own signing keys.
#[async_trait]
pub trait SigningKeys {
    /// Keys of a surface (`maskinporten`, `idporten`) in order of creation, gone ones too.
    async fn list_signing_keys(
        &mut self,
        surface: &str,
    ) -> Result<Vec<SigningKeyRecord>, StorageError>;
    /// Inserts or replaces by key id.
    async fn save_signing_key(&mut self, key: &SigningKeyRecord) -> Result<(), StorageError>;
}

/// The audit log. Entries are appended, and never changed or removed.
#[async_trait]
pub trait AuditLog {
    /// The last entry's number and hash; none while the log is empty. In a transaction that may
    /// write it stays the last until the transaction ends.
    async fn last_audit_link(&mut self) -> Result<Option<AuditLink>, StorageError>;
    /// Adds the entry that follows the last one; any other number is [`StorageError::Refused`].
    /// By itself it is no change of the registry and raises no revision.
    async fn append_audit(&mut self, entry: &StoredEntry) -> Result<(), StorageError>;
    /// The first `limit` entries after this number, in order of number.
    async fn list_audit(
        &mut self,
        filter: &AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError>;
    /// The last `limit` entries, in order of number.
    async fn list_latest_audit(
        &mut self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError>;
}

/// Requests that are remembered by their idempotency keys. By themselves they are no change of the
/// registry and raise no revision.
#[async_trait]
pub trait KeyedRequests {
    /// What this organization used the key for, expired or not.
    async fn find_request(
        &mut self,
        organization: OrgNumber,
        key: &IdempotencyKey,
    ) -> Result<Option<RememberedRequest>, StorageError>;
    /// Remembers a request; [`StorageError::Refused`] if the organization's key is remembered
    /// beyond `now` already.
    async fn save_request(
        &mut self,
        organization: OrgNumber,
        key: &IdempotencyKey,
        request: &RememberedRequest,
        now: Timestamp,
    ) -> Result<(), StorageError>;
    /// Forgets a bounded number of requests whose `keep_until` is not after `now`, and says how
    /// many; none once there are no more.
    async fn remove_expired_requests(&mut self, now: Timestamp) -> Result<u64, StorageError>;
}

/// What is remembered of refusals for a while. None of it is a change of the registry, and none
/// raises the revision.
#[async_trait]
pub trait RefusalMemory {
    /// Adds a refusal; one of a request that is remembered already changes nothing.
    async fn remember_refusal(&mut self, refusal: &RememberedRefusal) -> Result<(), StorageError>;
    /// The refusal of this request, however long ago.
    async fn find_refusal(
        &mut self,
        request_id: &RequestId,
    ) -> Result<Option<RememberedRefusal>, StorageError>;
    /// Removes at most `limit` refusals from before this instant, the oldest first, and says how
    /// many. Called outside requests.
    async fn forget_refusals(&mut self, before: Timestamp, limit: u32)
    -> Result<u64, StorageError>;
}

/// A transaction: everything in it becomes visible at once, durably, or not at all. Dropping it
/// without a commit undoes it.
#[async_trait]
pub trait UnitOfWork:
    Organizations
    + Scopes
    + Clients
    + Registers
    + SigningKeys
    + AuditLog
    + KeyedRequests
    + RefusalMemory
    + Send
{
    /// The revision of what it reads, its own changes aside.
    fn revision(&self) -> Revision;

    /// Makes the changes durable and visible and says at which revision. Without changes the
    /// revision is that of what was read.
    async fn commit(self: Box<Self>) -> Result<Revision, StorageError>;
}

/// A place that keeps everything.
#[async_trait]
pub trait Store:
    GrantRegistry
    + RegistryReader
    + ReplayLedger
    + DelegationLookup
    + PartyLookup
    + ChangeFeed
    + UsageLog
{
    /// Begins a transaction that may write. Only one runs at a time.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError>;

    /// Begins a transaction on the present state for reading; its `save_*` are refused.
    async fn read(&self) -> Result<Box<dyn UnitOfWork>, StorageError>;

    /// The last committed revision.
    async fn revision(&self) -> Result<Revision, StorageError>;

    /// Whether the store can answer and keep a write now. For readiness.
    async fn check(&self) -> Result<(), StorageError>;
}
