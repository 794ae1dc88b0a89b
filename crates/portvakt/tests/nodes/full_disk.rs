//! A disk that takes no more, and one that takes nothing (design, invariant 2).
//!
//! A limit on the size of files stands for the full disk: it needs no privilege, and a write beyond
//! it fails. The server's log is on the same disk.

use std::time::Instant;

use crate::cluster::Cluster;
use crate::figures::report;
use crate::identity::grant;
use crate::load::Account;
use crate::records::Records;
use crate::wire::Answer;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_503_and_loses_nothing_that_was_acknowledged() {
    let cluster = Cluster::on_sqlite();
    let node = cluster.limited_node().await;
    let operator = node.wire.operator().await;
    let mut account = Account::default();
    for number in 0..10 {
        let grant = grant();
        node.wire.exchange(&grant).await.done();
        account.used.push(grant);
        let orgno = format!("80000000{number}");
        operator.record(&orgno).await.done();
        account.recorded.push(orgno);
    }

    node.limit_files("0");
    for number in 0..10 {
        let grant = grant();
        let answer = node.wire.exchange(&grant).await;
        assert!(matches!(answer, Answer::Unavailable), "{answer:?}");
        account.unknown.push(grant);
        let answer = operator.record(&format!("90000000{number}")).await;
        assert!(matches!(answer, Answer::Unavailable), "{answer:?}");
    }
    assert!(!node.wire.is_ready().await);
    // What is there can be read.
    assert!(
        operator
            .organizations()
            .await
            .contains(&account.recorded[0])
    );

    node.limit_files("unlimited");
    let freed = Instant::now();
    node.wire.until_it_serves().await;
    let took = freed.elapsed();
    assert!(node.wire.is_ready().await);
    account.is_used_once(&node.wire).await;
    let kept = operator.organizations().await;
    for orgno in &account.recorded {
        assert!(
            kept.contains(orgno),
            "organization {orgno} was acknowledged"
        );
    }
    assert!(
        !kept.iter().any(|orgno| orgno.starts_with("90000000")),
        "{kept:?}"
    );
    assert!(node.stop().await.success());
    Records::of(&cluster).await.audit().await;
    report(
        "the disk is full, SQLite",
        &format!(
            "503 meanwhile; served again after {} ms, nothing lost",
            took.as_millis()
        ),
    );
}

/// A crash in the middle of a write that found no room.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_on_a_full_disk_starts_again_on_an_empty_one() {
    let cluster = Cluster::on_sqlite();
    let node = cluster.limited_node().await;
    let (used, unknown) = (grant(), grant());
    node.wire.exchange(&used).await.done();
    // Room for a part of what comes.
    node.limit_files(&(cluster.ledger_size() + 1000).to_string());
    while node.wire.exchange(&grant()).await.is_done() {}
    assert!(matches!(
        node.wire.exchange(&unknown).await,
        Answer::Unavailable
    ));
    node.kill();
    let node = cluster.node().await;
    let account = Account {
        used: vec![used],
        unknown: vec![unknown],
        ..Account::default()
    };
    account.is_used_once(&node.wire).await;
    Records::of(&cluster).await.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_written_is_a_refusal_to_start_and_changes_nothing() {
    let cluster = Cluster::on_sqlite();
    let node = cluster.node().await;
    let used = grant();
    node.wire.exchange(&used).await.done();
    assert!(node.stop().await.success());
    let refusal = cluster.does_not_start_read_only();
    assert_eq!(refusal.trim().lines().count(), 1, "{refusal}");
    assert!(refusal.contains("portvakt.db"), "{refusal}");
    let node = cluster.node().await;
    let again = node.wire.exchange(&used).await;
    assert!(again.is_replay(), "{again:?}");
}
