//! What one node withdraws, all of them stop giving (design, invariant 3).

use std::time::{Duration, Instant};

use portvakt_testkit::PostgresServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Node};
use crate::figures::{EXTENT, report, spread};
use crate::identity::{CLIENT, CONSUMER, SCOPE, grant};
use crate::wire::Wire;

/// Within which a withdrawal acts on every node.
const BOUND: Duration = Duration::from_secs(1);

/// Asks for tokens from the moment that a withdrawal was acknowledged until they are refused, and
/// says how long after it the last grant was sent that a token was given for.
async fn last_token(wire: &Wire, withdrawn: Instant) -> Duration {
    let mut last = Duration::ZERO;
    loop {
        let sent = withdrawn.elapsed();
        let answer = wire.exchange(&grant()).await;
        if !answer.is_done() {
            assert!([400, 403].contains(&answer.outcome().0), "{answer:?}");
            return last;
        }
        assert!(sent <= BOUND, "a token {sent:?} after it was withdrawn");
        last = sent;
    }
}

async fn all_stop(nodes: &[&Node; 3], withdrawn: Instant) -> [Duration; 3] {
    let (a, b, c) = tokio::join!(
        last_token(&nodes[0].wire, withdrawn),
        last_token(&nodes[1].wire, withdrawn),
        last_token(&nodes[2].wire, withdrawn),
    );
    [a, b, c]
}

async fn all_serve(nodes: &[&Node; 3]) {
    for node in nodes {
        node.wire.until_it_serves().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_on_one_node_stops_on_every_node_within_a_second() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let (a, b, c) = tokio::join!(cluster.node(), cluster.node(), cluster.node());
    let nodes = [&a, &b, &c];
    let operator = a.wire.operator().await;
    let organization = format!("/organizations/{CONSUMER}");
    let mut times = Vec::new();
    for _ in 0..EXTENT.withdrawals {
        all_serve(&nodes).await;
        operator
            .act(Method::DELETE, &organization, Value::Null)
            .await
            .done();
        times.extend(all_stop(&nodes, Instant::now()).await);
        let again = json!({"name": "Havbris AS", "active": true});
        operator.act(Method::PUT, &organization, again).await.done();
    }

    // A client, and then an access that is gone for good.
    all_serve(&nodes).await;
    let client = format!("/clients/{CLIENT}");
    let mut registered = operator.act(Method::GET, &client, Value::Null).await.done();
    registered["active"] = json!(false);
    let stopped = operator.act(Method::PUT, &client, registered.clone());
    stopped.await.done();
    times.extend(all_stop(&nodes, Instant::now()).await);
    registered["active"] = json!(true);
    operator.act(Method::PUT, &client, registered).await.done();
    all_serve(&nodes).await;
    let owner = b.wire.owner().await;
    let access = format!("/scopes/access/{CONSUMER}?scope={SCOPE}");
    owner.act(Method::DELETE, &access, Value::Null).await.done();
    times.extend(all_stop(&nodes, Instant::now()).await);
    report(
        "a right is withdrawn on one of three nodes: the last grant that any of them accepted after the acknowledgment was sent",
        &spread(&mut times),
    );
}
