//! The facts of a token request: from memory if they are all there, else from the store.

use std::sync::Arc;

use async_trait::async_trait;

use super::key::KeyRef;
use super::store::CachedStore;
use super::value::{Standing, Value};
use crate::access::AccessState;
use crate::client::{ClientId, OnBehalfOf};
use crate::organization::OrgNumber;
use crate::ports::{AsOf, ClientRecord, GrantRegistry, ScopeFact, StorageError};
use crate::scope::{Prefix, Scope, ScopeToken};

#[async_trait]
impl GrantRegistry for CachedStore {
    fn as_of(&self) -> Result<AsOf, StorageError> {
        let confirmation = self.freshness.check(self.now())?;
        Ok(AsOf::Confirmed(confirmation.at))
    }

    fn still_holds(&self, as_of: AsOf) -> Result<(), StorageError> {
        self.freshness.still_holds(as_of, self.now())
    }

    async fn find_client_record(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        self.freshness.check(self.now())?;
        if let Some(record) = self.cached_client(client_id) {
            return Ok(Some(record));
        }
        self.gather_client(client_id).await
    }

    async fn find_scope_facts(
        &self,
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<Vec<ScopeFact>, StorageError> {
        self.freshness.check(self.now())?;
        let mut facts: Vec<_> = scopes
            .iter()
            .map(|scope| self.cached_scope_fact(scope, consumer))
            .collect();
        if facts.iter().any(Option::is_none) {
            self.find_lacking_access(&mut facts, scopes, consumer)
                .await?;
        }
        if facts.iter().any(Option::is_none) {
            self.find_lacking_scopes(&mut facts, scopes, consumer)
                .await?;
        }
        Ok(facts.into_iter().flatten().collect())
    }

    async fn find_on_behalf_of(
        &self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        self.freshness.check(self.now())?;
        let cached = self.table.find(KeyRef::on_behalf_of(client_id, value));
        if let Some(Value::OnBehalfOf(registration)) = cached {
            return Ok(Some(Arc::unwrap_or_clone(registration)));
        }
        let mut reading = self.read_store().await?;
        let registration = self
            .failures
            .noted(reading.on_behalf_of(client_id, value).await)?;
        self.keep(reading).await?;
        Ok(registration)
    }

    async fn is_deactivated(&self, orgno: OrgNumber) -> Result<bool, StorageError> {
        self.freshness.check(self.now())?;
        if let Some(standing) = self.cached_standing(&orgno) {
            return Ok(standing == Standing::Deactivated);
        }
        let mut reading = self.read_store().await?;
        let standing = self.failures.noted(reading.standing(orgno).await)?;
        self.keep(reading).await?;
        Ok(standing == Standing::Deactivated)
    }

    async fn find_prefixes_of(&self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError> {
        self.freshness.check(self.now())?;
        if let Some(Value::Prefixes(prefixes)) = self.table.find(KeyRef::prefixes(&orgno)) {
            return Ok(prefixes.to_vec());
        }
        let mut reading = self.read_store().await?;
        let prefixes = self.failures.noted(reading.prefixes(orgno).await)?;
        self.keep(reading).await?;
        Ok(prefixes)
    }
}

/// From memory; none when a part is missing.
impl CachedStore {
    fn cached_client(&self, client_id: &ClientId) -> Option<Arc<ClientRecord>> {
        let found = self.table.find_dated(KeyRef::client(client_id));
        let Some((Value::Client(record), read_at)) = found else {
            return None;
        };
        // Its organizations were active when it was read.
        if !self.table.organizations_changed_after(read_at) {
            return Some(record);
        }
        let (own, accessing) = organizations(&record);
        let mut standing = self.cached_standing(&own)?;
        if standing == Standing::Active && accessing != own {
            standing = self.cached_standing(&accessing)?;
        }
        Some(match standing {
            Standing::Active => record,
            Standing::Deactivated => with_standing(record, standing),
        })
    }

    fn cached_scope_fact(&self, token: &ScopeToken, consumer: OrgNumber) -> Option<ScopeFact> {
        let (scope, owner_active) = self.cached_scope(token)?;
        let access = self.table.find(KeyRef::access(token.as_str(), &consumer));
        let Some(Value::Access(access)) = access else {
            return None;
        };
        Some(ScopeFact {
            scope: Some(scope),
            owner_active,
            access,
        })
    }

    /// A scope, and whether its owner is active.
    fn cached_scope(&self, token: &ScopeToken) -> Option<(Arc<Scope>, bool)> {
        let Some(Value::Scope(scope)) = self.table.find(KeyRef::scope(token.as_str())) else {
            return None;
        };
        let owner_active = self.cached_standing(&scope.owner_orgno)? == Standing::Active;
        Some((scope, owner_active))
    }

    fn cached_standing(&self, orgno: &OrgNumber) -> Option<Standing> {
        match self.table.find(KeyRef::organization(orgno)) {
            Some(Value::Organization(standing)) => Some(standing),
            _ => None,
        }
    }
}

/// From the store.
impl CachedStore {
    /// The facts of those scopes of which only the consumer's access is lacking.
    async fn find_lacking_access(
        &self,
        facts: &mut [Option<ScopeFact>],
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<(), StorageError> {
        let places = facts.iter_mut().zip(scopes);
        let lacking = places.filter(|(fact, _)| fact.is_none());
        let (places, known): (Vec<_>, Vec<_>) = lacking
            .filter_map(|(fact, token)| Some((fact, self.cached_scope(token)?)))
            .unzip();
        if known.is_empty() {
            return Ok(());
        }
        let names = known
            .iter()
            .map(|(scope, _)| (scope.name.clone(), consumer));
        let states = self.gather_access(names.collect()).await?;
        for ((fact, (scope, owner_active)), access) in places.into_iter().zip(known).zip(states) {
            *fact = Some(ScopeFact {
                scope: Some(scope),
                owner_active,
                access: access?,
            });
        }
        Ok(())
    }

    /// The facts of all other scopes.
    async fn find_lacking_scopes(
        &self,
        facts: &mut [Option<ScopeFact>],
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<(), StorageError> {
        let mut reading = self.read_store().await?;
        for (fact, scope) in facts.iter_mut().zip(scopes) {
            if fact.is_none() {
                let read = reading.scope_fact(scope, consumer).await;
                *fact = Some(self.failures.noted(read)?);
            }
        }
        self.keep(reading).await
    }
}

/// Whether a token can come of this. What only leads to refusals is not kept: consumers' numbers
/// are the sender's choice, and a new access then counts at once.
pub(super) fn gives_tokens(scope: &Scope, access: Option<AccessState>) -> bool {
    scope.accessible_for_all || access == Some(AccessState::Approved)
}

/// Both must be active: the client's organization and the one whose access it uses.
fn organizations(record: &ClientRecord) -> (OrgNumber, OrgNumber) {
    let client = &record.client;
    (client.client_orgno, client.accessing_orgno())
}

fn with_standing(record: Arc<ClientRecord>, standing: Standing) -> Arc<ClientRecord> {
    if standing == Standing::Active {
        return record;
    }
    let mut record = Arc::unwrap_or_clone(record);
    record.organization_active = false;
    Arc::new(record)
}
