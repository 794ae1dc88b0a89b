//! The server goes away, is cut off, and comes back.

use std::sync::Arc;

use portvakt_core::ports::{ChangeFeed, Consumption, GrantRegistry, ReplayLedger, Revision, Store};
use portvakt_store_postgres::PostgresStore;
use portvakt_testkit::{PostgresProxy, PostgresServer};
use tokio::time::{Duration, Instant, timeout};

use crate::place::{
    Database, at, consume, digests, is_unavailable, open, organization, orgno, save_organization,
};

struct Outage {
    server: PostgresServer,
    store: Arc<PostgresStore>,
}

impl Outage {
    async fn new() -> Self {
        let server = PostgresServer::durable();
        let store = Arc::new(open(&server.database()).await.unwrap());
        Self { server, store }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_its_server_is_unavailable_and_recovers_with_it() {
    let Outage { server, store } = Outage::new().await;
    save_organization(&*store).await.unwrap();
    server.crash();
    assert!(is_unavailable(&store.revision().await));
    assert!(is_unavailable(&store.check().await));
    assert!(is_unavailable(&store.is_deactivated(orgno()).await));
    assert!(is_unavailable(&save_organization(&*store).await));
    assert!(is_unavailable(&store.consume([1; 32], at(1)).await));
    server.start();
    store.check().await.unwrap();
    save_organization(&*store).await.unwrap();
    let consumption = store.consume([1; 32], at(1)).await.unwrap();
    assert_eq!(consumption, Consumption::Fresh, "it was never recorded");
}

/// The answer to the commit is lost, so nobody is told that it is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_no_success() {
    let Outage { server, store } = Outage::new().await;
    let mut unit = store.begin().await.unwrap();
    unit.save_organization(&organization()).await.unwrap();
    server.crash();
    assert!(is_unavailable(&unit.commit().await));
    server.start();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.find_organization(orgno()).await.unwrap(), None);
}

/// Nothing comes back and nothing is refused: the network between the two was cut.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_cut_off_is_unavailable_in_bounded_time() {
    let Outage { server, store } = Outage::new().await;
    let unit = store.begin().await.unwrap();
    server.freeze();
    let (revision, consumption, commit) =
        tokio::join!(store.revision(), store.consume([1; 32], at(1)), async {
            let mut unit = unit;
            unit.save_organization(&organization()).await?;
            unit.commit().await
        });
    assert!(is_unavailable(&revision));
    assert!(is_unavailable(&consumption));
    assert!(is_unavailable(&commit));
    server.thaw();
    // Whoever waits long enough finds it whole again.
    while is_unavailable(&store.check().await) {}
    save_organization(&*store).await.unwrap();
}

/// The machine of the database died without closing a connection, and another one has its address.
/// Nobody may wait for the answers that never come, also not those who gave up waiting before.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_in_silence_are_replaced_within_five_seconds() {
    let database = Database::new();
    let (proxy, url) = PostgresProxy::before(database.url());
    let store = Arc::new(open(&url).await.unwrap());
    // Several connections of each kind.
    let readers = tokio::join!(store.read(), store.read(), store.read(), store.read());
    drop(readers);
    for consumption in consume(&store, digests(1000)).await {
        consumption.unwrap();
    }
    save_organization(&*store).await.unwrap();
    proxy.forget_connections();
    let moved = Instant::now();
    // Like the follower, which gives up soon and asks anew.
    while timeout(
        Duration::from_millis(350),
        store.changes_since(Revision(0), 10),
    )
    .await
    .map_or(true, |changes| changes.is_err())
    {}
    let followed = moved.elapsed();
    while store.consume([201; 32], at(1)).await.is_err() {}
    let consumed = moved.elapsed();
    while is_unavailable(&save_organization(&*store).await) {}
    let saved = moved.elapsed();
    for (what, elapsed) in [
        ("followed", followed),
        ("consumed", consumed),
        ("saved", saved),
    ] {
        assert!(elapsed < Duration::from_secs(5), "{what} after {elapsed:?}");
    }
}

/// What spreads connections over a primary and its standbys would let a node read what was so a
/// while ago, and write where it is so no longer.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_from_a_standby() {
    let Outage { server, .. } = Outage::new().await;
    let database = server.database();
    let (proxy, url) = PostgresProxy::before(&database);
    let store = open(&url).await.unwrap();
    save_organization(&store).await.unwrap();
    let standby = server.standby();
    proxy.lead_to(&standby.url_of(&database));
    proxy.refuse();
    proxy.heal();
    let (revision, changes, inactive, read, consumption, check) = tokio::join!(
        store.revision(),
        store.changes_since(Revision(0), 10),
        store.is_deactivated(orgno()),
        store.read(),
        store.consume([1; 32], at(1)),
        store.check(),
    );
    assert!(is_unavailable(&revision), "{revision:?}");
    assert!(is_unavailable(&changes), "{changes:?}");
    assert!(is_unavailable(&inactive), "{inactive:?}");
    assert!(is_unavailable(&read.map(|_| ())));
    assert!(is_unavailable(&consumption), "{consumption:?}");
    assert!(is_unavailable(&check), "{check:?}");
    proxy.lead_to(&database);
    while is_unavailable(&store.check().await) {}
    assert_eq!(store.revision().await.unwrap(), Revision(1));
}
