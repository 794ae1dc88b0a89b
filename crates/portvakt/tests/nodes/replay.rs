//! A grant is accepted once by all nodes together (design, invariant 1).

use portvakt_testkit::PostgresServer;
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::figures::{EXTENT, report};
use crate::identity::grant;
use crate::wire::Wire;

/// Pairs of requests that are under way at a time.
const PAIRS: usize = 4;

/// Sends grants to two nodes at the same instant, and says how often each of them won.
async fn send_twice(one: Wire, other: Wire, times: usize) -> [usize; 2] {
    let mut won = [0; 2];
    for _ in 0..times {
        let grant = grant();
        let (a, b) = tokio::join!(one.exchange(&grant), other.exchange(&grant));
        assert!(a.is_done() != b.is_done(), "{a:?} {b:?}");
        assert!(a.is_replay() != b.is_replay(), "{a:?} {b:?}");
        won[usize::from(b.is_done())] += 1;
    }
    won
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_two_nodes_get_at_the_same_instant_gives_one_token() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let (one, other) = tokio::join!(cluster.node(), cluster.node());
    let mut pairs = JoinSet::new();
    for _ in 0..PAIRS {
        let (one, other) = (one.wire.clone(), other.wire.clone());
        pairs.spawn(send_twice(one, other, EXTENT.doubles / PAIRS));
    }
    let won = pairs.join_all().await;
    let (first, second): (usize, usize) = (
        won.iter().map(|won| won[0]).sum(),
        won.iter().map(|won| won[1]).sum(),
    );
    assert!(first > 0 && second > 0, "one node has won every time");
    report(
        "the same grant to two nodes at the same instant",
        &format!(
            "{} grants, {} tokens: {first} by one node, {second} by the other",
            EXTENT.doubles,
            first + second
        ),
    );
}
