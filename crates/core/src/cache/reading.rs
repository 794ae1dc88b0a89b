//! Reads of what is seldom lacking: one transaction for each request.

use std::sync::Arc;

use tracing::Span;

use super::key::{Key, KeyRef};
use super::registry::gives_tokens;
use super::store::CachedStore;
use super::table::Ticket;
use super::value::{Standing, Value};
use crate::client::{ClientId, OnBehalfOf};
use crate::organization::OrgNumber;
use crate::ports::{Listing, Revision, ScopeFact, StorageError, UnitOfWork};
use crate::scope::{Prefix, ScopeName, ScopeToken};
use crate::spans::span;

/// A read that has begun.
pub(super) struct Begun {
    /// As long as it takes.
    _span: Span,
    pub(super) ticket: Ticket,
    reached: Revision,
}

impl Begun {
    /// Whether the read was of the present, as far as that is known.
    pub(super) fn check(&self, revision: Revision) -> Result<(), StorageError> {
        if revision >= self.reached {
            return Ok(());
        }
        Err(StorageError::Unavailable(format!(
            "the store answered as of revision {}, and {} was there before",
            revision.0, self.reached.0
        )))
    }
}

impl CachedStore {
    /// To be called before the store is: what it shows is newer.
    pub(super) fn begin_read(&self) -> Begun {
        Begun {
            _span: span!("registry.read"),
            ticket: self.table.ticket(),
            reached: self.freshness.reached(),
        }
    }

    pub(super) async fn read_store(&self) -> Result<Reading, StorageError> {
        Ok(Reading {
            begun: self.begin_read(),
            unit: self.failures.noted(self.inner.read().await)?,
            found: Vec::new(),
        })
    }

    /// Ends a read and keeps what was found, if the read was of the present.
    pub(super) async fn keep(&self, reading: Reading) -> Result<(), StorageError> {
        let revision = self.failures.noted(reading.unit.commit().await)?;
        reading.begun.check(revision)?;
        for (key, value) in reading.found {
            self.table
                .insert(reading.begun.ticket, revision, key, value);
        }
        Ok(())
    }
}

/// One transaction on the store, and what is to be kept of it.
pub(super) struct Reading {
    begun: Begun,
    unit: Box<dyn UnitOfWork>,
    found: Vec<(Key, Value)>,
}

impl Reading {
    fn found(&mut self, key: KeyRef<'_>, value: Value) {
        self.found.push((key.to_key(), value));
    }

    pub(super) async fn scope_fact(
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

    pub(super) async fn on_behalf_of(
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

    pub(super) async fn standing(&mut self, orgno: OrgNumber) -> Result<Standing, StorageError> {
        let organization = self.unit.find_organization(orgno).await?;
        let standing = match organization {
            Some(organization) if !organization.active => Standing::Deactivated,
            _ => Standing::Active,
        };
        self.found(KeyRef::organization(&orgno), Value::Organization(standing));
        Ok(standing)
    }

    pub(super) async fn prefixes(&mut self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError> {
        let unit = &mut self.unit;
        let assignments = unit.list_prefixes(Some(orgno), Listing::Active).await?;
        let prefixes: Vec<_> = assignments.into_iter().map(|a| a.prefix).collect();
        let kept = Value::Prefixes(prefixes.as_slice().into());
        self.found(KeyRef::prefixes(&orgno), kept);
        Ok(prefixes)
    }
}
