//! The store with its cache in front.

use std::sync::Arc;

use async_trait::async_trait;

use super::failures::Failures;
use super::freshness::{Confirmation, Freshness};
use super::gather::Gatherer;
use super::gathered::{AccessFound, AccessName, ClientFound};
use super::key::Stale;
use super::settings::{CacheCounters, CacheSettings, Followed, StoreErrors};
use super::table::Table;
use super::unit::CachedUnit;
use crate::access::AccessState;
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::moment::{Moment, Stopwatch};
use crate::organization::OrgNumber;
use crate::party::{Consent, SystemUser};
use crate::ports::{
    Answers, ChangeFeed, Changes, ClientRecord, Consumption, DelegationLookup, Extent, GrantDigest,
    LedgerCounters, PartyLookup, RegistryReader, ReplayLedger, Revision, StorageError, Store,
    UnitOfWork,
};
use crate::scope::{ScopeName, ScopeToken};
use crate::usage::{ClientDay, ClientTotal, Day, Days, ScopeUsage, Usage, UsageLog};

/// A store whose facts for token requests come from memory; everything else goes straight to the
/// store within. It decides nothing until a [`Follower`](super::Follower) has confirmed once that
/// it is current.
///
/// Whatever this process writes must be written through this, to show in the next decision.
pub struct CachedStore {
    pub(super) inner: Arc<dyn Store>,
    pub(super) table: Arc<Table>,
    pub(super) freshness: Arc<Freshness>,
    pub(super) failures: Arc<Failures>,
    /// Where requests meet that lack a client, and those that lack access.
    pub(super) clients: Gatherer<ClientId, ClientFound>,
    pub(super) access: Gatherer<AccessName, AccessFound>,
    stopwatch: Arc<dyn Stopwatch>,
}

impl CachedStore {
    /// Puts an empty cache before a store.
    pub fn new(
        inner: Arc<dyn Store>,
        stopwatch: Arc<dyn Stopwatch>,
        settings: CacheSettings,
    ) -> Self {
        Self {
            inner,
            table: Arc::new(Table::new(settings)),
            freshness: Arc::new(Freshness::new(settings.max_age)),
            failures: Arc::default(),
            clients: Gatherer::default(),
            access: Gatherer::default(),
            stopwatch,
        }
    }

    /// What has happened, for metrics.
    pub fn counters(&self) -> CacheCounters {
        self.table.counters()
    }

    /// Calls to the store that failed, for metrics. What fails inside a unit of work counts when the
    /// unit was to be begun or committed here, or its failure ends a decision.
    pub fn store_errors(&self) -> StoreErrors {
        self.failures.counted()
    }

    /// How far this node has followed the store; none before the first confirmation.
    pub fn followed(&self) -> Option<Followed> {
        let last = self.freshness.last()?;
        Some(Followed {
            revision: last.revision,
            age: self.now().since(last.at),
        })
    }

    pub(super) fn now(&self) -> Moment {
        self.stopwatch.moment()
    }

    /// Drops what changed.
    pub(super) fn apply(&self, changes: &Changes) {
        if changes.extent == Extent::Gap {
            self.freshness.restart(changes.revision);
            self.table.clear();
        } else {
            self.freshness.reach(changes.revision);
            let stale = changes.records.iter().map(Stale::from);
            self.table.invalidate(stale, changes.revision);
        }
    }

    pub(super) fn confirm(&self, revision: Revision, at: Moment) {
        self.freshness.confirm(Confirmation { revision, at });
    }
}

#[async_trait]
impl Store for CachedStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let inner = self.failures.noted(self.inner.begin().await)?;
        Ok(Box::new(CachedUnit::new(inner, self)))
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.failures.noted(self.inner.read().await)
    }

    /// The revision that decisions are known to tell of. Changes of other processes may be missing
    /// for as long as the follower rests.
    async fn revision(&self) -> Result<Revision, StorageError> {
        Ok(self.freshness.check(self.now())?.revision)
    }

    /// Also whether what is known is new enough to decide on.
    async fn check(&self) -> Result<(), StorageError> {
        self.freshness.check(self.now())?;
        self.failures.noted(self.inner.check().await)
    }
}

