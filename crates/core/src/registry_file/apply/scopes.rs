//! Scopes and the access to them.

use std::collections::HashSet;

use super::super::model::{AccessEntry, Located, ScopeEntry};
use super::{ApplyError, Applying, Place};
use crate::access::Access;
use crate::administration::{
    AdministrationError, FieldFaults, RecordKind, Saved, access, organization, scope,
};
use crate::organization::OrgNumber;
use crate::scope::{Scope, ScopeName};

impl Applying<'_> {
    pub(super) async fn scopes(
        &mut self,
        entries: &[Located<ScopeEntry>],
    ) -> Result<(), ApplyError> {
        if entries.is_empty() {
            return Ok(());
        }
        let sources = self.unit.list_delegation_sources().await?;
        let issuers: HashSet<String> = sources
            .into_iter()
            .filter(|source| source.active)
            .map(|source| source.issuer)
            .collect();
        for Located { place, entry } in entries {
            let saved = self.scope(entry, &issuers).await;
            if self.settle(place, RecordKind::Scope, saved)?.is_some() {
                self.access_to(place, &entry.name, &entry.access).await?;
            }
            self.entry_done();
        }
        Ok(())
    }

    /// Clients come after the scopes that they have, so whether a scope's list names the right ones
    /// is seen after them.
    pub(super) async fn introspecting_clients(
        &mut self,
        entries: &[Located<ScopeEntry>],
    ) -> Result<(), ApplyError> {
        for Located { place, entry } in entries {
            if entry.enforced_aud_for_introspection.is_empty() {
                continue;
            }
            let Some(scope) = self.unit.find_scope(&entry.name).await? else {
                continue;
            };
            let mut faults = FieldFaults::default();
            scope::check_introspecting_clients(self.unit, &scope, &mut faults).await?;
            self.accept(place, faults.into_result())?;
        }
        Ok(())
    }

    async fn scope(
        &mut self,
        entry: &ScopeEntry,
        issuers: &HashSet<String>,
    ) -> Result<Saved<Scope>, AdministrationError> {
        let known = self.unit.find_scope(&entry.name).await?;
        let wanted = self.wanted_scope(entry, known.as_ref()).await?;
        check(&wanted, issuers)?;
        organization::ensure(self.unit, wanted.owner_orgno, self.context.now).await?;
        if let Some(known) = known {
            return scope::replace(self.unit, &known, wanted, self.context.now).await;
        }
        self.unit.save_scope(&wanted).await?;
        Ok(Saved::created(wanted))
    }

    /// A reserved scope without a description stays as it is, but for `active`.
    async fn wanted_scope(
        &mut self,
        entry: &ScopeEntry,
        known: Option<&Scope>,
    ) -> Result<Scope, AdministrationError> {
        let active = entry
            .active
            .or(known.map(|scope| scope.active))
            .unwrap_or(true);
        let mut wanted = match (known, &entry.description) {
            (Some(known), None) => Scope {
                active,
                ..known
                    .clone()
                    .owned_by(entry.owner_orgno.unwrap_or(known.owner_orgno))
            },
            (known, _) => {
                let owner = self.owner_of(entry, known).await?;
                entry.to_scope(owner, active, self.context.now)
            }
        };
        scope::normalize(&mut wanted);
        Ok(wanted)
    }

    /// The owner that the entry states, or the present one, or that of the prefix.
    async fn owner_of(
        &mut self,
        entry: &ScopeEntry,
        known: Option<&Scope>,
    ) -> Result<OrgNumber, AdministrationError> {
        match entry.owner_orgno.or(known.map(|scope| scope.owner_orgno)) {
            Some(owner) => Ok(owner),
            None => scope::owner_of_prefix(self.unit, &entry.name).await,
        }
    }

    async fn access_to(
        &mut self,
        scope: &Place,
        name: &ScopeName,
        entries: &[AccessEntry],
    ) -> Result<(), ApplyError> {
        let mut seen = HashSet::new();
        for (index, entry) in entries.iter().enumerate() {
            let place = scope.at(&format!("access[{index}]"));
            if !seen.insert(entry.consumer_orgno) {
                let message = format!("{} is in the list already", entry.consumer_orgno);
                self.refuse(place, message);
                continue;
            }
            let saved = self.access(name, *entry).await;
            self.settle(&place, RecordKind::Access, saved)?;
        }
        Ok(())
    }

    async fn access(
        &mut self,
        name: &ScopeName,
        entry: AccessEntry,
    ) -> Result<Saved<Access>, AdministrationError> {
        let AccessEntry {
            consumer_orgno,
            state,
        } = entry;
        organization::ensure(self.unit, consumer_orgno, self.context.now).await?;
        access::put(self.unit, name, consumer_orgno, state, self.context.now).await
    }
}

fn check(scope: &Scope, issuers: &HashSet<String>) -> Result<(), AdministrationError> {
    let mut faults: FieldFaults = scope::attribute_faults(scope);
    if let Some(issuer) = &scope.delegation_source
        && !issuers.contains(issuer)
    {
        faults.invalid("delegation_source", scope::unknown_source(issuer));
    }
    faults.into_result()
}
