//! The production server as a process: what it needs to start, what it serves, how it stops.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../logins/mod.rs"]
mod people;

mod backup;
mod companion;
mod deployment;
mod harness;
mod helm;
mod limits;
mod logins;
mod metrics;
mod module;
mod operating;
mod refusals;
mod traces;

use serde_json::json;

use self::harness::{Deployment, KEY, signal};

#[tokio::test]
async fn tokens_are_issued_from_a_sqlite_file_and_again_after_a_restart() {
    tokens_are_issued_before_and_after_a_restart(&Deployment::new()).await;
}

#[tokio::test]
async fn tokens_are_issued_from_a_postgresql_database_and_again_after_a_restart() {
    tokens_are_issued_before_and_after_a_restart(&Deployment::on_postgres()).await;
}

async fn tokens_are_issued_before_and_after_a_restart(deployment: &Deployment) {
    let mut keys = Vec::new();
    for _ in 0..2 {
        let server = deployment.start().await;
        let (status, token) = server.token().await;
        assert_eq!(
            (status, &token["token_type"]),
            (200, &json!("Bearer")),
            "{token}"
        );
        let (_, published) = server.get("maskinporten", "/jwk").await;
        keys.push(published["keys"][0]["kid"].clone());
        let (status, ready) = server.get("operations", "/ready").await;
        assert_eq!((status, &ready["status"]), (200, &json!("ready")));
        let (status, _) = server.get("selfservice", "/api/v1/scopes/all").await;
        assert_eq!(status, 200);
        let (status, _) = server.get("operations", "/operator/v1/organizations").await;
        assert_eq!(status, 401);
        let (status, _) = server
            .get("maskinporten", "/operator/v1/organizations")
            .await;
        assert_eq!(status, 404);
        assert!(server.stopped().await.success());
    }
    assert_eq!(keys[0], keys[1], "the keys are those of the database");
}

#[tokio::test]
async fn a_grant_is_good_for_one_use_across_a_restart() {
    let deployment = Deployment::new();
    let server = deployment.start().await;
    let grant = Deployment::grant();
    assert_eq!(server.exchange(&grant).await.0, 200);
    assert!(server.stopped().await.success());
    let server = deployment.start().await;
    assert_is_replay(&server.exchange(&grant).await);
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn a_grant_is_good_for_one_use_on_all_nodes_together() {
    let deployment = Deployment::on_postgres();
    let (one, other) = tokio::join!(deployment.start(), deployment.start());
    let grant = Deployment::grant();
    assert_eq!(one.exchange(&grant).await.0, 200);
    assert_is_replay(&other.exchange(&grant).await);
    let (_, keys) = one.get("maskinporten", "/jwk").await;
    assert_eq!(
        other.get("maskinporten", "/jwk").await.1,
        keys,
        "nodes that start at once agree on their first key"
    );
    assert!(one.stopped().await.success() && other.stopped().await.success());
}

fn assert_is_replay((status, refused): &(u16, serde_json::Value)) {
    assert_eq!(*status, 400);
    let uri = refused["error_uri"].as_str().unwrap();
    assert!(uri.contains("MP-012"), "{refused}");
}

#[tokio::test]
async fn probes_have_the_bounds_of_every_surface() {
    let deployment = Deployment::new();
    let server = deployment.start().await;
    let answer = server
        .send("operations", "/ready", vec![b' '; 65 * 1024])
        .await;
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.headers()["x-request-id"].len(), 32);
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_says_so_before_it_goes() {
    let deployment = Deployment::new().with("PORTVAKT__OPERATIONS__DRAIN_SECONDS", "600");
    let server = deployment.start().await;
    signal(&server, "TERM");
    let stopping = server.until("operations", "/ready", 503).await;
    assert_eq!(stopping["status"], "stopping");
    let answer = server.send("operations", "/ready", Vec::new()).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(
        server.token().await.0,
        200,
        "requests that still come are answered"
    );
    // The second signal ends the wait for load balancers.
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn the_audit_log_gets_checkpoints_that_verify() {
    let file = tempfile::tempdir().unwrap();
    let checkpoints = file.path().join("checkpoints.txt");
    let checkpoints = checkpoints.to_str().unwrap();
    let deployment = Deployment::new().with("PORTVAKT__AUDIT__CHECKPOINT_FILE", checkpoints);
    let server = deployment.start().await;
    harness::eventually(|| {
        std::fs::read_to_string(checkpoints).is_ok_and(|text| text.ends_with('\n'))
    })
    .await;
    assert!(server.stopped().await.success());
    let verified = deployment.run(&["audit", "verify", "--checkpoints", checkpoints]);
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn what_cannot_be_meant_is_refused_in_one_line_before_anything_is_opened() {
    for (variable, value, named) in [
        ("PORTVAKT__DATABASE__URL", "mysql://db", "database.url"),
        (
            "PORTVAKT__MASKINPORTEN__ISSUER",
            "http://evil.example/",
            "maskinporten.issuer",
        ),
        ("PORTVAKT__DATABSE__URL", "x", "databse"),
        (
            "PORTVAKT__KEYS__KEEP_AFTER_DAYS",
            "0",
            "keys.keep_after_days",
        ),
        (
            "PORTVAKT__KEYS__ENCRYPTION_KEY_FILE",
            "/nowhere/key",
            "/nowhere/key",
        ),
    ] {
        let deployment = Deployment::new().with(variable, value);
        let output = deployment.serve_to_its_end();
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(line.contains(named), "{variable}: {line}");
        assert!(!line.contains(KEY) && output.stdout.is_empty());
    }
}

#[test]
fn a_password_is_in_a_file_that_can_be_read() {
    let deployment = Deployment::new()
        .with(
            "PORTVAKT__DATABASE__URL",
            "postgres://portvakt@127.0.0.1:1/portvakt",
        )
        .with("PORTVAKT__DATABASE__PASSWORD_FILE", "/nowhere/password");
    let output = deployment.serve_to_its_end();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(line.contains("/nowhere/password"), "{line}");
}

#[tokio::test]
async fn keys_do_not_open_under_another_encryption_key_and_stay_as_they_are() {
    let deployment = Deployment::new();
    let server = deployment.start().await;
    let (_, before) = server.get("maskinporten", "/jwk").await;
    assert!(server.stopped().await.success());
    let other = deployment.file("other.key", &"11".repeat(32));
    let wrong = deployment.clone_with("PORTVAKT__KEYS__ENCRYPTION_KEY_FILE", &other);
    let refused = wrong.serve_to_its_end();
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    let server = deployment.start().await;
    assert_eq!(server.get("maskinporten", "/jwk").await.1, before);
    assert!(server.stopped().await.success());
}

#[test]
fn the_configuration_in_force_is_checked_and_shown_without_secrets() {
    let deployment = Deployment::new();
    let checked = deployment.config(&["check"]);
    assert!(checked.status.success(), "{checked:?}");
    let shown = deployment
        .clone_with(
            "PORTVAKT__DATABASE__URL",
            "postgres://u:hemmelig@db/portvakt",
        )
        .config(&["show"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("cache_seconds: 3600"), "{text}");
    assert!(!text.contains("hemmelig") && !text.contains(KEY), "{text}");
}
