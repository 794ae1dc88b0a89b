//! People and foreign identities, delegations, system users and consents.

use std::collections::{HashMap, HashSet};

use super::super::model::{
    ConsentEntry, DelegationEntry, DelegationSourceEntry, IdentityMatchEntry, Located, PersonEntry,
    SystemUserEntry,
};
use super::{ApplyError, Applying};
use crate::administration::delegation::{self, DelegationKey};
use crate::administration::{AdministrationError, Change, RecordKind, Saved};
use crate::delegation::Delegation;
use crate::party::{Consent, SystemUser};
use crate::person::{IdentityMatch, Person};
use crate::ports::Listing;

impl Applying<'_> {
    pub(super) async fn delegation_sources(
        &mut self,
        entries: &[Located<DelegationSourceEntry>],
    ) -> Result<(), ApplyError> {
        for Located { place, entry } in entries {
            let now = self.now();
            let (name, issuer) = (&entry.name, &entry.issuer);
            let saved = delegation::put_source(self.unit, name, issuer, entry.active, now).await;
            self.settle(place, RecordKind::DelegationSource, saved)?;
            self.entry_done();
        }
        Ok(())
    }

    pub(super) async fn people(
        &mut self,
        entries: &[Located<PersonEntry>],
    ) -> Result<(), ApplyError> {
        if entries.is_empty() {
            return Ok(());
        }
        let known = self.unit.list_people().await?;
        let known: HashMap<_, _> = known
            .iter()
            .map(|person| (person.pid.expose(), person))
            .collect();
        for Located { entry, .. } in entries {
            let present = known.get(entry.pid.expose()).copied();
            let contact = present.and_then(|present| present.contact.as_ref());
            let stated = entry.krr.as_ref();
            let stated = stated.map(|stated| stated.record(contact, self.now()));
            let mut person = Person {
                pid: entry.pid.clone(),
                name: entry.name.clone(),
                contact: stated.clone().or_else(|| contact.cloned()),
            };
            let change = change(present, &person);
            if change != Change::Unchanged {
                // What the file is silent about stays as it is, and not as it was when it was read: the
                // person may have chosen a language since.
                person.contact = stated;
                self.unit.save_person(&person).await?;
            }
            self.applied.count(RecordKind::Person, change);
            self.entry_done();
        }
        Ok(())
    }

    pub(super) async fn identity_matches(
        &mut self,
        entries: &[Located<IdentityMatchEntry>],
    ) -> Result<(), ApplyError> {
        for Located { entry, .. } in entries {
            let present = self.unit.find_identity_match(&entry.identifier).await?;
            let active = present.as_ref().is_none_or(|present| present.active);
            let wanted = IdentityMatch {
                identifier: entry.identifier.clone(),
                pid: entry.pid.clone(),
                active: entry.active.unwrap_or(active),
            };
            let change = change(present.as_ref(), &wanted);
            if change != Change::Unchanged {
                self.unit.save_identity_match(&wanted).await?;
            }
            self.applied.count(RecordKind::IdentityMatch, change);
            self.entry_done();
        }
        Ok(())
    }

    pub(super) async fn delegations(
        &mut self,
        entries: &[Located<DelegationEntry>],
    ) -> Result<(), ApplyError> {
        if entries.is_empty() {
            return Ok(());
        }
        let known = self.unit.list_delegations(Listing::All).await?;
        let mut known: HashMap<_, _> = known
            .into_iter()
            .map(|known| (DelegationKey::of(&known), known))
            .collect();
        let sources = self.unit.list_delegation_sources().await?;
        let issuers: HashSet<_> = sources.into_iter().map(|source| source.issuer).collect();
        for located in entries {
            let saved = self.delegation(located, &issuers, &mut known).await;
            self.settle(&located.place, RecordKind::Delegation, saved)?;
            self.entry_done();
        }
        Ok(())
    }

    async fn delegation(
        &mut self,
        Located { place, entry }: &Located<DelegationEntry>,
        issuers: &HashSet<String>,
        known: &mut HashMap<DelegationKey, Delegation>,
    ) -> Result<Saved<Delegation>, AdministrationError> {
        let now = self.now();
        let mut wanted = wanted_delegation(entry, now);
        let known = known.remove(&key(entry));
        wanted.active = entry
            .active
            .or(known.as_ref().map(|row| row.active))
            .unwrap_or(true);
        let mut faults = delegation::faults(&wanted);
        if !issuers.contains(&entry.delegation_source) {
            faults.invalid(
                "delegation_source",
                "is not the issuer of a known delegation source",
            );
        }
        match self.unit.find_scope(&entry.scope).await? {
            None => faults.invalid("scope", format!("scope {} does not exist", entry.scope)),
            // Accepted: the scope may have been delegable when the delegation was made.
            Some(scope) if scope.delegation_source.as_ref() != Some(&entry.delegation_source) => {
                let message = delegation::not_delegable(&entry.scope, &entry.delegation_source);
                self.warn(place.at("scope"), message);
            }
            Some(_) => {}
        }
        faults.into_result()?;
        delegation::replace(self.unit, known, wanted, now).await
    }

    pub(super) async fn system_users(
        &mut self,
        entries: &[Located<SystemUserEntry>],
    ) -> Result<(), ApplyError> {
        if entries.is_empty() {
            return Ok(());
        }
        let known = self.unit.list_system_users(Listing::All).await?;
        let known: HashMap<_, _> = known.iter().map(|user| (user.id.as_str(), user)).collect();
        for Located { place, entry } in entries {
            if self.unit.find_client(&entry.client_id).await?.is_none() {
                let message = format!("client {} does not exist", entry.client_id);
                self.refuse(place.at("client_id"), message);
                continue;
            }
            let present = known.get(entry.id.as_str());
            let wanted = system_user(entry, present.is_none_or(|user| user.active));
            let change = change(present, &&wanted);
            if change != Change::Unchanged {
                self.unit.save_system_user(&wanted).await?;
            }
            self.applied.count(RecordKind::SystemUser, change);
            self.entry_done();
        }
        Ok(())
    }

    pub(super) async fn consents(
        &mut self,
        entries: &[Located<ConsentEntry>],
    ) -> Result<(), ApplyError> {
        if entries.is_empty() {
            return Ok(());
        }
        let known = self.unit.list_consents(Listing::All).await?;
        let known: HashMap<_, _> = known
            .iter()
            .map(|known| (known.id.as_str(), known))
            .collect();
        for Located { entry, .. } in entries {
            let present = known.get(entry.id.as_str());
            let wanted = consent(entry, present.is_none_or(|consent| consent.active));
            let change = change(present, &&wanted);
            if change != Change::Unchanged {
                self.unit.save_consent(&wanted).await?;
            }
            self.applied.count(RecordKind::Consent, change);
            self.entry_done();
        }
        Ok(())
    }
}

