//! Several nodes on one store, under one clock.

use portvakt_core::audit::AuditFilter;
use portvakt_core::signing::life::{Compromised, LifeSettings};
use portvakt_core::signing::{KeyEncryptionKey, SealedKeys};
use portvakt_core::{MockClock, SeededEntropy, SystemEntropy};
use portvakt_jose::{Algorithm, RsaBits};
use portvakt_store_sqlite::SqliteStore;

use super::*;

struct Deployment {
    folder: tempfile::TempDir,
    clock: Arc<MockClock>,
    policy: LifePolicy,
    host: Option<String>,
}

impl Deployment {
    fn new() -> Self {
        let settings = LifeSettings {
            algorithm: Algorithm::Es256,
            ..LifeSettings::default()
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(MockClock::new(Timestamp::from_seconds(1_800_000_000))),
            policy: LifePolicy::new(settings).unwrap(),
            host: Some("maskinporten.example.no".to_owned()),
        }
    }

    async fn store(&self) -> Arc<dyn Store> {
        let store = SqliteStore::open(self.folder.path().join("test.db")).await;
        Arc::new(store.unwrap())
    }

    async fn try_node(&self, key: u64) -> anyhow::Result<Arc<SigningKeyKeeper>> {
        self.node_on(self.store().await, key).await
    }

    async fn node_on(
        &self,
        store: Arc<dyn Store>,
        key: u64,
    ) -> anyhow::Result<Arc<SigningKeyKeeper>> {
        let mut bytes = [0; 32];
        portvakt_core::Entropy::fill(&SeededEntropy::new(key), &mut bytes).unwrap();
        let key = KeyEncryptionKey::from_bytes(&bytes).unwrap();
        SigningKeyKeeper::open(KeeperParts {
            surface: "maskinporten",
            policy: self.policy,
            host: self.host.clone(),
            store,
            source: Arc::new(SealedKeys::new(key, Arc::new(SystemEntropy))),
            clock: self.clock.clone(),
        })
        .await
    }

    async fn node(&self) -> Arc<SigningKeyKeeper> {
        self.try_node(1).await.unwrap()
    }

    async fn records(&self) -> Vec<SigningKeyRecord> {
        let mut unit = self.store().await.read().await.unwrap();
        unit.list_signing_keys("maskinporten").await.unwrap()
    }
}

fn signs(node: &SigningKeyKeeper) -> String {
    node.shared().current().active_kid().to_owned()
}

fn operator() -> Actor {
    Actor::new(Channel::CommandLine)
}

#[tokio::test]
async fn nodes_that_start_and_rotate_at_the_same_time_agree() {
    let deployment = Deployment::new();
    let (a, b) = tokio::join!(deployment.node(), deployment.node());
    a.look().await.unwrap();
    b.look().await.unwrap();
    assert_eq!(signs(&a), signs(&b));
    assert_eq!(deployment.records().await.len(), 2);

    let first = signs(&a);
    deployment
        .clock
        .advance(deployment.policy.rotation_interval());
    let (ra, rb) = tokio::join!(a.look(), b.look());
    ra.unwrap();
    rb.unwrap();
    a.look().await.unwrap();
    assert_eq!(signs(&a), signs(&b));
    assert_ne!(signs(&a), first);
    // One rotation, not two: one retired, one active, one next.
    assert_eq!(deployment.records().await.len(), 3);
}

#[tokio::test]
async fn what_one_node_is_ordered_the_other_follows() {
    let deployment = Deployment::new();
    let (a, b) = (deployment.node().await, deployment.node().await);
    let compromised = signs(&a);
    let order = Order::Emergency(Compromised::Active);
    a.order(order, operator()).await.unwrap();
    assert_eq!(signs(&b), compromised);
    b.look().await.unwrap();
    assert_eq!(signs(&a), signs(&b));
    let published = b.shared().current().document().json.clone();
    assert!(!published.contains(&compromised), "{published}");
}

