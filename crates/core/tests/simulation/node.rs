//! What runs on a node: the follower, and requests for tokens, in the order of
//! `TokenExchange::exchange`. There are no signatures here, so that thousands of seeds are cheap.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use portvakt_core::Timestamp;
use portvakt_core::access::AccessState;
use portvakt_core::cache::{CacheSettings, CachedStore, Follower, follow};
use portvakt_core::client::ClientId;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{
    Consumption, GrantDigest, GrantRegistry, ReplayLedger, ScopeFact, StorageError, Store,
};
use portvakt_core::scope::ScopeName;

use crate::model::{Fact, Write};
use crate::store::RemoteStore;
use crate::world::{NodeClock, NodeId, World};

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) client_id: ClientId,
    pub(crate) consumer: OrgNumber,
    pub(crate) scope: ScopeName,
    pub(crate) owner: OrgNumber,
    pub(crate) grant: GrantDigest,
}

impl Request {
    /// All that must hold.
    pub(crate) fn facts(&self) -> [Fact; 5] {
        [
            Fact::Client(self.client_id.clone()),
            Fact::Organization(self.consumer),
            Fact::Scope(self.scope.clone()),
            Fact::Organization(self.owner),
            Fact::Access(self.scope.clone(), self.consumer),
        ]
    }
}

/// What a node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Token,
    /// A fact does not hold.
    Refused,
    /// The grant was used before.
    Replayed,
    /// 503.
    Unavailable,
}

/// A program that has just started, with a cache that knows nothing.
pub(crate) fn start(world: &World, node: NodeId, max_bytes: usize) -> Arc<CachedStore> {
    let store = RemoteStore {
        world: world.clone(),
        node,
    };
    let clock = NodeClock {
        world: world.clone(),
        node,
    };
    let settings = CacheSettings {
        max_bytes,
        ..CacheSettings::default()
    };
    Arc::new(CachedStore::new(Arc::new(store), Arc::new(clock), settings))
}

/// The loop that every node runs.
pub(crate) async fn follow_store(world: World, store: Arc<CachedStore>) {
    let pause = async |duration: Duration| {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap();
        world.pause(milliseconds).await;
    };
    follow(Follower::new(store), pause, |_| {}).await;
}

/// Answers a request.
pub(crate) async fn exchange(store: &CachedStore, request: &Request) -> Verdict {
    decide_in_time(store, request)
        .await
        .unwrap_or(Verdict::Unavailable)
}

async fn decide_in_time(store: &CachedStore, request: &Request) -> Result<Verdict, StorageError> {
    let as_of = store.as_of()?;
    let decided = decide(store, request).await;
    store.still_holds(as_of)?;
    decided
}

async fn decide(store: &CachedStore, request: &Request) -> Result<Verdict, StorageError> {
    let record = store.find_client_record(&request.client_id).await?;
    let Some(record) = record.filter(|record| record.client.active && record.organization_active)
    else {
        return Ok(Verdict::Refused);
    };
    let scopes = [request.scope.token().clone()];
    let (consumed, facts) = join(
        store.consume(request.grant, Timestamp::from_seconds(0)),
        store.find_scope_facts(&scopes, record.client.accessing_orgno()),
    )
    .await;
    let (consumed, facts) = (consumed?, facts?);
    Ok(match (consumed, facts.iter().all(allows)) {
        (Consumption::Replayed, _) => Verdict::Replayed,
        (Consumption::Fresh, true) => Verdict::Token,
        (Consumption::Fresh, false) => Verdict::Refused,
    })
}

fn allows(fact: &ScopeFact) -> bool {
    let active = fact.scope.as_ref().is_some_and(|scope| scope.active);
    active && fact.owner_active && fact.access == Some(AccessState::Approved)
}

/// Saves one record and gives the revision of the commit.
pub(crate) async fn save(store: &dyn Store, write: &Write) -> Result<u64, StorageError> {
    let mut unit = store.begin().await?;
    match write {
        Write::Organization(organization) => unit.save_organization(organization).await?,
        Write::Scope(scope) => unit.save_scope(scope).await?,
        Write::Access(access) => unit.save_access(access).await?,
        Write::Client(client) => unit.save_client(client).await?,
    }
    unit.commit().await.map(|revision| revision.0)
}
