//! Nodes need nothing of each other, also when none was ever there before.

use portvakt_testkit::PostgresServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::identity::grant;
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
    let keys = audit.iter().filter(made("signing_key.create")).count();
    assert_eq!(keys, 4, "two for machines, two for logins");
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

/// A later version starts beside nodes of this one, adds what it needs, and takes their place. They
/// work on meanwhile (expand first, contract a release later); no other of them starts any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_serves_on_while_a_later_version_expands_the_schema_and_none_starts_after_it() {
    let server = PostgresServer::shared();
    let cluster = Cluster::on_postgres(server);
    let node = cluster.node().await;
    node.wire.until_it_serves().await;
    let operator = node.wire.operator().await;
    operator.record("800000001").await.done();
    let later = "ALTER TABLE clients ADD COLUMN later BOOLEAN NOT NULL DEFAULT FALSE;
        ALTER TABLE organizations ADD COLUMN later TEXT;
        CREATE TABLE later (id BIGINT NOT NULL PRIMARY KEY);
        INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9001, 'later', TRUE, '', 0);";
    server.run(
        "psql",
        &["--dbname", cluster.database(), "--command", later],
    );
    assert!(node.wire.exchange(&grant()).await.is_done());
    operator.record("800000001").await.done();
    operator.record("800000002").await.done();
    assert!(node.wire.is_ready().await);
    let refused = cluster.does_not_start();
    assert!(
        refused.contains("9001") && refused.contains("a later one"),
        "{refused}"
    );
}
