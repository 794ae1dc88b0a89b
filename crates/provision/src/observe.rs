//! Reading what is.

use std::collections::BTreeSet;

use portvakt_client::{ClientError, SelfService};
use portvakt_nais::actual::{Actual, RegisteredKey};
use portvakt_nais::desired::{ClientKey, Desired, Presence};
use portvakt_nais::plan::{Object, Plan, Policy, Prune, access_needed};

use crate::keeper::{Keeper, KeeperError};
use crate::lists::where_offered;

/// Why it is not known what is.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The self-service API does not tell.
    #[error("read what is: {0}")]
    Api(#[from] ClientError),
    /// What is kept of a client cannot be read.
    #[error("read what is kept of {client}: {source}")]
    Keeper {
        /// The client.
        client: ClientKey,
        /// Why.
        source: KeeperError,
    },
}

/// What a plan for these resources looks at, at this time in seconds since 1970.
pub async fn observe(
    api: &SelfService,
    desired: &[Desired],
    policy: &Policy,
    keeper: &mut dyn Keeper,
    now: i64,
) -> Result<Actual, ObserveError> {
    let has_scopes = desired.iter().any(|resource| !resource.scopes.is_empty());
    let owned = if has_scopes || policy.prune != Prune::Report {
        Owned::Needed
    } else {
        Owned::IfAllowed
    };
    let clients = desired.iter().map(|resource| resource.key.clone());
    let present = desired
        .iter()
        .filter(|resource| resource.presence == Presence::Present);
    let consumed = present.flat_map(|resource| &resource.client);
    let consumed = consumed.flat_map(|client| client.consumes.iter().cloned());
    let mut reader = Reader::begin(api, owned, now).await?;
    let access = access_needed(desired, &reader.actual, policy);
    reader.read_access(&access).await?;
    reader.read_consumable(&consumed.collect()).await?;
    reader.read_clients(&clients.collect(), keeper).await?;
    for resource in desired.iter().filter(|resource| resource.rotate) {
        let local = reader.actual.local_keys.entry(resource.key.clone());
        local.or_default().rotate = true;
    }
    Ok(reader.actual)
}

/// What a saved plan rests on.
pub async fn observe_for(
    api: &SelfService,
    plan: &Plan,
    keeper: &mut dyn Keeper,
    now: i64,
) -> Result<Actual, ObserveError> {
    let (mut access, mut consumed) = (BTreeSet::new(), BTreeSet::new());
    let (mut clients, mut owned) = (BTreeSet::new(), Owned::IfAllowed);
    for object in plan.fingerprint.objects.keys() {
        match object {
            Object::Scope(_) => owned = Owned::Needed,
            Object::Access(scope) => {
                access.insert(scope.clone());
            }
            Object::Consumed(scope) => {
                consumed.insert(scope.clone());
            }
            Object::Client(client) | Object::Keys(client) => {
                clients.insert(client.clone());
            }
        }
    }
    let mut reader = Reader::begin(api, owned, now).await?;
    access.retain(|scope| reader.actual.scopes.contains_key(scope));
    reader.read_access(&access).await?;
    reader.read_consumable(&consumed).await?;
    reader.read_clients(&clients, keeper).await?;
    Ok(reader.actual)
}

/// Whether the organization's own scopes must be known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owned {
    Needed,
    /// An administration client for clients alone may not read them, and then need not.
    IfAllowed,
}

struct Reader<'a> {
    api: &'a SelfService,
    actual: Actual,
}

impl<'a> Reader<'a> {
    /// Reads what every plan needs.
    async fn begin(api: &'a SelfService, owned: Owned, now: i64) -> Result<Self, ObserveError> {
        let mut actual = Actual {
            observed_at: now,
            organization: organization(api).await?,
            ..Actual::default()
        };
        actual.add_scopes(match (api.scopes().await, owned) {
            (Err(error), Owned::IfAllowed) if error.status() == Some(403) => Vec::new(),
            (scopes, _) => scopes?,
        });
        actual.add_delegation_sources(where_offered(api.delegation_sources().await)?);
        for record in where_offered(api.prefixes().await)? {
            actual.prefixes.insert(record.prefix, record.owner_orgno);
        }
        Ok(Self { api, actual })
    }

