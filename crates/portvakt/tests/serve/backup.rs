//! Backups of running production servers, restored to the other kind of store.

use portvakt_testkit::PostgresServer;
use serde_json::json;

use crate::harness::{Deployment, KEY};
use crate::people::{Browser, SPA, WEB, claims, text};

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

/// Threat: what was used or ended since the backup comes alive again. Who people are must.
async fn logins_of_a_backup_are_over(from: &Deployment, target: &str) {
    let key = from.file("backup.key", KEY);
    let file = from.place("portvakt.backup");
    let to = from.clone_with("PORTVAKT__DATABASE__URL", target);
    let server = from.start().await;
    let site = server.site();
    let mut browser = Browser::new(&site);
    let tokens = browser.tokens(SPA, "openid profile").await;
    let unused = browser.ask(SPA, "openid").await.returned("code");
    let pushed = site.push(SPA, "openid").await;
    from.operated(&["backup", &file, "--backup-key", &key]);
    let refresh = text(&tokens["refresh_token"]);
    let refreshed = site.refresh(SPA, &refresh).await.done();
    assert!(server.stopped().await.success());

    to.operated(&["restore", &file, "--backup-key", &key]);
    let server = to.start().await;
    let site = server.site();
    let invalid = (400, "invalid_grant".to_owned());
    for token in [&refresh, &text(&refreshed["refresh_token"])] {
        assert_eq!(site.refresh(SPA, token).await.refusal(), invalid);
    }
    for tokens in [&tokens, &refreshed] {
        let access = text(&tokens["access_token"]);
        assert_eq!(site.userinfo(&access).await.status, 401);
    }
    assert_eq!(site.redeem(SPA, &unused).await.refusal(), invalid);
    let mut returning = Browser::new(&site);
    returning.cookies.clone_from(&browser.cookies);
    let pushed = [("client_id", SPA), ("request_uri", pushed.as_str())];
    assert_eq!(returning.authorize(&pushed).await.status, 400);
    let again = returning.ask(SPA, "openid profile").await;
    assert_eq!(again.location().path(), "/login", "nobody is logged in");
    let again = returning.tokens(SPA, "openid profile").await;
    let subject = |tokens: &serde_json::Value| claims(&tokens["id_token"])["sub"].clone();
    assert_eq!(subject(&again), subject(&tokens), "the same person");
    // As with grants: which assertions the lost server accepted is not known.
    let proven = site.refresh(WEB, &refresh).await;
    assert_eq!(proven.refusal(), (401, "invalid_client".to_owned()));
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn nobody_is_logged_in_after_a_restore_from_sqlite_to_postgresql() {
    let target = PostgresServer::shared().database();
    logins_of_a_backup_are_over(&Deployment::new().with_logins(), &target).await;
}

#[tokio::test]
async fn nobody_is_logged_in_after_a_restore_from_postgresql_to_sqlite() {
    let deployment = Deployment::on_postgres().with_logins();
    let target = format!("sqlite:{}", deployment.place("restored.db"));
    logins_of_a_backup_are_over(&deployment, &target).await;
}
