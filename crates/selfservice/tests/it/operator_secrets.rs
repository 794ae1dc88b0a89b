//! The operator's acts on clients' secrets (spec: selfservice §5.6.2, §9, §14).

use std::time::Duration;

use portvakt_core::client::ClientSecrets;
use portvakt_core::ports::Store;
use portvakt_core::{Clock, Timestamp};
use portvakt_testkit::{Answer, HAVBRIS, HAVBRIS_CLIENT};
use serde_json::{Value, json};

use crate::harness::{Checked, but, send, without};
use crate::operator_harness::{DIRECTORATE, Operated, WRITER};

/// Seconds in 360 days.
const LIFE: i64 = 31_104_000;

const OWN: &str = "/clients/innlogging";
const SECRET: &str = "/clients/innlogging/secret";

/// A login client of Havbris, which authenticates with a secret unless it says otherwise.
fn login() -> Value {
    json!({
        "client_id": "innlogging", "client_name": "Innlogging", "client_orgno": HAVBRIS,
        "integration_type": "idporten", "application_type": "web", "scopes": ["openid"],
        "redirect_uris": ["https://havbris.example/inn"],
    })
}

fn with_method(method: &str) -> Value {
    but(login(), &json!({"token_endpoint_auth_method": method}))
}

async fn made(world: &Operated) -> Answer {
    world.writer().post("/clients", &login()).await.ok()
}

fn now(world: &Operated) -> Timestamp {
    world.machine.clock.now()
}

async fn kept(world: &Operated) -> ClientSecrets {
    let mut unit = world.machine.store.read().await.unwrap();
    let id = "innlogging".parse().unwrap();
    unit.find_secrets(&id).await.unwrap()
}

async fn counts(world: &Operated, secret: &str) -> bool {
    kept(world).await.verify(secret, now(world))
}

fn without_secret(answer: &Answer) -> Value {
    let body = without(answer.body.clone(), "client_secret");
    without(body, "client_secret_expires_at")
}

#[tokio::test]
async fn the_answer_that_makes_a_login_client_alone_shows_its_secret() {
    let world = Operated::start().await;
    let writer = world.writer();
    let answer = made(&world).await;
    let secret = answer.member("client_secret");
    assert_eq!(secret.len(), 43);
    let end = now(&world).seconds() + LIFE;
    assert_eq!(answer.body["client_secret_expires_at"], end);
    assert!(counts(&world, secret).await);

    let body = without_secret(&answer);
    for caller in [&writer, &world.reader()] {
        let read = caller.get(OWN).await.ok();
        assert_eq!(read.body, body);
        assert_eq!(read.header("etag"), answer.header("etag"));
        let list = format!("/clients?organization={HAVBRIS}&inactive=true");
        let listed = caller.get(&list).await.ok();
        assert!(listed.body.as_array().unwrap().contains(&body));
        assert!(!listed.text.contains("client_secret\""));
    }
    // What was answered can be sent back; it neither sets the secret nor shows it.
    let forged = but(
        answer.body.clone(),
        &json!({"client_secret": "a".repeat(43)}),
    );
    for sent in [&answer.body, &forged] {
        assert_eq!(writer.put(OWN, sent).await.ok().body, body);
    }
    assert!(counts(&world, secret).await);
    assert!(!counts(&world, &"a".repeat(43)).await);
}

#[tokio::test]
async fn the_operators_change_of_the_method_makes_or_removes_the_secret() {
    let world = Operated::start().await;
    let writer = world.writer();
    let answer = made(&world).await;
    let secret = answer.member("client_secret");
    // Between the two methods, and whether the client is stopped or put back, the secret stays.
    for body in [
        with_method("client_secret_post"),
        but(login(), &json!({"active": false})),
        but(login(), &json!({"active": true})),
    ] {
        let changed = writer.put(OWN, &body).await.ok();
        assert_eq!(changed.body, without_secret(&changed));
        assert!(counts(&world, secret).await);
    }
    let keyed = writer.put(OWN, &with_method("private_key_jwt")).await.ok();
    assert_eq!(keyed.body, without_secret(&keyed));
    assert!(kept(&world).await.is_empty());
    let back = writer.put(OWN, &login()).await.ok();
    let new = back.member("client_secret");
    assert!(new != secret && counts(&world, new).await);
    assert!(!counts(&world, secret).await);
    let again = writer.put(OWN, &login()).await.ok();
    assert_eq!(again.body, without_secret(&back));
}

#[tokio::test]
async fn the_operator_rotates_at_once_or_with_an_overlap() {
    let world = Operated::start().await;
    let writer = world.writer();
    let first = made(&world).await.member("client_secret").to_owned();
    let second = writer.call("POST", SECRET).await.ok();
    let second = second.member("client_secret");
    assert!(counts(&world, second).await && !counts(&world, &first).await);

    let path = format!("{SECRET}?overlap=100");
    let third = writer.put(&path, &json!({})).await.ok();
    assert_eq!(third.body["client_orgno"], HAVBRIS);
    let third = third.member("client_secret");
    world.machine.clock.advance(Duration::from_secs(99));
    assert!(counts(&world, second).await && counts(&world, third).await);
    world.machine.clock.advance(Duration::from_secs(1));
    assert!(!counts(&world, second).await && counts(&world, third).await);
}

