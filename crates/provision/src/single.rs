//! Reading what is, of one resource.

use std::collections::BTreeSet;

use portvakt_api_types::ScopeResponse;
use portvakt_client::{ClientError, SelfService, Tagged};
use portvakt_nais::actual::{Actual, ObservedClient};
use portvakt_nais::desired::{ClientKey, Desired, DesiredScope, Presence};
use portvakt_nais::plan::{Ownership, Policy, access_needed};

use crate::keeper::Keeper;
use crate::lists::Lists;
use crate::observe::{ObserveError, organization, read_access, read_keys};

/// What a plan for one of many resources looks at, at this time in seconds since 1970. Only what the
/// resource names is read, and lists are shared with the passes over the others; orphaned scopes are not
/// looked for.
pub async fn observe_one(
    api: &SelfService,
    lists: &Lists,
    desired: &Desired,
    policy: &Policy,
    keeper: &mut dyn Keeper,
    now: i64,
) -> Result<Actual, ObserveError> {
    let mut reader = Reader {
        api,
        lists,
        actual: Actual {
            observed_at: now,
            organization: organization(api).await?,
            prefixes: lists.prefixes(api).await?.as_ref().clone(),
            delegation_sources: lists.delegation_sources(api).await?.as_ref().clone(),
            ..Actual::default()
        },
    };
    reader.read_exposed(desired, policy).await?;
    let access = access_needed(std::slice::from_ref(desired), &reader.actual, policy);
    for scope in &access {
        read_access(api, scope, &mut reader.actual).await?;
    }
    if desired.presence == Presence::Present {
        reader.read_consumed(desired).await?;
    }
    reader.read_client(desired, keeper).await?;
    if desired.rotate {
        let local = reader.actual.local_keys.entry(desired.key.clone());
        local.or_default().rotate = true;
    }
    let mut actual = reader.actual;
    actual.revision = api.seen_revision();
    Ok(actual)
}

struct Reader<'a> {
    api: &'a SelfService,
    lists: &'a Lists,
    actual: Actual,
}

