//! Client secrets (spec: selfservice §5.3, §5.6.2).

use std::time::Duration;

use portvakt_core::audit::AuditFilter;
use portvakt_core::client::ClientSecrets;
use portvakt_core::ports::{GrantRegistry, Store};
use portvakt_testkit::{Answer, HAVBRIS, TINDESYSTEM};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{
    Api, Caller, Checked, READ, SUPPLIER, WRITE, but, havbris, registered, send, with_scope,
    without,
};

/// Seconds in 360 days.
const LIFE: i64 = 31_104_000;

fn login() -> Value {
    json!({
        "integration_type": "idporten", "application_type": "web", "client_name": "Innlogging",
        "redirect_uris": ["https://havbris.example/inn"], "scopes": ["openid"],
    })
}

/// A login client of Havbris with a secret: its address and the answer that made it.
async fn made(api: &Api) -> (String, Answer) {
    let answer = api.consumer().post("/clients", &login()).await.ok();
    (format!("/clients/{}", answer.member("client_id")), answer)
}

async fn kept(api: &Api, client: &str) -> ClientSecrets {
    let id = client.rsplit('/').next().unwrap().parse().unwrap();
    let record = api.store.find_client_record(&id).await.unwrap();
    record.unwrap().secrets.clone()
}

fn now(api: &Api) -> portvakt_core::Timestamp {
    portvakt_core::Clock::now(api.clock.as_ref())
}

async fn counts(api: &Api, client: &str, secret: &str) -> bool {
    kept(api, client).await.verify(secret, now(api))
}

async fn rotate(caller: &Caller<'_>, method: &str, path: &str) -> Answer {
    send(caller.request(method, path)).await
}

#[tokio::test]
async fn a_web_login_gets_a_secret_by_default_that_the_answer_alone_shows() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    assert_eq!(
        answer.member("token_endpoint_auth_method"),
        "client_secret_basic"
    );
    let secret = answer.member("client_secret");
    assert_eq!(secret.len(), 43);
    let end = now(&api).seconds() + LIFE;
    assert_eq!(answer.body["client_secret_expires_at"], end);
    assert!(counts(&api, &client, secret).await);
    let consumer = api.consumer();
    let body = without(answer.body.clone(), "client_secret");
    let body = without(body, "client_secret_expires_at");
    assert_eq!(consumer.get(&client).await.ok().body, body);
    assert_eq!(consumer.get("/clients").await.ok().body, json!([body]));
    // What was answered can be sent back; it neither sets the secret nor shows it.
    let echoed = consumer.put(&client, &answer.body).await.ok();
    assert_eq!(echoed.body, body);
    assert!(counts(&api, &client, secret).await);
}

#[tokio::test]
async fn every_type_of_login_may_have_either_method() {
    let api = Api::start().await;
    for kind in ["idporten", "api_klient", "ansattporten"] {
        for method in ["client_secret_basic", "client_secret_post"] {
            let changes = json!({"integration_type": kind, "token_endpoint_auth_method": method});
            let body = but(login(), &changes);
            let made = api.consumer().post("/clients", &body).await.ok();
            assert_eq!(made.member("client_secret").len(), 43, "{kind} {method}");
        }
    }
}

#[tokio::test]
async fn what_keeps_no_secret_gets_none() {
    let api = with_scope().await;
    let consumer = api.consumer();
    for (changes, fields) in [
        (json!({"application_type": "browser"}), None),
        (json!({"application_type": "native"}), None),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            None,
        ),
        (
            json!({"application_type": "native", "token_endpoint_auth_method": "client_secret_post"}),
            Some("token_endpoint_auth_method"),
        ),
    ] {
        let answer = consumer.post("/clients", &but(login(), &changes)).await;
        if let Some(field) = fields {
            answer.refused(400, field);
            continue;
        }
        let answer = answer.ok();
        assert_eq!(answer.body.get("client_secret"), None);
        assert_eq!(answer.body.get("client_secret_expires_at"), None);
        let path = format!("/clients/{}/secret", answer.member("client_id"));
        for method in ["POST", "PUT"] {
            let refused = rotate(&consumer, method, &path).await;
            refused.refused(400, "token_endpoint_auth_method");
        }
    }
    let machine = json!({"token_endpoint_auth_method": "client_secret_basic"});
    let answer = consumer.post("/clients", &but(havbris(), &machine)).await;
    answer.refused(400, "token_endpoint_auth_method");
}

