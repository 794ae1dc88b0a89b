//! Operator acts on the database of a production server, while it runs.

use std::time::Duration;

use crate::harness::{Deployment, Server};

const NOBODY: &str = "314159265";

/// The status of a right grant, asked until it is this.
async fn tokens_become(server: &Server, status: u16) {
    let asked = async { while server.exchange(&Deployment::grant()).await.0 != status {} };
    tokio::time::timeout(Duration::from_secs(30), asked)
        .await
        .unwrap();
}

async fn acts_reach_the_running_server(deployment: &Deployment) {
    let server = deployment.start().await;
    tokens_become(&server, 200).await;

    deployment.operated(&["access", "withdraw", "fjord:tidevann.read", "312773023"]);
    tokens_become(&server, 403).await;
    deployment.operated(&["access", "grant", "fjord:tidevann.read", "312773023"]);
    tokens_become(&server, 200).await;

    deployment.operated(&["org", "add", NOBODY, "--name", "Skogbruket"]);
    deployment.operated(&["prefix", "assign", "skog", "--org", NOBODY]);
    let scope = ["scope", "add", "skog:hogst.read", "--description", "Hogst"];
    deployment.operated(&scope);
    let listed = deployment.operated(&["scope", "list"]);
    let names = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| &scope["name"]);
    assert!(names.into_iter().any(|name| name == "skog:hogst.read"));
    deployment.operated(&["key", "list", "havbris"]);
    deployment.operated(&["client", "usage", "havbris"]);
    deployment.operated(&["registry", "export"]);

    // The sealed keys of the server open with the key that the configuration names.
    let checkpoints = deployment.place("checkpoints");
    deployment.operated(&["audit", "checkpoint", "--file", &checkpoints]);
    let verified = deployment.operated(&["audit", "verify", "--checkpoints", &checkpoints]);
    assert_eq!(verified["checkpoints"], 1);
    let (_, before) = server.get("maskinporten", "/jwk").await;
    deployment.operated(&["key", "rotate", "--now"]);
    let rotated = async { while server.get("maskinporten", "/jwk").await.1 == before {} };
    tokio::time::timeout(Duration::from_mins(1), rotated)
        .await
        .unwrap();
    tokens_become(&server, 200).await;
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn acts_on_a_sqlite_file_reach_the_running_server() {
    acts_reach_the_running_server(&Deployment::new()).await;
}

#[tokio::test]
async fn acts_on_a_postgresql_database_reach_the_running_server() {
    acts_reach_the_running_server(&Deployment::on_postgres()).await;
}

#[test]
fn the_registry_that_is_meant_is_named_once() {
    let deployment = Deployment::new();
    let both = deployment.refused(&["org", "list", "--data-dir", "."]);
    assert!(both.contains("not both"), "{both}");
    let other = deployment.clone_with("PORTVAKT_DATA_DIR", ".");
    assert!(other.refused(&["org", "list"]).contains("not both"));
}

/// An act on a file that does not exist, as of a path that was mistyped, must not make one.
#[test]
fn a_file_that_does_not_exist_is_not_made_by_an_act() {
    let deployment = Deployment::new();
    let place = deployment.place("mistyped.db");
    let mistyped = deployment.clone_with("PORTVAKT__DATABASE__URL", &format!("sqlite:{place}"));
    for act in [
        &["org", "list"][..],
        &["key", "rotate"],
        &["client", "list"],
    ] {
        let refused = mistyped.refused(act);
        assert!(refused.contains("there is no registry"), "{refused}");
        assert!(!std::path::Path::new(&place).exists());
    }
    deployment.operated(&["org", "list"]);
}
