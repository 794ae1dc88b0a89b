//! The login surface of a production server, and the keys that it has for itself.

use portvakt_testkit::{PostgresServer, SoftHsm};
use serde_json::{Value, json};

use crate::harness::{Deployment, KEY, Server};
use crate::people::{Browser, ISSUER, WEB, claims, key_id, text};

/// By what the client knows a person who logs in now.
async fn subject(server: &Server) -> Value {
    let site = server.site();
    let tokens = Browser::new(&site).tokens(WEB, "openid").await;
    claims(&tokens["id_token"])["sub"].clone()
}

#[tokio::test]
async fn where_no_issuer_is_named_nobody_logs_in() {
    let deployment = Deployment::new();
    let server = deployment.start().await;
    assert!(server.address("idporten").is_none());
    assert_eq!(
        server.get("maskinporten", "/authorize").await.0,
        404,
        "nor anywhere else"
    );
    let keys = deployment.operated(&["key", "list"]);
    let surfaces = keys.as_array().unwrap().iter().map(|key| &key["surface"]);
    assert!(
        surfaces
            .into_iter()
            .all(|surface| surface == "maskinporten")
    );
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn the_surface_is_served_with_keys_of_its_own_that_rotate() {
    let deployment = Deployment::new().with_logins();
    let server = deployment.start().await;
    let (_, metadata) = server
        .get("idporten", "/.well-known/openid-configuration")
        .await;
    assert_eq!(metadata["issuer"], ISSUER);
    let (_, machines) = server.get("maskinporten", "/jwk").await;
    let (_, published) = server.get("idporten", "/jwks.json").await;
    let kids = |set: &Value| -> Vec<String> {
        let keys = set["keys"].as_array().unwrap();
        keys.iter().map(|key| text(&key["kid"])).collect()
    };
    assert!(
        kids(&published)
            .iter()
            .all(|kid| !kids(&machines).contains(kid))
    );

    let site = server.site();
    let mut browser = Browser::new(&site);
    let before = browser.tokens(WEB, "openid profile").await;
    let rotated = deployment.operated(&["key", "rotate", "--surface", "idporten", "--now"]);
    let active = |records: &Value| -> String {
        let mut records = records.as_array().unwrap().iter();
        let active = records.find(|record| record["state"] == "active");
        text(&active.unwrap()["kid"])
    };
    let active = active(&rotated);
    let signed = || async {
        let tokens = Browser::new(&site).tokens(WEB, "openid").await;
        key_id(&text(&tokens["id_token"]))
    };
    let waited = async { while signed().await != active {} };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, waited).await.unwrap();
    let access = text(&before["access_token"]);
    assert_eq!(site.userinfo(&access).await.status, 200, "published still");
    assert_eq!(
        server.get("maskinporten", "/jwk").await.1,
        machines,
        "those of machines stay"
    );
    assert!(server.stopped().await.success());
}

/// Threat: whoever reads the database finds out what clients know people by, or a lost key makes
/// everybody somebody else.
#[tokio::test]
async fn what_people_are_known_by_is_sealed_survives_its_seal_and_is_never_made_anew() {
    let deployment = Deployment::new().with_logins();
    let server = deployment.start().await;
    let before = subject(&server).await;
    assert!(server.stopped().await.success());

    let (former, new) = (
        deployment.file("former.key", KEY),
        deployment.file("new.key", &"2f1e".repeat(16)),
    );
    let moved = deployment.clone_with("PORTVAKT__KEYS__ENCRYPTION_KEY_FILE", &new);
    let refused = moved.serve_to_its_end();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");

    let report = deployment.operated(&["key", "reseal", "--from", &former, "--to", &new]);
    assert_eq!(report["pairwise_key_resealed"], true);
    let again = deployment.operated(&["key", "reseal", "--from", &former, "--to", &new]);
    let expected = (&json!([]), &json!(false));
    assert_eq!(
        (&again["resealed"], &again["pairwise_key_resealed"]),
        expected
    );
    let server = moved.start().await;
    assert_eq!(subject(&server).await, before);
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn people_are_known_by_the_same_after_everything_moved_to_postgresql() {
    let deployment = Deployment::new().with_logins();
    let server = deployment.start().await;
    let before = subject(&server).await;
    assert!(server.stopped().await.success());
    let database = PostgresServer::shared().database();
    let moved = deployment.run(&["migrate", "--to", &database]);
    assert!(moved.status.success(), "{moved:?}");
    let server = deployment
        .clone_with("PORTVAKT__DATABASE__URL", &database)
        .start()
        .await;
    assert_eq!(subject(&server).await, before);
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn logins_are_signed_in_a_module_and_what_people_are_known_by_is_sealed_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let module = SoftHsm::in_folder(folder.path());
    let deployment = Deployment::new().with_logins();
    let (pin, key) = (
        deployment.file("pin", SoftHsm::PIN),
        deployment.file("sealing.key", KEY),
    );
    let named = json!({
        "library": SoftHsm::library(), "token": SoftHsm::TOKEN, "pin_file": pin,
    });
    let alone = deployment.clone().with_keys(&json!({"module": named}));
    let refused = alone.config(&["check"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("keys.encryption_key_file: is required"),
        "{said}"
    );
    let configuration = module.configuration().to_str().unwrap();
    let attached = deployment
        .with_keys(&json!({"module": named, "encryption_key_file": key}))
        .with(SoftHsm::VARIABLE, configuration);
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let server = attached.start().await;
        subjects.push(subject(&server).await);
        assert!(server.stopped().await.success());
    }
    assert_eq!(subjects[0], subjects[1]);
    let listed = attached.operated(&["key", "list"]);
    let kept = listed.as_array().unwrap().iter().map(|key| &key["kept"]);
    assert!(kept.into_iter().all(|kept| kept == "module"), "{listed}");
}
