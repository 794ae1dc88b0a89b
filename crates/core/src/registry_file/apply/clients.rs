//! Clients, their keys and their on-behalf-of registrations.

use std::collections::{HashMap, HashSet};

use portvakt_jose::JwkSet;

use super::super::model::{ClientEntry, KeysEntry, Located, OnBehalfOfEntry};
use super::super::read;
use super::{ApplyError, Applying, Place};
use crate::administration::client::{self, ScopeObstacle};
use crate::administration::{
    AdministrationError, Change, FieldFaults, RecordKind, Role, Saved, key,
};
use crate::client::{Client, ClientId, IntegrationType, KeySet, OnBehalfOf};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::{Listing, StoredKey};
use crate::scope::ScopeName;

/// What tells clients apart that state no id.
type Identity = (OrgNumber, String, IntegrationType);

/// The ids of the clients of each identity.
type Identities = HashMap<Identity, Vec<ClientId>>;

impl Applying<'_> {
    pub(super) async fn clients(
        &mut self,
        entries: &[Located<ClientEntry>],
    ) -> Result<(), ApplyError> {
        let identities = self.identities(entries).await?;
        for Located { place, entry } in entries {
            let id = self.client_id(entry, &identities);
            if let Some(id) = self.accept(place, id)? {
                self.client_with_keys(place, entry, id).await?;
            }
            self.entry_done();
        }
        Ok(())
    }

    /// The present clients by identity, if an entry without id makes them matter.
    async fn identities(
        &mut self,
        entries: &[Located<ClientEntry>],
    ) -> Result<Identities, ApplyError> {
        let without_id = entries.iter().map(|located| &located.entry);
        let without_id: HashSet<Identity> = without_id
            .filter(|entry| entry.client_id.is_none())
            .map(identity)
            .collect();
        let mut identities = Identities::new();
        if without_id.is_empty() {
            return Ok(identities);
        }
        let key = |entry| Some(identity(entry)).filter(|identity| without_id.contains(identity));
        let what = "a client of this organization, name and type (state client_id to have two)";
        read::repeated(entries, key, what, &mut self.faults);
        for client in self.unit.list_clients(None, Listing::All).await? {
            let identity = (
                client.client_orgno,
                client.client_name,
                client.integration_type,
            );
            identities
                .entry(identity)
                .or_default()
                .push(client.client_id);
        }
        Ok(identities)
    }

    fn client_id(
        &self,
        entry: &ClientEntry,
        identities: &Identities,
    ) -> Result<ClientId, AdministrationError> {
        if let Some(id) = &entry.client_id {
            return Ok(id.clone());
        }
        match identities.get(&identity(entry)).map(Vec::as_slice) {
            Some([id]) => Ok(id.clone()),
            Some([_, _, ..]) => Err(AdministrationError::invalid(
                "client_id",
                "several clients have this organization, name and type: state which is meant",
            )),
            None | Some([]) => client::generate_id(self.context.entropy),
        }
    }

    async fn client_with_keys(
        &mut self,
        place: &Place,
        entry: &ClientEntry,
        id: ClientId,
    ) -> Result<(), ApplyError> {
        let saved = self.client(place, entry, id).await;
        let Some(client) = self.settle(place, RecordKind::Client, saved)? else {
            return Ok(());
        };
        self.warn_without_secret(place, &client).await?;
        let changed = self.keys(&client, &entry.jwks).await;
        if let Some(Some(change)) = self.accept(place, changed)? {
            self.applied.count(RecordKind::Key, change);
        }
        self.on_behalf_of(place, &client.client_id, &entry.onbehalfof)
            .await
    }

    async fn client(
        &mut self,
        place: &Place,
        entry: &ClientEntry,
        id: ClientId,
    ) -> Result<Saved<Client>, AdministrationError> {
        let known = self.unit.find_client(&id).await?;
        let active = entry
            .active
            .or(known.as_ref().map(|known| known.active))
            .unwrap_or(true);
        let mut wanted = entry.to_client(id, active, self.context.now);
        client::normalize(&mut wanted);
        if let Some(known) = &known {
            client::check_immutable(known, &wanted)?;
        }
        let present = known.as_ref().map_or(&[][..], |known| &known.scopes);
        self.check_client(place, &wanted, present).await?;
        client::ensure_organizations(self.unit, &wanted, self.context.now).await?;
        client::grant_operator_scopes(self.unit, &wanted, self.context.now).await?;
        if let Some(known) = known {
            return client::replace(self.unit, &known, wanted, self.context.now).await;
        }
        self.unit.save_client(&wanted).await?;
        Ok(Saved::created(wanted))
    }

    /// Applying makes no secret, because it would have to print it. A client that needs one and has
    /// none cannot authenticate, which is accepted, as is what was exported.
    async fn warn_without_secret(
        &mut self,
        place: &Place,
        client: &Client,
    ) -> Result<(), ApplyError> {
        if !client.token_endpoint_auth_method.uses_secret() {
            return Ok(());
        }
        let secrets = self.unit.find_secrets(&client.client_id).await?;
        if !secrets.any_valid(self.context.now) {
            let message = format!(
                "client {} has no secret that counts: make one",
                client.client_id
            );
            self.warn(place.at("token_endpoint_auth_method"), message);
        }
        Ok(())
    }

    /// A client may be declared with scopes that it cannot get at present: the registry that was
    /// exported may have been like that, and the token endpoint refuses them anyway.
    async fn check_client(
        &mut self,
        place: &Place,
        wanted: &Client,
        present: &[ScopeName],
    ) -> Result<(), AdministrationError> {
        let mut faults: FieldFaults = client::attribute_faults(wanted, Role::Operator);
        let obstacles = client::find_obstacles(self.unit, wanted, present, Role::Operator).await?;
        for (index, obstacle) in obstacles {
            let field = format!("scopes[{index}]");
            let message = obstacle.message(wanted.scopes[index].as_str(), wanted);
            match obstacle {
                ScopeObstacle::Inactive | ScopeObstacle::NoAccess => {
                    self.warn(place.at(&field), message);
                }
                ScopeObstacle::Unknown
                | ScopeObstacle::IntegrationType
                | ScopeObstacle::NotAddable
                | ScopeObstacle::OperatorOnly => faults.invalid(field, message),
            }
        }
        faults.into_result()
    }

    /// Replaces the client's keys if the entry says others than there are.
    async fn keys(
        &mut self,
        client: &Client,
        entry: &KeysEntry,
    ) -> Result<Option<Change>, AdministrationError> {
        let jwks = match entry {
            KeysEntry::Unstated => return Ok(None),
            KeysEntry::Set(jwks) => jwks,
            KeysEntry::File(path) => {
                let message = format!("{path} was not read");
                return Err(AdministrationError::invalid("jwks_file", message));
            }
        };
        let id = &client.client_id;
        let present = self.unit.list_keys(id, Listing::Active).await?;
        if are_present(jwks, &present, self.context.now) {
            return Ok(Some(Change::Unchanged));
        }
        let set: Option<KeySet> = match jwks.keys() {
            [] => None,
            _ => Some(key::check(client, jwks, self.context.now)?),
        };
        self.unit
            .replace_keys(id, set.as_ref(), self.context.now)
            .await?;
        Ok(Some(if present.is_empty() {
            Change::Created
        } else {
            Change::Updated
        }))
    }

    async fn on_behalf_of(
        &mut self,
        client: &Place,
        id: &ClientId,
        entries: &[OnBehalfOfEntry],
    ) -> Result<(), ApplyError> {
        if entries.is_empty() {
            return Ok(());
        }
        let present = self.unit.list_on_behalf_of(id, Listing::All).await?;
        let mut present: HashMap<_, _> = present
            .into_iter()
            .map(|known| (known.onbehalfof.clone(), known))
            .collect();
        let mut seen = HashSet::new();
        for (index, entry) in entries.iter().enumerate() {
            let place = client.at(&format!("onbehalfof[{index}]"));
            if ClientId::parse(&entry.onbehalfof).is_err() {
                let message = "is 1 to 64 of A-Z, a-z, 0-9, '.', '_', '~' and '-'";
                self.refuse(place.at("onbehalfof"), message);
                continue;
            }
            if !seen.insert(&entry.onbehalfof) {
                self.refuse(
                    place,
                    format!("{} is in the list already", entry.onbehalfof),
                );
                continue;
            }
            let known = present.remove(&entry.onbehalfof);
            let change = self.registration(id, entry, known).await?;
            self.applied.count(RecordKind::OnBehalfOf, change);
        }
        Ok(())
    }

    async fn registration(
        &mut self,
        client_id: &ClientId,
        entry: &OnBehalfOfEntry,
        known: Option<OnBehalfOf>,
    ) -> Result<Change, ApplyError> {
        let entry = entry.clone();
        let now = self.context.now;
        let mut wanted = OnBehalfOf {
            client_id: client_id.clone(),
            onbehalfof: entry.onbehalfof,
            name: entry.name,
            orgno: entry.orgno,
            client_uri: entry.client_uri,
            description: entry.description,
            active: entry
                .active
                .or(known.as_ref().map(|known| known.active))
                .unwrap_or(true),
            created: known.as_ref().map_or(now, |known| known.created),
            last_updated: known.as_ref().map_or(now, |known| known.last_updated),
        };
        if known.as_ref() == Some(&wanted) {
            return Ok(Change::Unchanged);
        }
        wanted.last_updated = now;
        self.unit.save_on_behalf_of(&wanted).await?;
        Ok(if known.is_some() {
            Change::Updated
        } else {
            Change::Created
        })
    }
}

fn identity(entry: &ClientEntry) -> Identity {
    (
        entry.client_orgno,
        entry.client_name.clone(),
        entry.integration_type,
    )
}

/// Whether the client has exactly these keys, in this order. A key without `exp` that has expired
/// is not there: declaring it renews it.
fn are_present(jwks: &JwkSet, present: &[StoredKey], now: Timestamp) -> bool {
    jwks.keys().len() == present.len()
        && jwks.keys().iter().zip(present).all(|(wanted, stored)| {
            let known = &stored.key;
            let same_end = match wanted.expires_at() {
                None => known.jwk.expires_at().is_none() && !known.is_expired(now),
                Some(end) => {
                    known.jwk.expires_at() == Some(end) || known.expires_at.seconds() == end
                }
            };
            same_end && wanted.to_json() == known.jwk.to_json()
        })
}