#[tokio::test]
async fn what_is_mistyped_leaves_the_present_secret_alone() {
    let world = Operated::start().await;
    let writer = world.writer();
    let answer = made(&world).await;
    for (query, field) in [
        ("overlap=2592001", "overlap"),
        ("overlap=-1", "overlap"),
        ("overlap=60&overlap=60", "overlap"),
        ("overlp=60", "overlp"),
    ] {
        let path = format!("{SECRET}?{query}");
        writer.call("POST", &path).await.refused(400, field);
    }
    // Taken for done, the present secret would stop at once.
    let member = json!({"overlap": 3600});
    writer.post(SECRET, &member).await.refused(400, "overlap");
    let text = writer.request("POST", SECRET).body("{not json");
    let text = text.header("content-type", "application/json");
    send(text).await.refused(400, "");
    assert!(counts(&world, answer.member("client_secret")).await);
}

#[tokio::test]
async fn only_a_client_that_authenticates_with_a_secret_gets_one() {
    let world = Operated::start().await;
    let writer = world.writer();
    let keyed = with_method("private_key_jwt");
    let keyed = writer.post("/clients", &keyed).await.ok();
    assert_eq!(keyed.body, without_secret(&keyed));
    let machine = format!("/clients/{HAVBRIS_CLIENT}/secret");
    for method in ["POST", "PUT"] {
        for path in [SECRET, machine.as_str()] {
            let refused = writer.call(method, path).await;
            refused.refused(400, "token_endpoint_auth_method");
        }
        for unknown in ["ukjent", "..%2f", "%00"] {
            let path = format!("/clients/{unknown}/secret");
            writer.call(method, &path).await.refused(404, "");
        }
    }
    let machine = but(
        with_method("client_secret_basic"),
        &json!({"client_id": "maskin", "integration_type": "maskinporten"}),
    );
    let refused = writer.post("/clients", &machine).await;
    let fields = refused.fields();
    assert!(
        fields.contains(&"token_endpoint_auth_method".to_owned()),
        "{fields:?}"
    );
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn nobody_but_a_writing_operator_rotates() {
    let world = Operated::start().await;
    let answer = made(&world).await;
    let scopes = ["idporten:dcr.write", "idporten:dcr.modify"];
    let administrator = world.caller(&world.claims(DIRECTORATE, WRITER, &scopes));
    for method in ["POST", "PUT"] {
        for (caller, status) in [
            (&world.nobody(), 401),
            (&world.reader(), 403),
            (&administrator, 403),
        ] {
            caller.call(method, SECRET).await.refused(status, "");
        }
    }
    assert!(counts(&world, answer.member("client_secret")).await);
}

#[tokio::test]
async fn the_version_of_a_client_covers_its_secret() {
    let world = Operated::start().await;
    let writer = world.writer();
    let scope = format!("{OWN}/scopes?scope=profile");
    let tag = made(&world).await.header("etag").to_owned();
    let rotated = writer.if_match("POST", SECRET, &tag, &json!({})).await.ok();
    let present = writer.get(OWN).await.ok().header("etag").to_owned();
    assert_eq!(rotated.header("etag"), present);
    assert_ne!(present, tag);
    for (method, path, body) in [
        ("POST", SECRET, json!({})),
        ("PUT", SECRET, json!({})),
        ("PUT", OWN, login()),
        ("PUT", scope.as_str(), json!({})),
    ] {
        let stale = writer.if_match(method, path, &tag, &body).await;
        stale.refused(412, "");
    }
    assert!(counts(&world, rotated.member("client_secret")).await);
    let added = writer
        .if_match("PUT", &scope, &present, &json!({}))
        .await
        .ok();
    assert_eq!(added.body, without_secret(&added));
    let tag = added.header("etag");
    writer.if_match("PUT", OWN, tag, &login()).await.ok();
}

#[tokio::test]
async fn the_secret_of_an_administration_client_is_rotated_by_the_operator_alone() {
    let world = Operated::start().await;
    made(&world).await;
    world
        .store(async |unit| {
            let name = "openid".parse().unwrap();
            let mut only = unit.find_scope(&name).await.unwrap().unwrap();
            only.operator_only = true;
            unit.save_scope(&only).await.unwrap();
        })
        .await;
    let token = world.sign(&world.claims(HAVBRIS, "havbris-admin", &["idporten:dcr.write"]));
    let own = world.at_public("POST", &format!("/api/v1{SECRET}"));
    send(own.bearer_auth(token)).await.refused(403, "client_id");
    let rotated = world.writer().call("POST", SECRET).await.ok();
    assert!(counts(&world, rotated.member("client_secret")).await);
}

#[tokio::test]
async fn making_and_rotating_is_in_the_audit_log_without_the_secret() {
    let world = Operated::start().await;
    let writer = world.writer();
    let answer = made(&world).await;
    let rotated = writer.call("POST", SECRET).await.ok();
    let path = "/audit?client_id=innlogging";
    let page = writer.get(path).await.ok();
    let entries = page.body["entries"].as_array().unwrap();
    for (request, operation) in [
        (&answer, "client_secret.create"),
        (&rotated, "client_secret.rotate"),
    ] {
        let is_meant = |entry: &&Value| {
            entry["operation"] == operation && entry["request_id"] == request.header("x-request-id")
        };
        let entry = entries.iter().find(is_meant);
        let entry = entry.unwrap_or_else(|| panic!("{operation} is not in {}", page.text));
        assert_eq!(entry["actor"]["channel"], "operator_api");
        assert_eq!(entry["actor"]["client_id"], WRITER);
        assert!(!page.text.contains(request.member("client_secret")));
    }
}