#[tokio::test]
async fn both_methods_rotate_and_the_old_secret_stops_at_once() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    let mut secret = answer.member("client_secret").to_owned();
    let path = format!("{client}/secret");
    for method in ["POST", "PUT"] {
        api.clock.advance(Duration::from_secs(10));
        // Whatever the body is, nobody reads it.
        let request = api.consumer().request(method, &path).body("{not json");
        let rotated = send(request.header("content-type", "application/json")).await;
        let rotated = rotated.ok();
        let end = now(&api).seconds() + LIFE;
        assert_eq!(rotated.body["client_secret_expires_at"], end);
        assert_eq!(rotated.body["created"], answer.body["created"]);
        let new = rotated.member("client_secret").to_owned();
        assert!(counts(&api, &client, &new).await);
        assert!(!counts(&api, &client, &secret).await);
        secret = new;
    }
    api.clock
        .advance(Duration::from_secs(LIFE.unsigned_abs() - 1));
    assert!(counts(&api, &client, &secret).await);
    api.clock.advance(Duration::from_secs(1));
    assert!(!counts(&api, &client, &secret).await);
}

#[tokio::test]
async fn with_an_overlap_both_secrets_count_until_it_ends() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    let path = format!("{client}/secret?overlap=3600");
    let rotated = api.consumer().post(&path, &json!({})).await.ok();
    let (old, new) = (
        answer.member("client_secret"),
        rotated.member("client_secret"),
    );
    api.clock.advance(Duration::from_secs(3599));
    assert!(counts(&api, &client, old).await && counts(&api, &client, new).await);
    api.clock.advance(Duration::from_secs(1));
    assert!(!counts(&api, &client, old).await && counts(&api, &client, new).await);
    // A third ends the first of three, whatever its overlap.
    let second = api.consumer().post(&path, &json!({})).await.ok();
    let third = api.consumer().post(&path, &json!({})).await.ok();
    assert!(!counts(&api, &client, new).await);
    for rotated in [second, third] {
        assert!(counts(&api, &client, rotated.member("client_secret")).await);
    }
}

#[tokio::test]
async fn an_overlap_is_at_most_30_days() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    let path = format!("{client}/secret");
    for overlap in [
        "2592001",
        "4294967297",
        "18446744073709551617",
        "-1",
        "%2B1",
        "1.5",
        "1h",
        "",
        "60&overlap=60",
    ] {
        let refused = rotate(
            &api.consumer(),
            "POST",
            &format!("{path}?overlap={overlap}"),
        )
        .await;
        refused.refused(400, "overlap");
    }
    assert!(counts(&api, &client, answer.member("client_secret")).await);
    rotate(&api.consumer(), "POST", &format!("{path}?overlap=2592000"))
        .await
        .ok();
}

#[tokio::test]
async fn a_change_of_the_method_makes_or_removes_the_secret() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    let consumer = api.consumer();
    let secret = answer.member("client_secret");
    let method = |method: &str| but(login(), &json!({"token_endpoint_auth_method": method}));
    // Between the two methods, and for any other change, the secret stays.
    for body in [
        method("client_secret_post"),
        but(login(), &json!({"client_name": "Nytt navn"})),
    ] {
        let changed = consumer.put(&client, &body).await.ok();
        assert_eq!(changed.body.get("client_secret"), None);
        assert!(counts(&api, &client, secret).await);
    }
    let keyed = consumer.put(&client, &method("private_key_jwt")).await.ok();
    assert_eq!(keyed.body.get("client_secret"), None);
    assert!(kept(&api, &client).await.is_empty());
    let back = consumer
        .put(&client, &method("client_secret_basic"))
        .await
        .ok();
    let new = back.member("client_secret");
    assert!(new != secret && counts(&api, &client, new).await);
    assert!(!counts(&api, &client, secret).await);
    let again = consumer
        .put(&client, &method("client_secret_basic"))
        .await
        .ok();
    assert_eq!(again.body.get("client_secret"), None);
}

