//! Backups of running production servers, restored to the other kind of store.

use portvakt_testkit::PostgresServer;
use serde_json::json;

use crate::harness::{Deployment, KEY};

/// Makes a backup under load, loses the server, restores elsewhere, and replays.
async fn a_backup_restores(from: &Deployment, target: &str) {
    let key = from.file("backup.key", KEY);
    let file = from.place("portvakt.backup");
    let to = from.clone_with("PORTVAKT__DATABASE__URL", target);
    let server = from.start().await;
    let (before, after, unused) = (
        Deployment::grant(),
        Deployment::grant(),
        Deployment::grant(),
    );
    assert_eq!(server.exchange(&before).await.0, 200);
    let report = from.operated(&["backup", &file, "--backup-key", &key]);
    assert_eq!(server.exchange(&after).await.0, 200, "the server goes on");
    let (_, keys) = server.get("maskinporten", "/jwk").await;
    assert!(server.stopped().await.success());

    let restored = to.operated(&["restore", &file, "--backup-key", &key]);
    assert_eq!(restored["tables"], report["tables"]);
    let again = to.refused(&["restore", &file, "--backup-key", &key]);
    assert!(again.contains("the target is not empty"), "{again}");

    let server = to.start().await;
    let (_, restored_keys) = server.get("maskinporten", "/jwk").await;
    assert_eq!(restored_keys, keys);
    // Of these the backup knows one; the second was used after it, and of the third nobody can say.
    for grant in [&before, &after, &unused] {
        let (status, answer) = server.exchange(grant).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    }
    to.operated(&["client", "show", "havbris"]);
    to.operated(&["audit", "verify"]);
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn from_sqlite_to_postgresql() {
    let target = PostgresServer::shared().database();
    a_backup_restores(&Deployment::new(), &target).await;
}

#[tokio::test]
async fn from_postgresql_to_sqlite() {
    let deployment = Deployment::on_postgres();
    let target = format!("sqlite:{}", deployment.place("restored.db"));
    a_backup_restores(&deployment, &target).await;
}

#[tokio::test]
async fn from_postgresql_to_postgresql() {
    let target = PostgresServer::shared().database();
    a_backup_restores(&Deployment::on_postgres(), &target).await;
}