    async fn read_access(&mut self, scopes: &BTreeSet<String>) -> Result<(), ObserveError> {
        for scope in scopes {
            read_access(self.api, scope, &mut self.actual).await?;
        }
        Ok(())
    }

    /// Reads what the organization may use of these scopes.
    async fn read_consumable(&mut self, scopes: &BTreeSet<String>) -> Result<(), ObserveError> {
        if scopes.is_empty() {
            return Ok(());
        }
        let mut granted = self.api.granted().await?;
        granted.retain(|record| scopes.contains(&record.scope));
        self.actual.add_granted(&granted);
        for scope in scopes {
            let listed = self.api.public_scope(scope).await?;
            self.actual.add_catalogue(listed);
        }
        Ok(())
    }

    async fn read_clients(
        &mut self,
        clients: &BTreeSet<ClientKey>,
        keeper: &mut dyn Keeper,
    ) -> Result<(), ObserveError> {
        if clients.is_empty() {
            return Ok(());
        }
        self.actual.add_clients(match self.api.clients().await {
            // An administration client for scopes alone.
            Err(error) if error.status() == Some(403) => Vec::new(),
            listed => listed?,
        });
        for client in clients {
            let kept = |source| ObserveError::Keeper {
                client: client.clone(),
                source,
            };
            if let Some(id) = keeper.client_id(client).await.map_err(kept)? {
                self.actual.known_clients.insert(client.clone(), id);
            }
            let keys = keeper.local_keys(client).await.map_err(kept)?;
            self.actual.local_keys.insert(client.clone(), keys);
            for id in self.ids(client) {
                read_keys(self.api, id, &mut self.actual).await?;
            }
        }
        Ok(())
    }

    /// Ids that the client may turn out to have.
    fn ids(&self, client: &ClientKey) -> BTreeSet<String> {
        let known = self.actual.known_clients.get(client);
        let description = client.owner.to_string();
        let described = self.actual.clients.iter().filter(|(id, observed)| {
            let is_described = observed.attributes.description.as_ref() == Some(&description);
            observed.active && (is_described || known == Some(*id))
        });
        described.map(|(id, _)| id.clone()).collect()
    }
}

/// Reads who has access to an own scope.
pub(crate) async fn read_access(
    api: &SelfService,
    scope: &str,
    actual: &mut Actual,
) -> Result<(), ObserveError> {
    let listed = api.access(scope).await?;
    actual.set_access(scope, &listed);
    Ok(())
}

/// Reads the keys of a client.
pub(crate) async fn read_keys(
    api: &SelfService,
    client_id: String,
    actual: &mut Actual,
) -> Result<(), ObserveError> {
    let set = api.keys(&client_id).await?;
    // A key without an id, or that was removed, is not one that could be kept.
    let is_removed = |key: &&serde_json::Value| key["active"] == false;
    let keys = set.value.keys.iter().filter(|key| !is_removed(key));
    let keys = keys.filter_map(|key| RegisteredKey::try_from(key).ok());
    actual.key_sets.insert(client_id.clone(), keys.collect());
    if let Some(etag) = set.etag {
        actual.etags.insert(format!("keys {client_id}"), etag);
    }
    Ok(())
}

/// The organization that the administration client's token is for. What is read is not believed:
/// it only says whom problems are about.
pub async fn organization(api: &SelfService) -> Result<Option<String>, ClientError> {
    let token = api.token().await?;
    let claims = portvakt_jose::Jws::parse(token.expose())
        .ok()
        .and_then(|jws| serde_json::from_slice::<serde_json::Value>(jws.payload()).ok());
    let id = claims
        .as_ref()
        .and_then(|claims| claims["consumer"]["ID"].as_str());
    Ok(id.map(|id| id.trim_start_matches("0192:").to_owned()))
}