impl Reader<'_> {
    async fn read_exposed(
        &mut self,
        desired: &Desired,
        policy: &Policy,
    ) -> Result<(), ObserveError> {
        let is_looked_at =
            |scope: &&DesiredScope| desired.presence == Presence::Present || !scope.enabled;
        for scope in desired.scopes.iter().filter(is_looked_at) {
            let is_there = self.read_own(&scope.name).await?;
            if is_there || policy.ownership != Ownership::Takeover || self.has_one_prefix(scope) {
                continue;
            }
            for name in self.lists.with_subscope(self.api, &scope.subscope).await? {
                self.read_own(&name).await?;
            }
        }
        Ok(())
    }

    /// Whether the scope's prefix is the only one of the organization, so that no other can have its
    /// subscope.
    fn has_one_prefix(&self, scope: &DesiredScope) -> bool {
        let Some(organization) = &self.actual.organization else {
            return false;
        };
        let own = self
            .actual
            .prefixes
            .iter()
            .filter(|(_, owner)| *owner == organization);
        let mut own = own.map(|(prefix, _)| Some(prefix.as_str()));
        own.next() == Some(scope.body.prefix.as_deref()) && own.next().is_none()
    }

    /// Whether the organization has a scope of this name, deactivated or not.
    async fn read_own(&mut self, name: &str) -> Result<bool, ObserveError> {
        let found = found(self.api.scope(name).await, &[404])?;
        Ok(found.is_some_and(|found| self.add_own(found).is_none()))
    }

    /// Adds an own scope, or gives back that of another.
    fn add_own(&mut self, found: Tagged<ScopeResponse>) -> Option<ScopeResponse> {
        let owner = &found.value.owner_orgno;
        let organization = self.actual.organization.as_ref();
        if !owner.is_empty() && organization.is_some_and(|own| own != owner) {
            return Some(found.value);
        }
        if let Some(etag) = found.etag {
            let name = format!("scope {}", found.value.name);
            self.actual.etags.insert(name, etag);
        }
        self.actual.add_scopes([found.value]);
        None
    }

    /// Reads what the organization may use of the scopes that the client wants.
    async fn read_consumed(&mut self, desired: &Desired) -> Result<(), ObserveError> {
        let wanted = desired.client.iter().flat_map(|client| &client.consumes);
        let mut without_access = BTreeSet::new();
        for scope in wanted.cloned().collect::<BTreeSet<_>>() {
            if !self.actual.scopes.contains_key(&scope) {
                self.read_foreign(&scope).await?;
            }
            let consumable = self.actual.consumable.get(&scope);
            let is_open = consumable.is_some_and(|one| one.accessible_for_all || one.is_delegable);
            if !is_open {
                without_access.insert(scope);
            }
        }
        if !without_access.is_empty() {
            let granted = self.lists.granted(self.api, &without_access).await?;
            self.actual.add_granted(&granted);
        }
        Ok(())
    }

    /// A scope of anybody. A service that shows an organization its own scopes alone has a catalogue of
    /// the others.
    async fn read_foreign(&mut self, scope: &str) -> Result<(), ObserveError> {
        let foreign = match found(self.api.scope(scope).await, &[400, 403, 404])? {
            Some(found) => self.add_own(found),
            None => self.api.public_scope(scope).await?,
        };
        self.actual.add_catalogue(foreign);
        Ok(())
    }

    async fn read_client(
        &mut self,
        desired: &Desired,
        keeper: &mut dyn Keeper,
    ) -> Result<(), ObserveError> {
        let client = &desired.key;
        let kept = |source| ObserveError::Keeper {
            client: client.clone(),
            source,
        };
        let known = keeper.client_id(client).await.map_err(kept)?;
        let keys = keeper.local_keys(client).await.map_err(kept)?;
        self.actual.local_keys.insert(client.clone(), keys);
        if let Some(id) = &known {
            self.actual.known_clients.insert(client.clone(), id.clone());
        }
        let is_looked_at = match desired.presence {
            Presence::Present => desired.client.is_some(),
            Presence::Removed { preserve_client } => !preserve_client,
        };
        if !is_looked_at {
            return Ok(());
        }
        let is_known = match &known {
            Some(id) => self.read_one(id).await? && self.is_of(id, client),
            None => false,
        };
        if !is_known {
            self.read_described(client).await?;
        }
        if desired.presence == Presence::Present {
            let active = self
                .actual
                .clients
                .iter()
                .filter(|(_, client)| client.active);
            let active: Vec<_> = active.map(|(id, _)| id.clone()).collect();
            for id in active {
                read_keys(self.api, id, &mut self.actual).await?;
            }
        }
        Ok(())
    }

    /// Whether a client that was read is not another workload's.
    fn is_of(&self, client_id: &str, client: &ClientKey) -> bool {
        let owner = self.actual.clients.get(client_id);
        let owner = owner.and_then(ObservedClient::owner);
        owner.is_none_or(|owner| owner.is_same_workload(&client.owner))
    }

    /// Reads a client; whether it is there and active.
    async fn read_one(&mut self, client_id: &str) -> Result<bool, ObserveError> {
        let found = found(self.api.client(client_id).await, &[404])?;
        let Some(found) = found else {
            return Ok(false);
        };
        let is_active = found.value.active;
        if let Some(etag) = found.etag {
            self.actual
                .etags
                .insert(format!("client {client_id}"), etag);
        }
        self.actual.add_clients([found.value]);
        Ok(is_active)
    }

    /// Reads the clients with the description of this one.
    async fn read_described(&mut self, client: &ClientKey) -> Result<(), ObserveError> {
        let description = client.owner.to_string();
        for id in self.lists.described(self.api, &description).await? {
            self.read_one(&id).await?;
        }
        let mut read = self.actual.clients.iter();
        if read.any(|(id, found)| found.active && self.is_of(id, client)) {
            return Ok(());
        }
        for id in self.lists.described_now(self.api, &description).await? {
            self.read_one(&id).await?;
        }
        Ok(())
    }
}

/// A record, unless the refusal means that there is none for this caller.
fn found<T>(
    read: Result<Tagged<T>, ClientError>,
    means_none: &[u16],
) -> Result<Option<Tagged<T>>, ClientError> {
    match read {
        Err(error)
            if error
                .status()
                .is_some_and(|status| means_none.contains(&status)) =>
        {
            Ok(None)
        }
        read => read.map(Some),
    }
}
