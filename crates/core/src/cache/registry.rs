//! The facts of a token request: from memory if they are all there, else from the store.

use std::sync::Arc;

use async_trait::async_trait;
use tracing::Span;

use super::key::{Key, KeyRef};
use super::store::CachedStore;
use super::table::Ticket;
use super::value::{Standing, Value};
use crate::access::AccessState;
use crate::client::{ClientId, ClientSecrets, OnBehalfOf};
use crate::organization::OrgNumber;
use crate::ports::{
    AsOf, ClientRecord, GrantRegistry, Listing, Revision, ScopeFact, StorageError, UnitOfWork,
};
use crate::scope::{Prefix, Scope, ScopeName, ScopeToken};
use crate::spans::span;

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
        let mut reading = self.read_store().await?;
        let record = self.failures.noted(reading.client(client_id).await)?;
        self.keep(reading).await?;
        Ok(record)
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
            let mut reading = self.read_store().await?;
            for (fact, scope) in facts.iter_mut().zip(scopes) {
                if fact.is_none() {
                    let read = reading.scope_fact(scope, consumer).await;
                    *fact = Some(self.failures.noted(read)?);
                }
            }
            self.keep(reading).await?;
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
        let Some(Value::Client(record)) = self.table.find(KeyRef::client(client_id)) else {
            return None;
        };
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
        let Some(Value::Scope(scope)) = self.table.find(KeyRef::scope(token.as_str())) else {
            return None;
        };
        let access = self.table.find(KeyRef::access(token.as_str(), &consumer));
        let Some(Value::Access(access)) = access else {
            return None;
        };
        let owner_active = self.cached_standing(&scope.owner_orgno)? == Standing::Active;
        Some(ScopeFact {
            scope: Some(scope),
            owner_active,
            access,
        })
    }

    fn cached_standing(&self, orgno: &OrgNumber) -> Option<Standing> {
        match self.table.find(KeyRef::organization(orgno)) {
            Some(Value::Organization(standing)) => Some(standing),
            _ => None,
        }
    }

    async fn read_store(&self) -> Result<Reading, StorageError> {
        // Both before the read begins: what it shows is newer.
        let (ticket, reached) = (self.table.ticket(), self.freshness.reached());
        Ok(Reading {
            _span: span!("registry.read"),
            unit: self.failures.noted(self.inner.read().await)?,
            ticket,
            reached,
            found: Vec::new(),
        })
    }

    /// Ends a read and keeps what was found, if the read was of the present.
    async fn keep(&self, reading: Reading) -> Result<(), StorageError> {
        let revision = self.failures.noted(reading.unit.commit().await)?;
        if revision < reading.reached {
            return Err(StorageError::Unavailable(format!(
                "the store answered as of revision {}, and {} was there before",
                revision.0, reading.reached.0
            )));
        }
        for (key, value) in reading.found {
            self.table.insert(reading.ticket, revision, key, value);
        }
        Ok(())
    }
}

/// One transaction on the store, and what is to be kept of it.
struct Reading {
    /// As long as the reading takes.
    _span: Span,
    unit: Box<dyn UnitOfWork>,
    ticket: Ticket,
    reached: Revision,
    found: Vec<(Key, Value)>,
}

impl Reading {
    fn found(&mut self, key: KeyRef<'_>, value: Value) {
        self.found.push((key.to_key(), value));
    }

    async fn client(
        &mut self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        let Some(client) = self.unit.find_client(client_id).await? else {
            return Ok(None);
        };
        let keys = self.unit.list_keys(client_id, Listing::Active).await?;
        let secrets = if client.token_endpoint_auth_method.uses_secret() {
            self.unit.find_secrets(client_id).await?
        } else {
            ClientSecrets::default()
        };
        let record = Arc::new(ClientRecord {
            client,
            secrets,
            keys: keys.into_iter().map(|stored| stored.key).collect(),
            organization_active: true,
        });
        self.found(KeyRef::client(client_id), Value::Client(record.clone()));
        let (own, accessing) = organizations(&record);
        let mut standing = self.standing(own).await?;
        if standing == Standing::Active && accessing != own {
            standing = self.standing(accessing).await?;
        }
        Ok(Some(with_standing(record, standing)))
    }

    async fn scope_fact(
        &mut self,
        token: &ScopeToken,
        consumer: OrgNumber,
    ) -> Result<ScopeFact, StorageError> {
        // Whatever is no full name is no scope's.
        let Ok(name) = ScopeName::parse(token.as_str()) else {
            return Ok(ScopeFact::default());
        };
        let Some(scope) = self.unit.find_scope(&name).await? else {
            return Ok(ScopeFact::default());
        };
        let scope = Arc::new(scope);
        self.found(KeyRef::scope(name.as_str()), Value::Scope(scope.clone()));
        let access = self.unit.find_access(&name, consumer).await?;
        let access = access.map(|access| access.state);
        if gives_tokens(&scope, access) {
            let key = KeyRef::access(name.as_str(), &consumer);
            self.found(key, Value::Access(access));
        }
        Ok(ScopeFact {
            owner_active: self.standing(scope.owner_orgno).await? == Standing::Active,
            scope: Some(scope),
            access,
        })
    }

    async fn on_behalf_of(
        &mut self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        let unit = &mut self.unit;
        let registration = unit.find_active_on_behalf_of(client_id, value).await?;
        if let Some(registration) = &registration {
            let key = KeyRef::on_behalf_of(client_id, value);
            self.found(key, Value::OnBehalfOf(Arc::new(registration.clone())));
        }
        Ok(registration)
    }

    async fn standing(&mut self, orgno: OrgNumber) -> Result<Standing, StorageError> {
        let organization = self.unit.find_organization(orgno).await?;
        let standing = match organization {
            Some(organization) if !organization.active => Standing::Deactivated,
            _ => Standing::Active,
        };
        self.found(KeyRef::organization(&orgno), Value::Organization(standing));
        Ok(standing)
    }

    async fn prefixes(&mut self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError> {
        let unit = &mut self.unit;
        let assignments = unit.list_prefixes(Some(orgno), Listing::Active).await?;
        let prefixes: Vec<_> = assignments.into_iter().map(|a| a.prefix).collect();
        let kept = Value::Prefixes(prefixes.as_slice().into());
        self.found(KeyRef::prefixes(&orgno), kept);
        Ok(prefixes)
    }
}

/// Whether a token can come of this. What only leads to refusals is not kept: consumers' numbers
/// are the sender's choice, and a new access then counts at once.
fn gives_tokens(scope: &Scope, access: Option<AccessState>) -> bool {
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
