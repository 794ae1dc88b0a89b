//! Nodes that are killed under load (design, invariants 1 and 2).

use std::time::{Duration, Instant};

use portvakt_testkit::PostgresServer;

use crate::cluster::{Cluster, Node};
use crate::figures::{EXTENT, report, spread};
use crate::load::{Load, numbers};
use crate::records::Records;

/// Tokens that are given before each kill.
const TOKENS: usize = 40;

#[derive(Default)]
struct Toll {
    used: usize,
    unknown: usize,
    recorded: Vec<String>,
    back: Vec<Duration>,
}

/// Kills a node under load again and again. `other` is what serves meanwhile.
async fn kill_and_replace(cluster: &Cluster, other: Option<&Node>) -> Toll {
    let mut toll = Toll::default();
    let mut node = cluster.node().await;
    for round in 0..EXTENT.kills {
        let mut load = Load::new();
        load.on(&node.wire, numbers(round, 0)).await;
        if let Some(other) = other {
            load.on(&other.wire, numbers(round, 1)).await;
        }
        load.until_used(TOKENS).await;
        node.kill();
        let killed = Instant::now();
        node = cluster.node().await;
        node.wire.until_it_serves().await;
        toll.back.push(killed.elapsed());
        let account = load.end().await;
        account.is_used_once(&node.wire).await;
        toll.used += account.used.len();
        toll.unknown += account.unknown.len();
        toll.recorded.extend(account.recorded);
    }
    let records = Records::of(cluster).await;
    let kept = records.organizations().await;
    for orgno in &toll.recorded {
        assert!(
            kept.contains(orgno),
            "organization {orgno} was acknowledged"
        );
    }
    records.audit().await;
    toll
}

fn tell(store: &str, mut toll: Toll) {
    report(
        &format!("kill -9 of a node under load, {store}"),
        &format!(
            "{} times; {} tokens and {} administrative writes were acknowledged, and none was lost; \
             {} grants with an unknown outcome, none used twice; a new process served after {}",
            EXTENT.kills,
            toll.used,
            toll.recorded.len(),
            toll.unknown,
            spread(&mut toll.back)
        ),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_loses_nothing_and_burns_nothing_twice_on_postgresql() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let other = cluster.node().await;
    let toll = kill_and_replace(&cluster, Some(&other)).await;
    tell("PostgreSQL, another node serves meanwhile", toll);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_nothing_and_burns_nothing_twice_on_sqlite() {
    let cluster = Cluster::on_sqlite();
    let toll = kill_and_replace(&cluster, None).await;
    tell("SQLite", toll);
}
