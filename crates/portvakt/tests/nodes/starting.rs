//! Nodes need nothing of each other, also when none was ever there before.

use portvakt_testkit::PostgresServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::records::Records;

const NODES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_make_everything_once() {
    let cluster = Cluster::on_nothing(PostgresServer::shared());
    let (a, b, c, d) = tokio::join!(
        cluster.node(),
        cluster.node(),
        cluster.node(),
        cluster.node()
    );
    let nodes: [_; NODES] = [a, b, c, d];
    let keys = nodes[0].wire.keys().await;
    for node in &nodes {
        assert_eq!(node.wire.keys().await, keys);
        assert!(node.wire.is_ready().await);
    }
    let records = Records::of(&cluster).await;
    assert_eq!(records.keys().await, (1, 1, 0), "one next, one active");
    assert_eq!(records.organizations().await.len(), 1, "the operator's");
    let made = |word: &str| {
        let made = format!("\"{word}\"");
        move |entry: &&portvakt_core::audit::StoredEntry| entry.text.contains(&made)
    };
    let audit = records.audit().await;
    assert_eq!(audit.iter().filter(made("organization.create")).count(), 1);
    assert_eq!(audit.iter().filter(made("signing_key.create")).count(), 2);
}

/// Every node keeps the keys, and any may be told to rotate them.
#[tokio::test(flavor = "multi_thread")]
async fn rotations_that_nodes_are_told_to_make_at_once_follow_each_other() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let (one, other) = tokio::join!(cluster.node(), cluster.node());
    let operators = (one.wire.operator().await, other.wire.operator().await);
    let rotate = "/signing-keys/rotate";
    let (a, b) = tokio::join!(
        operators.0.act(Method::POST, rotate, json!({})),
        operators.1.act(Method::POST, rotate, json!({})),
    );
    assert!(a.is_done() || b.is_done(), "{a:?} {b:?}");
    let rotations = usize::from(a.is_done()) + usize::from(b.is_done());
    let records = Records::of(&cluster).await;
    // Every rotation retires one key, and never are two active or two next.
    assert_eq!(records.keys().await, (1, 1, rotations));
    let both_publish = async { while one.wire.keys().await != other.wire.keys().await {} };
    tokio::time::timeout(crate::cluster::PATIENCE, both_publish)
        .await
        .unwrap();
    let published: Value = one.wire.keys().await;
    assert_eq!(published["keys"].as_array().unwrap().len(), 2 + rotations);
    records.audit().await;
}
