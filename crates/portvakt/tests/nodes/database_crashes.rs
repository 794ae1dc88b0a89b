//! A database that is killed under load (design, invariants 1 and 2).

use std::time::{Duration, Instant};

use portvakt_testkit::PostgresServer;

use crate::cluster::{Cluster, Node};
use crate::figures::{EXTENT, report, spread};
use crate::load::{Load, numbers};
use crate::records::Records;

/// Tokens that are given between two kills.
const TOKENS: usize = 40;
/// Within which every node serves again, from the moment that the database answers.
const BOUND: Duration = Duration::from_secs(5);

async fn until_all_serve(nodes: [&Node; 2]) -> Duration {
    let started = Instant::now();
    tokio::join!(
        nodes[0].wire.until_it_serves(),
        nodes[1].wire.until_it_serves()
    );
    started.elapsed()
}

/// Ends the database under load again and again, and starts it. Nodes stay as they are.
async fn end_and_start(fault: &str, times: usize, end: impl Fn(&PostgresServer)) {
    let server = PostgresServer::durable();
    let cluster = Cluster::on_postgres(&server);
    let (one, other) = tokio::join!(cluster.node(), cluster.node());
    let (mut used, mut unknown, mut back, mut recorded) = (0, 0, Vec::new(), Vec::new());
    for round in 0..times {
        let mut load = Load::new();
        load.on(&one.wire, numbers(round, 0)).await;
        load.on(&other.wire, numbers(round, 1)).await;
        load.until_used(TOKENS).await;
        end(&server);
        server.start();
        let took = until_all_serve([&one, &other]).await;
        assert!(took < BOUND, "nodes served again after {took:?}");
        back.push(took);
        let account = load.end().await;
        account.is_used_once(&other.wire).await;
        used += account.used.len();
        unknown += account.unknown.len();
        recorded.extend(account.recorded);
    }
    let records = Records::of(&cluster).await;
    let kept = records.organizations().await;
    for orgno in &recorded {
        assert!(
            kept.contains(orgno),
            "organization {orgno} was acknowledged"
        );
    }
    records.audit().await;
    report(
        fault,
        &format!(
            "{times} times; {used} tokens and {} administrative writes were acknowledged, and none was lost; \
             {unknown} grants with an unknown outcome, none used twice; both nodes served after the database \
             answered: {}",
            recorded.len(),
            spread(&mut back)
        ),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_loses_nothing_that_was_acknowledged_and_is_served_again() {
    let fault = "kill -9 of PostgreSQL under load, two nodes";
    end_and_start(fault, EXTENT.kills, PostgresServer::crash).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_restarted_loses_nothing_that_was_acknowledged_and_is_served_again() {
    let fault = "PostgreSQL is restarted in good order under load, two nodes";
    end_and_start(fault, EXTENT.restarts, PostgresServer::stop).await;
}