/// Straight from the store: whoever asks here has a reason not to ask the cache.
#[async_trait]
impl RegistryReader for CachedStore {
    async fn read_clients(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Answers<Option<Arc<ClientRecord>>>, StorageError> {
        self.failures
            .noted(self.inner.read_clients(client_ids).await)
    }

    async fn read_access(
        &self,
        pairs: &[(ScopeName, OrgNumber)],
    ) -> Result<Answers<Option<AccessState>>, StorageError> {
        self.failures.noted(self.inner.read_access(pairs).await)
    }
}

#[async_trait]
impl ReplayLedger for CachedStore {
    async fn consume(
        &self,
        digest: GrantDigest,
        keep_until: Timestamp,
    ) -> Result<Consumption, StorageError> {
        self.failures
            .noted(self.inner.consume(digest, keep_until).await)
    }

    async fn is_consumed(&self, digest: GrantDigest) -> Result<bool, StorageError> {
        self.failures.noted(self.inner.is_consumed(digest).await)
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        self.failures.noted(self.inner.remove_expired(now).await)
    }

    fn ledger_counters(&self) -> LedgerCounters {
        self.inner.ledger_counters()
    }
}

#[async_trait]
impl UsageLog for CachedStore {
    async fn add_usage(&self, usage: &[Usage]) -> Result<(), StorageError> {
        self.failures.noted(self.inner.add_usage(usage).await)
    }

    async fn find_scope_usage(
        &self,
        scope: &ScopeName,
        consumer: Option<OrgNumber>,
        days: Days,
    ) -> Result<ScopeUsage, StorageError> {
        self.failures
            .noted(self.inner.find_scope_usage(scope, consumer, days).await)
    }

    async fn list_client_usage(
        &self,
        client_id: &ClientId,
        days: Days,
    ) -> Result<Vec<ClientDay>, StorageError> {
        self.failures
            .noted(self.inner.list_client_usage(client_id, days).await)
    }

    async fn list_organization_usage(
        &self,
        organization: OrgNumber,
        days: Days,
    ) -> Result<Vec<ClientTotal>, StorageError> {
        self.failures
            .noted(self.inner.list_organization_usage(organization, days).await)
    }

    async fn remove_usage_before(&self, day: Day) -> Result<u64, StorageError> {
        self.failures
            .noted(self.inner.remove_usage_before(day).await)
    }
}

#[async_trait]
impl DelegationLookup for CachedStore {
    async fn find_delegated(
        &self,
        source: &str,
        consumer: OrgNumber,
        supplier: OrgNumber,
        scopes: &[ScopeToken],
        now: Timestamp,
    ) -> Result<Vec<bool>, StorageError> {
        let found = self
            .inner
            .find_delegated(source, consumer, supplier, scopes, now)
            .await;
        self.failures.noted(found)
    }
}

#[async_trait]
impl PartyLookup for CachedStore {
    async fn find_system_user(
        &self,
        client_id: &ClientId,
        owner: OrgNumber,
        external_ref: Option<&str>,
    ) -> Result<Option<SystemUser>, StorageError> {
        let found = self
            .inner
            .find_system_user(client_id, owner, external_ref)
            .await;
        self.failures.noted(found)
    }

    async fn find_consent(&self, id: &str) -> Result<Option<Consent>, StorageError> {
        self.failures.noted(self.inner.find_consent(id).await)
    }
}

#[async_trait]
impl ChangeFeed for CachedStore {
    async fn changes_since(&self, since: Revision, limit: u32) -> Result<Changes, StorageError> {
        self.failures
            .noted(self.inner.changes_since(since, limit).await)
    }

    async fn trim_changes(&self, keep: u64) -> Result<u64, StorageError> {
        self.failures.noted(self.inner.trim_changes(keep).await)
    }

    async fn changed(&self) {
        self.inner.changed().await;
    }
}
