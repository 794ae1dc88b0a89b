//! A server whose registry is answered from memory: what it does not read, what acts on it, and when
//! it answers nothing.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::cache::{CacheSettings, CachedStore, Follower};
use portvakt_core::moment::MockStopwatch;
use portvakt_core::ports::{Consumption, GrantDigest, ReplayLedger, StorageError, Store};
use portvakt_store_sqlite::SqliteStore;
use portvakt_testkit::{
    Answer, Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, Options, SCOPE, TINDESYSTEM_CLIENT,
    TestServer, World,
};
use serde_json::json;
use tokio::sync::Mutex;

use crate::decision::DEACTIVATIONS;

/// A server with a cache before its registry, and another process on the same store.
struct Cached {
    server: TestServer,
    store: Arc<CachedStore>,
    follower: Arc<Mutex<Follower>>,
    stopwatch: Arc<MockStopwatch>,
    command_line: Arc<SqliteStore>,
    _folder: tempfile::TempDir,
}

impl Cached {
    async fn start() -> Self {
        Self::start_with(|ledger, _, _| ledger).await
    }

    /// `ledger` may put something before the ledger.
    async fn start_with(
        ledger: impl FnOnce(
            Arc<dyn ReplayLedger>,
            Arc<MockStopwatch>,
            Arc<Mutex<Follower>>,
        ) -> Arc<dyn ReplayLedger>
        + Send
        + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portvakt.db");
        let inner = Arc::new(SqliteStore::open(&path).await.unwrap());
        let command_line = Arc::new(SqliteStore::open(&path).await.unwrap());
        full().save(command_line.as_ref()).await;
        let stopwatch = Arc::new(MockStopwatch::default());
        let store = Arc::new(CachedStore::new(
            inner,
            stopwatch.clone(),
            CacheSettings::default(),
        ));
        let mut follower = Follower::new(Arc::clone(&store));
        follower.look().await.unwrap();
        let follower = Arc::new(Mutex::new(follower));
        let (registry, clock) = (Arc::clone(&store), Arc::clone(&stopwatch));
        let catching_up = Arc::clone(&follower);
        let options = Options {
            issuer: Box::new(|issuer| issuer.enable_iss_onbehalfof = true),
            parts: Box::new(move |parts| {
                parts.ledger = ledger(registry.clone(), clock, catching_up);
                parts.delegations = registry.clone();
                parts.parties = registry.clone();
                parts.registry = registry;
            }),
            ..Options::default()
        };
        Self {
            server: TestServer::with(options).await,
            store,
            follower,
            stopwatch,
            command_line,
            _folder: folder,
        }
    }

    async fn look(&self) {
        self.follower.lock().await.look().await.unwrap();
    }

    async fn exchange(&self) -> Answer {
        self.server
            .exchange(&Grant::havbris(&self.server).sign())
            .await
    }

    fn on_behalf_of(&self) -> Grant<'static> {
        Grant::new(&self.server, TINDESYSTEM_CLIENT, "fjord:apen.read")
            .claim("iss_onbehalfof", json!("kafe"))
    }
}

fn full() -> World {
    let mut world = World::spec();
    world.on_behalf_of(TINDESYSTEM_CLIENT, "kafe", LYNGVIK);
    world.scope_mut(SCOPE).emit_consumer_prefix = true;
    world
}

fn is_503(answer: &Answer) {
    let phrase = "The service is temporarily unavailable";
    answer.assert_refused(503, "temporarily_unavailable", "", phrase);
    assert_eq!(answer.header("retry-after"), "1");
}

