//! The cache before a real store.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

use std::sync::Arc;

use futures_util::future::join_all;
use portvakt_core::Timestamp;
use portvakt_core::cache::{CacheSettings, CachedStore, Follower};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::moment::MockStopwatch;
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::{GrantRegistry, Revision, Store};
use portvakt_store_sqlite::SqliteStore;

/// A node with a cache, and another process on the same store.
struct Node {
    store: Arc<CachedStore>,
    follower: Follower,
    command_line: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Node {
    async fn start(settings: CacheSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portvakt.db");
        let inner = Arc::new(SqliteStore::open(&path).await.unwrap());
        let stopwatch = Arc::new(MockStopwatch::default());
        let store = Arc::new(CachedStore::new(inner, stopwatch, settings));
        let mut follower = Follower::new(Arc::clone(&store));
        follower.look().await.unwrap();
        Self {
            store,
            follower,
            command_line: SqliteStore::open(&path).await.unwrap(),
            _folder: folder,
        }
    }

    /// One commit of the other process.
    async fn write(&self, organizations: impl IntoIterator<Item = Organization>) -> Revision {
        let mut unit = self.command_line.begin().await.unwrap();
        for organization in organizations {
            unit.save_organization(&organization).await.unwrap();
        }
        unit.commit().await.unwrap()
    }

    async fn is_deactivated(&self, number: u32) -> bool {
        self.store.is_deactivated(orgno(number)).await.unwrap()
    }
}

fn orgno(number: u32) -> OrgNumber {
    OrgNumber::parse(&format!("{number:09}")).unwrap()
}

fn organization(number: u32, active: bool) -> Organization {
    Organization {
        orgno: orgno(number),
        name: String::new(),
        active,
        created: Timestamp::from_seconds(0),
        last_updated: Timestamp::from_seconds(0),
    }
}

fn many(first: u32) -> impl Iterator<Item = Organization> {
    (first..first + 3000).map(|number| organization(number, true))
}

/// A client of organization 1 that may not do anything.
fn client(number: usize) -> Client {
    let now = Timestamp::from_seconds(0);
    Client::machine(client_id(number), "", orgno(1), Vec::new(), now)
}

fn client_id(number: usize) -> ClientId {
    ClientId::parse(&format!("client-{number}")).unwrap()
}

#[tokio::test]
async fn clients_that_come_at_once_are_read_together_and_kept() {
    let node = Node::start(CacheSettings::default()).await;
    let mut unit = node.store.begin().await.unwrap();
    for number in 0..50 {
        unit.save_client(&client(number)).await.unwrap();
    }
    unit.commit().await.unwrap();
    // The first may read before the others have asked.
    for reads in [1..=2, 0..=0] {
        let before = node.store.counters().store_reads;
        // Each comes twice.
        let found = join_all((0..100).map(async |number| {
            let id = client_id(number % 50);
            let record = node.store.find_client_record(&id).await.unwrap().unwrap();
            assert_eq!(record.client.client_id, id);
        }));
        found.await;
        let read = node.store.counters().store_reads - before;
        assert!(reads.contains(&read), "{read} reads");
    }
}

#[tokio::test]
async fn a_cached_client_is_as_active_as_its_organization_whatever_others_change() {
    let mut node = Node::start(CacheSettings::default()).await;
    let mut unit = node.store.begin().await.unwrap();
    unit.save_client(&client(7)).await.unwrap();
    unit.commit().await.unwrap();
    // Who changes, whether they are active then, whether the client is, and how often that is read.
    for (number, active, expected, reads) in [
        (2, true, true, 1),
        (2, false, true, 0),
        (1, true, true, 1),
        (2, true, true, 0),
        (1, false, false, 1),
        (2, false, false, 1),
        (1, true, true, 1),
        (2, true, true, 0),
    ] {
        node.write([organization(number, active)]).await;
        node.follower.look().await.unwrap();
        let before = node.store.counters().store_reads;
        let record = node.store.find_client_record(&client_id(7)).await;
        let record = record.unwrap().unwrap();
        let read = node.store.counters().store_reads - before;
        let found = (record.organization_active, read);
        assert_eq!(found, (expected, reads), "after {number} {active}");
    }
}

#[tokio::test]
async fn one_look_reads_a_feed_of_several_pages_to_its_end() {
    let mut node = Node::start(CacheSettings::default()).await;
    assert!(!node.is_deactivated(1).await);
    node.write(many(10_000)).await;
    let last = node
        .write(many(20_000).chain([organization(1, false)]))
        .await;
    assert!(
        !node.is_deactivated(1).await,
        "nobody has looked, and it is cached"
    );
    assert_eq!(node.follower.look().await.unwrap(), last);
    assert_eq!(node.store.revision().await.unwrap(), last);
    assert!(node.is_deactivated(1).await);
    assert_eq!(node.store.counters().invalidations, 1, "no more than that");
}

#[tokio::test]
async fn a_commit_of_too_many_records_drops_everything() {
    let mut node = Node::start(CacheSettings::default()).await;
    assert!(!node.is_deactivated(1).await && !node.is_deactivated(2).await);
    let all = many(10_000).chain(many(20_000));
    node.write(all.chain([organization(1, false)])).await;
    node.follower.look().await.unwrap();
    assert!(node.is_deactivated(1).await);
    assert_eq!(node.store.counters().invalidations, 2);
}

#[tokio::test]
async fn a_feed_that_was_trimmed_drops_everything() {
    use portvakt_core::ports::ChangeFeed;
    let mut node = Node::start(CacheSettings::default()).await;
    assert!(!node.is_deactivated(1).await);
    node.write([organization(1, false)]).await;
    let last = node.write([organization(2, true)]).await;
    node.command_line.trim_changes(0).await.unwrap();
    assert_eq!(node.follower.look().await.unwrap(), last);
    assert!(node.is_deactivated(1).await);
}

#[tokio::test]
async fn memory_stays_within_its_bound() {
    let max_bytes = 64 * 1024;
    let settings = CacheSettings {
        max_bytes,
        ..CacheSettings::default()
    };
    let node = Node::start(settings).await;
    for number in 0..2000 {
        node.is_deactivated(number).await;
    }
    let counters = node.store.counters();
    assert!(counters.bytes <= max_bytes as u64, "{counters:?}");
    assert_eq!(counters.evictions + counters.entries, 2000);
}

#[tokio::test]
async fn what_a_commit_of_this_process_changes_is_dropped_before_it_is_acknowledged() {
    let node = Node::start(CacheSettings::default()).await;
    assert!(!node.is_deactivated(1).await);
    let mut unit = node.store.begin().await.unwrap();
    unit.save_organization(&organization(1, false))
        .await
        .unwrap();
    assert!(!node.is_deactivated(1).await, "it is not committed");
    let revision = unit.commit().await.unwrap();
    assert!(node.is_deactivated(1).await);
    // Whoever wants to read what was written need not wait for a look.
    assert_eq!(node.store.revision().await.unwrap(), revision);
    let undone = node.store.begin().await.unwrap();
    drop(undone);
    assert!(node.is_deactivated(1).await);
}
