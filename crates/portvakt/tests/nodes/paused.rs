//! A node that stands still, as virtual machines do (design, invariant 3).

use std::time::Duration;

use portvakt_testkit::PostgresServer;
use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::figures::{EXTENT, report};
use crate::identity::{CONSUMER, grant};

/// Requests that wait for the node while it is stopped, and such as come when it goes on.
const REQUESTS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_stopped_decides_nothing_on_what_it_knew_before() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let (stopped, other) = tokio::join!(cluster.node(), cluster.node());
    let mut requests = JoinSet::new();
    // Open connections to the node, all of which it has served.
    for _ in 0..REQUESTS {
        let wire = stopped.wire.clone();
        requests.spawn(async move { wire.exchange(&grant()).await });
    }
    for answer in requests.join_all().await {
        assert!(answer.is_done(), "{answer:?}");
    }

    stopped.pause();
    let operator = other.wire.operator().await;
    let organization = format!("/organizations/{CONSUMER}");
    operator
        .act(Method::DELETE, &organization, Value::Null)
        .await
        .done();
    sleep(EXTENT.pause.checked_sub(Duration::from_secs(1)).unwrap()).await;
    let mut requests = JoinSet::new();
    for _ in 0..REQUESTS {
        let wire = stopped.wire.clone();
        requests.spawn(async move { wire.exchange(&grant()).await });
    }
    // Those wait before its door when it goes on, with its follower and its timers.
    sleep(Duration::from_secs(1)).await;
    stopped.resume();
    for _ in 0..REQUESTS {
        let wire = stopped.wire.clone();
        requests.spawn(async move { wire.exchange(&grant()).await });
    }
    let (mut refused, mut unavailable) = (0, 0);
    for answer in requests.join_all().await {
        match answer.outcome().0 {
            400 => refused += 1,
            503 => unavailable += 1,
            _ => panic!("decided on what it knew before: {answer:?}"),
        }
    }
    // And then it is itself again.
    while stopped.wire.exchange(&grant()).await.outcome().0 != 400 {}
    assert!(stopped.wire.is_ready().await);
    report(
        &format!(
            "a node is stopped for {} s while a right is withdrawn",
            EXTENT.pause.as_secs()
        ),
        &format!(
            "{} grants at once: {refused} refused, {unavailable} answered 503, no token",
            2 * REQUESTS
        ),
    );
}
