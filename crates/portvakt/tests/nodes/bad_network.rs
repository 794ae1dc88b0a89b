//! A database that refuses, hangs or is slow (design, invariant 3): a node says so, decides nothing
//! that it cannot, and serves again soon after.

use std::time::{Duration, Instant};

use portvakt_testkit::{PostgresProxy, PostgresServer};
use reqwest::Method;
use serde_json::Value;

use crate::cluster::{Cluster, Node};
use crate::figures::report;
use crate::identity::{CONSUMER, grant};
use crate::wire::Answer;

/// Within which a node serves again once it can reach the database.
const BOUND: Duration = Duration::from_secs(5);
/// What whoever asks for a token waits at most, whatever the database does.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

struct Connected {
    proxy: PostgresProxy,
    node: Node,
    cluster: Cluster,
}

impl Connected {
    async fn new() -> Self {
        let cluster = Cluster::on_postgres(PostgresServer::shared());
        let (proxy, database) = PostgresProxy::before(cluster.database());
        let node = cluster.node_on(&database).await;
        node.wire.until_it_serves().await;
        Self {
            proxy,
            node,
            cluster,
        }
    }

    /// Asks until the answer is 503 ten times running.
    async fn until_unavailable(&self) {
        let mut running = 0;
        while running < 10 {
            let asked = Instant::now();
            let answer = self.node.wire.exchange(&grant()).await;
            assert!(asked.elapsed() < LONGEST_ANSWER, "{:?}", asked.elapsed());
            match answer {
                Answer::Unavailable => running += 1,
                Answer::Decided { status: 200, .. } => running = 0,
                other => panic!("{other:?}"),
            }
        }
        self.node.wire.until_it_is_not_ready().await;
    }

    async fn serves_again(&self, fault: &str) {
        let took = self.node.wire.until_it_serves().await;
        assert!(took < BOUND, "after {took:?}");
        report(
            fault,
            &format!("503 meanwhile; served again after {} ms", took.as_millis()),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_refuses_connections_is_503_until_it_takes_them() {
    let connected = Connected::new().await;
    connected.proxy.refuse();
    connected.until_unavailable().await;
    connected.proxy.heal();
    connected
        .serves_again("the database refuses connections")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_is_503_until_it_answers() {
    let connected = Connected::new().await;
    connected.proxy.stall();
    connected.until_unavailable().await;
    connected.proxy.heal();
    connected.serves_again("the database hangs").await;
}

/// The others go on without it, and it does not go on from memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_cut_off_while_a_right_was_withdrawn_gives_no_token_when_it_is_back() {
    let connected = Connected::new().await;
    let other = connected.cluster.node().await;
    connected.proxy.stall();
    connected.until_unavailable().await;
    let operator = other.wire.operator().await;
    let organization = format!("/organizations/{CONSUMER}");
    let withdrawn = operator.act(Method::DELETE, &organization, Value::Null);
    withdrawn.await.done();
    connected.proxy.heal();
    let healed = Instant::now();
    loop {
        match connected.node.wire.exchange(&grant()).await.outcome().0 {
            400 => break,
            503 => assert!(healed.elapsed() < BOUND),
            other => panic!("decided on what it knew before: {other}"),
        }
    }
    report(
        "a node is cut off while a right is withdrawn",
        &format!(
            "503 meanwhile; refused after {} ms, no token",
            healed.elapsed().as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_machine_died_is_served_from_its_next_one() {
    let connected = Connected::new().await;
    connected.proxy.forget_connections();
    connected
        .serves_again("the database moved, and old connections were never closed")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_slow_is_used_and_one_that_is_too_slow_to_be_followed_is_503() {
    let connected = Connected::new().await;
    connected.proxy.delay(Duration::from_millis(10));
    for _ in 0..10 {
        let answer = connected.node.wire.exchange(&grant()).await;
        assert!(answer.is_done(), "{answer:?}");
    }
    // Changes could not be followed within a second.
    connected.proxy.delay(Duration::from_millis(500));
    connected.until_unavailable().await;
    connected.proxy.heal();
    connected
        .serves_again("the database takes half a second for each message")
        .await;
}

/// Every process of the server stands still, and so does every node.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stands_still_is_503_on_every_node_until_it_goes_on() {
    let server = PostgresServer::durable();
    let cluster = Cluster::on_postgres(&server);
    let (one, other) = tokio::join!(cluster.node(), cluster.node());
    let unavailable = async |node: &Node| {
        while !matches!(node.wire.exchange(&grant()).await, Answer::Unavailable) {}
        node.wire.until_it_is_not_ready().await;
    };
    server.freeze();
    tokio::join!(unavailable(&one), unavailable(&other));
    server.thaw();
    let (a, b) = tokio::join!(one.wire.until_it_serves(), other.wire.until_it_serves());
    let took = a.max(b);
    assert!(took < BOUND, "after {took:?}");
    report(
        "every process of the database is stopped and continued",
        &format!(
            "503 meanwhile; both nodes served again after {} ms",
            took.as_millis()
        ),
    );
}