#[tokio::test]
async fn every_change_of_keys_is_in_the_audit_log_without_a_private_part() {
    let deployment = Deployment::new();
    let node = deployment.node().await;
    node.order(Order::RotateNow, operator()).await.unwrap();
    let mut unit = deployment.store().await.read().await.unwrap();
    let entries = unit
        .list_audit(&AuditFilter::default(), 0, 100)
        .await
        .unwrap();
    let told = |word: &str| {
        entries
            .iter()
            .filter(|entry| entry.text.contains(word))
            .count()
    };
    assert_eq!(
        (told("signing_key.create"), told("signing_key.update")),
        (3, 2)
    );
    assert_eq!((told("\"server\""), told("\"command_line\"")), (2, 3));
    assert_eq!(told("private") + told("ciphertext"), 0);
}

#[tokio::test]
async fn a_rotation_that_a_request_asked_for_is_found_by_that_request() {
    let deployment = Deployment::new();
    let node = deployment.node().await;
    let author = Author {
        actor: operator(),
        request_id: Some("0f".repeat(16)),
    };
    node.order(Order::RotateNow, author).await.unwrap();
    let filter = AuditFilter {
        request_id: Some("0f".repeat(16)),
        ..AuditFilter::default()
    };
    let mut unit = deployment.store().await.read().await.unwrap();
    assert_eq!(unit.list_audit(&filter, 0, 100).await.unwrap().len(), 3);
}

#[tokio::test]
async fn another_key_encryption_key_is_a_refusal_to_start_and_changes_nothing() {
    let deployment = Deployment::new();
    drop(deployment.node().await);
    let before = deployment.records().await;
    // Even when there would be something to do.
    deployment
        .clock
        .advance(deployment.policy.rotation_interval());
    let error = deployment.try_node(2).await.err().unwrap();
    let text = format!("{error:#}");
    assert!(text.contains("key-encryption key"), "{text}");
    assert_eq!(deployment.records().await, before);
    deployment.node().await;
}

#[tokio::test]
async fn a_node_signs_with_what_it_confirmed_and_no_longer_than_its_bound() {
    let deployment = Deployment::new();
    let node = deployment.node().await;
    let bound = deployment.policy.reload_bound();
    let may_sign = || node.shared().for_signing(deployment.clock.now()).is_ok();
    deployment.clock.advance(bound);
    assert!(may_sign());
    deployment.clock.advance(Duration::from_secs(1));
    assert!(!may_sign());
    node.look().await.unwrap();
    assert!(may_sign());
}

#[tokio::test]
async fn keys_survive_a_restart_and_a_retired_one_keeps_no_private_half() {
    let deployment = Deployment::new();
    let node = deployment.node().await;
    node.order(Order::RotateNow, operator()).await.unwrap();
    let before = node.shared().current().document().json.clone();
    drop(node);
    let again = deployment.node().await;
    assert_eq!(again.shared().current().document().json, before);
    for record in deployment.records().await {
        let text = String::from_utf8(record.private_key).unwrap();
        let sealed: serde_json::Value = serde_json::from_str(&text).unwrap();
        let tag_alone = sealed["ciphertext"].as_str().unwrap().len() <= 24;
        assert_eq!(tag_alone, record.state == SigningKeyState::Retired);
    }
}

#[tokio::test]
async fn an_order_that_is_refused_changes_nothing() {
    let deployment = Deployment::new();
    let node = deployment.node().await;
    let before = deployment.records().await;
    let error = node.order(Order::Rotate, operator()).await.unwrap_err();
    assert!(error.to_string().contains("safe from"), "{error}");
    assert_eq!(deployment.records().await, before);
}