#[tokio::test]
async fn a_secret_is_its_own_organizations() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    let path = format!("{client}/secret");
    for (orgno, scopes, status) in [
        (TINDESYSTEM, &[WRITE][..], 404),
        (TINDESYSTEM, &[SUPPLIER], 404),
        (TINDESYSTEM, &[WRITE, SUPPLIER, READ], 404),
        (HAVBRIS, &[READ, SUPPLIER], 403),
        (HAVBRIS, &[READ], 403),
    ] {
        let caller = api.caller(orgno, scopes);
        for method in ["POST", "PUT"] {
            let refused = rotate(&caller, method, &path).await.refused(status, "");
            assert!(!refused.text.contains("client_secret"), "{}", refused.text);
        }
    }
    assert!(counts(&api, &client, answer.member("client_secret")).await);
    for unknown in ["00000000-0000-4000-8000-000000000000", "..%2f", "%00"] {
        let path = format!("/clients/{unknown}/secret");
        rotate(&api.consumer(), "POST", &path)
            .await
            .refused(404, "");
    }
}

#[tokio::test]
async fn the_secret_of_a_managed_client_is_its_suppliers() {
    let api = Api::start().await;
    let body = but(login(), &json!({"client_orgno": HAVBRIS}));
    let made = api.supplier().post("/clients", &body).await.ok();
    let path = format!("/clients/{}/secret", made.member("client_id"));
    api.supplier().post(&path, &json!({})).await.ok();
    api.consumer()
        .post(&path, &json!({}))
        .await
        .refused(403, "");
}

#[tokio::test]
async fn the_secret_of_an_administration_client_is_the_operators() {
    let api = Api::start().await;
    let (client, _) = made(&api).await;
    api.operate(async |unit| {
        let id = client.rsplit('/').next().unwrap().parse().unwrap();
        let mut only = unit
            .find_scope(&"openid".parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        only.name = "fjord:administrasjon".parse().unwrap();
        (only.operator_only, only.accessible_for_all) = (true, false);
        unit.save_scope(&only).await.unwrap();
        let mut admin = unit.find_client(&id).await.unwrap().unwrap();
        admin.scopes.push(only.name);
        unit.save_client(&admin).await.unwrap();
    })
    .await;
    let path = format!("{client}/secret");
    let refused = api.consumer().post(&path, &json!({})).await;
    refused.refused(403, "client_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_rotations_from_one_version_one_is_done() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    let tag = api
        .consumer()
        .get(&client)
        .await
        .ok()
        .header("etag")
        .to_owned();
    assert_eq!(
        answer.header("etag"),
        tag,
        "the tag is not made of what is shown once"
    );
    let path = format!("{client}/secret");
    let mut writes = JoinSet::new();
    for _ in 0..8 {
        let request = api.consumer().request("POST", &path);
        writes.spawn(send(request.header("if-match", &tag)));
    }
    let answers = writes.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (1, 7));
    for answer in refused {
        answer.refused(412, "");
    }
    assert!(counts(&api, &client, done[0].member("client_secret")).await);
    let present = api.consumer().get(&client).await.ok();
    assert_eq!(present.header("etag"), done[0].header("etag"));
    assert_ne!(present.header("etag"), tag);
}

#[tokio::test]
async fn rotating_is_recorded_without_the_secret() {
    let api = Api::start().await;
    let (client, answer) = made(&api).await;
    let rotated = api
        .consumer()
        .post(&format!("{client}/secret"), &json!({}))
        .await
        .ok();
    let mut unit = api.store.read().await.unwrap();
    let log = unit
        .list_audit(&AuditFilter::default(), 0, 100)
        .await
        .unwrap();
    let log: Vec<Value> = log
        .iter()
        .map(|entry| serde_json::from_str(&entry.text).unwrap())
        .collect();
    for (request, operation) in [
        (&answer, "client_secret.create"),
        (&rotated, "client_secret.rotate"),
    ] {
        let id = request.header("x-request-id");
        let entry = log
            .iter()
            .find(|entry| entry["request_id"] == id && entry["operation"] == operation);
        let entry = entry.unwrap_or_else(|| panic!("{operation} is not in {log:?}"));
        let made = &entry["after"]["secrets"][0];
        let members: Vec<_> = made.as_object().unwrap().keys().collect();
        assert_eq!(members, ["created", "expires"]);
        let whole = Value::from(log.clone()).to_string();
        assert!(!whole.contains(request.member("client_secret")));
    }
}

#[tokio::test]
async fn a_machine_client_that_asks_for_a_secret_is_told_why_not() {
    let api = with_scope().await;
    let id = registered(&api.consumer()).await;
    let refused = api
        .consumer()
        .post(&format!("/clients/{id}/secret"), &json!({}))
        .await;
    let refused = refused.refused(400, "token_endpoint_auth_method");
    assert!(refused.text.contains("does not authenticate with a secret"));
}
