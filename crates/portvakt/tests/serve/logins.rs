//! The login surface of a production server, and the keys that it has for itself.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use portvakt_testkit::{PostgresServer, SoftHsm};
use serde_json::{Value, json};

use crate::harness::{Deployment, KEY, Server};
use crate::people::{self, Browser, ISSUER, PID, SPA, WEB, claims, key_id, text};

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

/// The drill for a leaked key of logins: nothing that it signed counts any longer, and nobody has to log in
/// again for it.
#[tokio::test]
async fn a_leaked_key_of_logins_is_out_of_use_at_once_and_logins_go_on() {
    let deployment = Deployment::new().with_logins();
    let server = deployment.start().await;
    let site = server.site();
    let machines = server.get("maskinporten", "/jwk").await;
    let mut browser = Browser::new(&site);
    let mut tokens = browser.tokens(WEB, "openid profile").await;
    for scope in [&["--emergency"][..], &["--emergency", "--every-key"]] {
        let leaked = key_id(&text(&tokens["id_token"]));
        let access = text(&tokens["access_token"]);
        assert_eq!(site.userinfo(&access).await.status, 200);
        let known = server.get("idporten", "/jwks.json").await.1.to_string();
        let rotate = [&["key", "rotate", "--surface", "idporten"], scope].concat();
        deployment.operated(&rotate);
        let published = || async { server.get("idporten", "/jwks.json").await.1.to_string() };
        let withdrawn = async { while published().await.contains(&leaked) {} };
        let patience = std::time::Duration::from_secs(30);
        tokio::time::timeout(patience, withdrawn).await.unwrap();

        assert_eq!(site.userinfo(&access).await.status, 401);
        // An authorization gets one id token a second, and this one had its own a moment ago.
        let renewed = async {
            loop {
                let refreshed = site.refresh(WEB, &text(&tokens["refresh_token"])).await;
                tokens = refreshed.done();
                if tokens["id_token"].is_string() {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, renewed).await.unwrap();
        let now = key_id(&text(&tokens["id_token"]));
        assert!(published().await.contains(&now));
        let every_key = scope.len() == 2;
        assert_eq!(known.contains(&now), !every_key, "who knew it before");
        // The session goes on too.
        let silent = browser.ask(WEB, "openid profile").await;
        assert!(!silent.returned("code").is_empty());
    }
    assert_eq!(server.get("maskinporten", "/jwk").await, machines);
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

/// Asks for the figures until this line is among them.
async fn until_told(server: &Server, line: &str) {
    let asked = async {
        loop {
            let figures = server.send("operations", "/metrics", Vec::new()).await;
            if figures.text().await.unwrap().contains(line) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, asked).await.unwrap();
}

/// Threat: a stranger fills the database with logins, requests and logouts that nobody finishes, or
/// keeps people out who are in.
#[tokio::test]
async fn a_full_house_turns_away_who_begins_and_nobody_who_is_there() {
    let deployment = Deployment::new()
        .with_logins()
        .with("PORTVAKT__IDPORTEN__BOUNDS__LOGINS", "3")
        .with("PORTVAKT__IDPORTEN__BOUNDS__PUSHED_REQUESTS", "2")
        .with("PORTVAKT__IDPORTEN__BOUNDS__PARKED_LOGOUTS", "1");
    let server = deployment.start().await;
    let site = server.site();
    let mut member = Browser::new(&site);
    let tokens = member.tokens(SPA, "openid").await;

    // What ended leaves its place once the server has counted.
    for kind in ["login", "pushed_request"] {
        until_told(
            &server,
            &format!("portvakt_login_openings{{kind=\"{kind}\"}} 0\n"),
        )
        .await;
    }

    let mut strangers = [
        Browser::new(&site),
        Browser::new(&site),
        Browser::new(&site),
    ];
    let mut begun = Vec::new();
    for stranger in &mut strangers {
        let selector = stranger.ask(SPA, "openid").await;
        assert_eq!(selector.location().path(), "/login");
        begun.push(selector);
    }
    let late = Browser::new(&site).ask(SPA, "openid").await;
    assert_eq!(late.returned("error"), "temporarily_unavailable");
    assert_eq!(late.returned("state"), "s1");

    // Whoever is there goes on: by the session, by a refresh token, by a login that was begun.
    assert_eq!(member.ask(SPA, "openid").await.returned("state"), "s1");
    let refreshed = site.refresh(SPA, &text(&tokens["refresh_token"])).await;
    assert_eq!(refreshed.status, 200);
    let finished = strangers[0].log_in(&begun[0], PID).await;
    finished.returned("code");
    // There is room again as soon as the server has counted.
    let room = async {
        loop {
            let selector = Browser::new(&site).ask(SPA, "openid").await;
            if selector.location().path() == "/login" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, room).await.unwrap();

    for status in [201, 201, 503] {
        let request = people::request(SPA, "openid");
        let fields: Vec<_> = request
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let pushed = site.post("/par", &fields).await;
        assert_eq!(pushed.status, status, "{pushed:?}");
        if status == 503 {
            assert_eq!(pushed.header("retry-after"), "1");
        }
    }
    let parked = site.post("/logout", &[("client_id", SPA)]).await;
    assert_eq!(parked.status, 303, "{parked:?}");
    let full = site.post("/logout", &[("client_id", SPA)]).await;
    assert_eq!(full.status, 503, "{full:?}");
    let out = member.get("/logout").await;
    assert!(out.status < 400, "{out:?}");
    let figures = server.send("operations", "/metrics", Vec::new()).await;
    let figures = figures.text().await.unwrap();
    for (kind, turned_away) in [("pushed_request", 1), ("parked_logout", 1)] {
        let series =
            format!("portvakt_login_openings_refused_total{{kind=\"{kind}\"}} {turned_away}\n");
        assert!(figures.contains(&series), "{series} in {figures}");
    }
    assert!(server.stopped().await.success());
}

#[test]
fn what_is_wrong_with_each_file_of_another_provider_is_said_by_the_check() {
    let deployment = Deployment::new();
    let file = |name: &str, id: &str, secret: &str| {
        let text = json!({
            "id": id, "name": id, "issuer": format!("https://{id}.example.no"), "client_id": "portvakt",
            "client_secret_file": secret, "acr": {"high": "idporten-loa-high"},
        });
        deployment.file(name, &text.to_string())
    };
    let secret = deployment.file("secret", "hemmelig");
    let open = deployment.file("open", "hemmelig");
    std::fs::set_permissions(&open, Permissions::from_mode(0o644)).unwrap();
    let right = file("right.yaml", "fjordid", &secret);
    let wrong = [
        (file("open.yaml", "openid", &open), "chmod 600"),
        (
            file("twice.yaml", "fjordid", &secret),
            "which another file has",
        ),
        (deployment.place("nowhere.yaml"), "nowhere.yaml"),
        (deployment.file("other.yaml", "id: x"), "missing field"),
    ];
    let check = |files: &[&String]| {
        let mut idporten = people::configuration();
        idporten["upstreams"] = json!(files);
        let deployment = deployment.clone().with_section("idporten", &idporten);
        deployment.config(&["check"])
    };
    let checked = check(&[&right]);
    assert!(checked.status.success(), "{checked:?}");
    let files: Vec<_> = wrong.iter().map(|(file, _)| file).collect();
    let refused = check(&[&[&right], &files[..]].concat());
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    for (place, (file, reason)) in wrong.iter().enumerate() {
        let fault = format!("idporten.upstreams[{}]: {file}", place + 1);
        let (_, fault) = said.split_once(&fault).expect(&said);
        let fault = fault.split("idporten.upstreams").next().unwrap();
        assert!(fault.contains(reason) || file.contains(reason), "{said}");
    }
    assert!(!said.contains("hemmelig"), "{said}");
}