fn change<T: PartialEq>(known: Option<&T>, wanted: &T) -> Change {
    match known {
        None => Change::Created,
        Some(known) if known == wanted => Change::Unchanged,
        Some(_) => Change::Updated,
    }
}

pub(super) fn key(entry: &DelegationEntry) -> DelegationKey {
    DelegationKey {
        delegation_source: entry.delegation_source.clone(),
        scope: entry.scope.clone(),
        consumer_orgno: entry.consumer_orgno,
        supplier_orgno: entry.supplier_orgno,
    }
}

fn wanted_delegation(entry: &DelegationEntry, now: crate::clock::Timestamp) -> Delegation {
    Delegation {
        delegation_source: entry.delegation_source.clone(),
        scope: entry.scope.clone(),
        consumer_orgno: entry.consumer_orgno,
        supplier_orgno: entry.supplier_orgno,
        valid_from: entry.valid_from,
        valid_to: entry.valid_to,
        active: true,
        created: now,
        last_updated: now,
    }
}

fn system_user(entry: &SystemUserEntry, active: bool) -> SystemUser {
    let entry = entry.clone();
    SystemUser {
        external_ref: entry
            .external_ref
            .unwrap_or_else(|| entry.owner_orgno.to_string()),
        id: entry.id,
        system_id: entry.system_id,
        client_id: entry.client_id,
        owner_orgno: entry.owner_orgno,
        active: entry.active.unwrap_or(active),
    }
}

fn consent(entry: &ConsentEntry, active: bool) -> Consent {
    let entry = entry.clone();
    Consent {
        id: entry.id,
        from: entry.from,
        to_orgno: entry.to_orgno,
        consented: entry.consented,
        valid_to: entry.valid_to,
        consent_rights: entry.consent_rights,
        active: entry.active.unwrap_or(active),
    }
}