/// inferred §7: In the steady state a token reads nothing from the store.
#[tokio::test]
async fn the_second_token_reads_nothing() {
    let cached = Cached::start().await;
    for round in 0..3 {
        let before = cached.store.counters();
        for answer in [
            cached.exchange().await,
            cached.server.exchange(&cached.on_behalf_of().sign()).await,
        ] {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let after = cached.store.counters();
        let read = after.store_reads - before.store_reads;
        assert_eq!(read == 0, round > 0, "round {round}: {read} reads");
        assert!(after.hits > before.hits || round == 0);
    }
}

/// inferred §11: What this process writes acts at the next request, what another one writes
/// as soon as the feed was looked at; and back again.
#[tokio::test]
async fn every_change_acts_as_soon_as_it_is_known() {
    let cached = Cached::start().await;
    assert_eq!(cached.exchange().await.status, 200);
    for own in [true, false] {
        let store: Arc<dyn Store> = if own {
            cached.store.clone()
        } else {
            cached.command_line.clone()
        };
        for (code, change) in DEACTIVATIONS {
            let mut world = full();
            change(&mut world);
            world.save(store.as_ref()).await;
            if !own {
                cached.look().await;
            }
            let answer = cached.exchange().await;
            assert!(
                answer.status != 200 && answer.mp_code() == code,
                "own: {own}, {code}: {}",
                answer.text
            );
            full().save(store.as_ref()).await;
            if !own {
                cached.look().await;
            }
            let answer = cached.exchange().await;
            assert_eq!(answer.status, 200, "own: {own}, {code}: {}", answer.text);
        }
    }
}

/// inferred §11: A registration or a prefix acts as soon as its change is known.
#[tokio::test]
async fn a_registration_and_a_prefix_act_as_soon_as_they_are_known() {
    let cached = Cached::start().await;
    let mut unit = cached.command_line.read().await.unwrap();
    let client_id = TINDESYSTEM_CLIENT.parse().unwrap();
    let found = unit.find_active_on_behalf_of(&client_id, "kafe").await;
    let mut registration = found.unwrap().unwrap();
    registration.active = false;
    let mut prefix = full().prefixes[0].clone();
    prefix.active = false;
    drop(unit);
    let grant = || cached.on_behalf_of().sign();
    assert_eq!(cached.server.exchange(&grant()).await.status, 200);
    for own in [true, false] {
        let store: &dyn Store = if own {
            cached.store.as_ref()
        } else {
            cached.command_line.as_ref()
        };
        for active in [false, true] {
            registration.active = active;
            prefix.active = active;
            let mut unit = store.begin().await.unwrap();
            unit.save_on_behalf_of(&registration).await.unwrap();
            unit.save_prefix(&prefix).await.unwrap();
            unit.commit().await.unwrap();
            if !own {
                cached.look().await;
            }
            let answer = cached.server.exchange(&grant()).await;
            assert_eq!(answer.status == 200, active, "{}", answer.text);
            let registry: &dyn portvakt_core::ports::GrantRegistry = cached.store.as_ref();
            let owner = prefix.owner_orgno;
            let prefixes = registry.find_prefixes_of(owner).await.unwrap();
            assert_eq!(prefixes.contains(&prefix.prefix), active, "own: {own}");
        }
    }
}

/// inferred §11: A node that cannot confirm for five seconds that it is current decides
/// nothing, is not ready, and goes on as soon as it can.
#[tokio::test]
async fn without_confirmation_for_five_seconds_nothing_is_decided() {
    let cached = Cached::start().await;
    cached.stopwatch.advance(Duration::from_secs(5));
    assert_eq!(cached.exchange().await.status, 200);
    cached.stopwatch.advance(Duration::from_millis(1));
    is_503(&cached.exchange().await);
    // A refusal is a decision too.
    let unknown = Grant::new(&cached.server, "unknown", SCOPE).sign();
    is_503(&cached.server.exchange(&unknown).await);
    assert!(cached.store.check().await.is_err());
    assert!(cached.store.revision().await.is_err());
    cached.look().await;
    assert_eq!(cached.exchange().await.status, 200);
    assert!(cached.store.check().await.is_ok());
}

/// A ledger in whose time the process is stopped for half a minute (SIGSTOP), and continues with a
/// follower that is faster than the request.
struct Stopping {
    inner: Arc<dyn ReplayLedger>,
    stopwatch: Arc<MockStopwatch>,
    follower: Arc<Mutex<Follower>>,
}

#[async_trait]
impl ReplayLedger for Stopping {
    async fn consume(
        &self,
        digest: GrantDigest,
        keep_until: Timestamp,
    ) -> Result<Consumption, StorageError> {
        let consumption = self.inner.consume(digest, keep_until).await;
        self.stopwatch.advance(Duration::from_secs(30));
        self.follower.lock().await.look().await?;
        consumption
    }

    async fn is_consumed(&self, digest: GrantDigest) -> Result<bool, StorageError> {
        self.inner.is_consumed(digest).await
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        self.inner.remove_expired(now).await
    }
}

/// inferred §7: A process that was stopped while it decided gives no token for what it read before.
#[tokio::test]
async fn a_process_that_was_stopped_while_it_decided_gives_no_token() {
    let cached = Cached::start_with(|inner, stopwatch, follower| {
        Arc::new(Stopping {
            inner,
            stopwatch,
            follower,
        })
    })
    .await;
    is_503(&cached.exchange().await);
    assert!(cached.store.check().await.is_ok(), "it has caught up");
}

/// inferred §7: Names that strangers make up leave nothing in memory.
#[tokio::test]
async fn unknown_clients_and_scopes_leave_nothing_in_memory() {
    let cached = Cached::start().await;
    cached.exchange().await;
    let before = cached.store.counters();
    for number in 0..200 {
        let client = format!("unknown-{number}");
        let unknown = Grant::new(&cached.server, &client, SCOPE).sign();
        assert_ne!(cached.server.exchange(&unknown).await.status, 200);
        let scope = format!("fjord:unknown-{number}");
        let unknown = Grant::new(&cached.server, HAVBRIS_CLIENT, &scope).sign();
        assert_ne!(cached.server.exchange(&unknown).await.status, 200);
    }
    let after = cached.store.counters();
    assert_eq!((after.entries, after.bytes), (before.entries, before.bytes));
}

/// inferred §11: An access that is granted after it was missed counts at once.
#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let cached = Cached::start().await;
    let mut world = full();
    world.withdraw(SCOPE, HAVBRIS);
    world.save(cached.command_line.as_ref()).await;
    cached.look().await;
    assert_eq!(cached.exchange().await.mp_code(), "MP-250");
    let mut unit = cached.command_line.begin().await.unwrap();
    for access in full().access {
        unit.save_access(&access).await.unwrap();
    }
    unit.commit().await.unwrap();
    assert_eq!(cached.exchange().await.status, 200);
}