#[tokio::test]
async fn a_running_node_follows_the_store_until_shutdown() {
    let deployment = Deployment::new();
    let (a, b) = (deployment.node().await, deployment.node().await);
    a.order(Order::RotateNow, operator()).await.unwrap();
    let shutdown = Shutdown::new();
    let running = tokio::spawn(Arc::clone(&b).run(shutdown.clone()));
    let followed = async {
        while signs(&b) != signs(&a) {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, followed).await.unwrap();
    shutdown.trigger();
    tokio::time::timeout(patience, running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn every_key_has_one_certificate_from_its_beginning_to_its_end() {
    let deployment = Deployment::new();
    let node = deployment.node().await;
    let first = deployment.records().await;
    assert!(first.iter().all(|record| record.certificate.is_some()));
    node.order(Order::RotateNow, operator()).await.unwrap();
    let second = deployment.records().await;
    assert_eq!(second.len(), 3);
    for record in &second {
        let before = first.iter().find(|before| before.kid == record.kid);
        assert!(before.is_none_or(|before| before.certificate == record.certificate));
        assert!(record.certificate.is_some(), "{:?}", record.state);
    }
    let order = Order::Emergency(Compromised::Every);
    node.order(order, operator()).await.unwrap();
    for record in deployment.records().await {
        let is_gone = record.state == SigningKeyState::Gone;
        assert_eq!(record.certificate.is_none(), is_gone);
    }
}

#[tokio::test]
async fn keys_from_before_there_were_certificates_get_the_same_on_every_node() {
    let mut deployment = Deployment::new();
    let host = deployment.host.take();
    let old = deployment.node().await;
    old.order(Order::RotateNow, operator()).await.unwrap();
    let published = |node: &SigningKeyKeeper| node.shared().current().document().json.clone();
    assert!(!published(&old).contains("x5c"));
    let before = deployment.records().await;

    deployment.host = host;
    let (a, b) = tokio::join!(deployment.node(), deployment.node());
    for node in [&a, &b] {
        node.look().await.unwrap();
    }
    assert_eq!(published(&a), published(&b));
    let records = deployment.records().await;
    for (record, before) in records.iter().zip(&before) {
        // The private half of a retired key is not there any more.
        let can_sign = record.state != SigningKeyState::Retired;
        assert_eq!(record.certificate.is_some(), can_sign);
        let certificate = record.certificate.clone();
        let expected = SigningKeyRecord {
            certificate,
            ..before.clone()
        };
        assert_eq!(*record, expected, "nothing else has changed");
    }
    drop((a, b));
    let again = deployment.node().await;
    assert_eq!(published(&again).matches("x5c").count(), 2);
    assert_eq!(deployment.records().await, records);
    // A node that makes none follows.
    old.look().await.unwrap();
    assert_eq!(published(&old).matches("x5c").count(), 2);
}

/// As when a leaked key is replaced by hand, and the disk of whoever follows is full.
#[tokio::test]
async fn keys_without_a_certificate_are_put_to_use_where_none_can_be_kept() {
    let mut deployment = Deployment::new();
    let host = deployment.host.take();
    let old = deployment.node().await;
    deployment.host = host;
    let store = deployment.store().await;
    let writing = deployment.store().await.begin().await.unwrap();
    let node = deployment.node_on(store, 1).await.unwrap();
    assert_eq!(signs(&node), signs(&old));
    assert!(!node.shared().current().document().json.contains("x5c"));
    drop(writing);
}

#[tokio::test]
async fn whoever_writes_the_database_publishes_no_certificate_of_their_own() {
    let deployment = Deployment::new();
    let node = deployment.node().await;
    let mut records = deployment.records().await;
    let stranger = portvakt_jose::SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
    let forged = stranger.self_signed_certificate("maskinporten.example.no", 0);
    records[0].certificate = Some(forged.unwrap());
    let mut unit = deployment.store().await.begin().await.unwrap();
    unit.save_signing_key(&records[0]).await.unwrap();
    unit.commit().await.unwrap();
    let before = node.shared().current().document().json.clone();
    assert!(node.look().await.is_err());
    assert_eq!(node.shared().current().document().json, before);
    let refused = format!("{:#}", deployment.try_node(1).await.err().unwrap());
    assert!(refused.contains("is not its own"), "{refused}");
}
