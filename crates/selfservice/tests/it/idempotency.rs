//! `Idempotency-Key` of requests that make clients (spec: selfservice §5.4).

use std::time::Duration;

use portvakt_core::ports::{Listing, Store};
use portvakt_testkit::{Answer, FJORDETATEN, HAVBRIS, TINDESYSTEM};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{
    Api, Caller, Checked, READ, SUPPLIER, WRITE, but, grant, havbris, send, with_scope, without,
};

const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";

fn login() -> Value {
    json!({
        "integration_type": "idporten", "application_type": "web", "client_name": "Innlogging",
        "redirect_uris": ["https://havbris.example/inn"], "scopes": ["openid"],
    })
}

async fn create(caller: &Caller<'_>, key: &str, body: &Value) -> Answer {
    let request = caller.request("POST", "/clients").json(body);
    send(request.header("idempotency-key", key)).await
}

async fn clients(api: &Api) -> usize {
    let mut unit = api.store.read().await.unwrap();
    unit.list_clients(None, Listing::All).await.unwrap().len()
}

#[tokio::test]
async fn the_same_request_again_answers_the_client_that_it_made() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let made = create(&consumer, KEY, &havbris()).await.ok();
    let revision = made.header("portvakt-revision").to_owned();
    api.clock.advance(Duration::from_mins(1));
    // Order, `null` and what is ignored make no difference.
    let mut same = json!({"ukjent": 1, "redirect_uris": null});
    for (name, value) in havbris().as_object().unwrap().iter().rev() {
        same[name] = value.clone();
    }
    for body in [havbris(), same] {
        let again = create(&consumer, KEY, &body).await.ok();
        assert_eq!(again.body, made.body);
        assert_eq!(again.header("etag"), made.header("etag"));
        assert_eq!(again.header("portvakt-revision"), revision);
    }
    assert_eq!(clients(&api).await, 1);
    // Without a key, and under another one, it is another client.
    consumer.post("/clients", &havbris()).await.ok();
    create(&consumer, "annen", &havbris()).await.ok();
    assert_eq!(clients(&api).await, 3);
}

#[tokio::test]
async fn the_secret_is_never_answered_again() {
    let api = Api::start().await;
    let consumer = api.consumer();
    let made = create(&consumer, KEY, &login()).await.ok();
    assert_eq!(made.member("client_secret").len(), 43);
    let again = create(&consumer, KEY, &login()).await.ok();
    let body = without(made.body.clone(), "client_secret");
    assert_eq!(again.body, without(body, "client_secret_expires_at"));
    // Whoever lost it makes a new one.
    let path = format!("/clients/{}/secret", again.member("client_id"));
    let rotated = consumer.post(&path, &json!({})).await.ok();
    assert_eq!(rotated.member("client_secret").len(), 43);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let api = with_scope().await;
    let consumer = api.consumer();
    create(&consumer, KEY, &havbris()).await.ok();
    for changes in [
        json!({"client_name": "En annen"}),
        json!({"description": ""}),
        json!({"access_token_lifetime": 60}),
        json!({"scopes": ["fjord:tidevann.read", "fjord:tidevann.read"]}),
    ] {
        let answer = create(&consumer, KEY, &but(havbris(), &changes)).await;
        answer.refused(422, "Idempotency-Key");
    }
    assert_eq!(clients(&api).await, 1);
}

#[tokio::test]
async fn a_request_that_came_to_nothing_is_not_remembered() {
    let api = Api::start().await;
    let consumer = api.consumer();
    // Neither when the body is at fault nor when the registry says no.
    for (body, field) in [(json!({}), "scopes"), (havbris(), "scopes[0]")] {
        create(&consumer, KEY, &body).await.refused(400, field);
    }
    create(&consumer, KEY, &login()).await.ok();
}

#[tokio::test]
async fn a_key_lasts_a_day() {
    let api = with_scope().await;
    let made = create(&api.consumer(), KEY, &havbris()).await.ok();
    api.clock.advance(Duration::from_secs(86_399));
    let again = create(&api.consumer(), KEY, &havbris()).await.ok();
    assert_eq!(again.member("client_id"), made.member("client_id"));
    api.clock.advance(Duration::from_secs(1));
    let other = create(&api.consumer(), KEY, &login()).await.ok();
    assert_ne!(other.member("client_id"), made.member("client_id"));
    let again = create(&api.consumer(), KEY, &login()).await.ok();
    assert_eq!(again.member("client_id"), other.member("client_id"));
}

#[tokio::test]
async fn a_key_is_one_organizations_and_no_right() {
    let api = with_scope().await;
    grant(&api, FJORDETATEN).await;
    grant(&api, TINDESYSTEM).await;
    let made = create(&api.consumer(), KEY, &havbris()).await.ok();
    for (orgno, scopes) in [
        (FJORDETATEN, &[WRITE][..]),
        (TINDESYSTEM, &[WRITE, SUPPLIER]),
    ] {
        let other = create(&api.caller(orgno, scopes), KEY, &havbris())
            .await
            .ok();
        assert_eq!(other.member("client_orgno"), orgno);
        assert_ne!(other.member("client_id"), made.member("client_id"));
    }
    // A supplier that names the organization as its customer gets nothing of its either.
    let named = but(havbris(), &json!({"client_orgno": HAVBRIS}));
    create(&api.consumer(), "annen", &named).await.ok();
    let managed = create(&api.supplier(), "annen", &named).await.ok();
    assert_eq!(managed.member("supplier_orgno"), TINDESYSTEM);
    // The right to make clients is needed every time.
    let reader = api.caller(HAVBRIS, &[READ]);
    create(&reader, KEY, &havbris()).await.refused(403, "");
    let supplier = api.caller(HAVBRIS, &[SUPPLIER]);
    let answer = create(&supplier, KEY, &havbris()).await;
    answer.refused(400, "client_orgno");
    let answer = create(&supplier, "annen", &named).await;
    answer.refused(400, "client_orgno");
}

#[tokio::test]
async fn what_became_of_the_client_is_answered() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let made = create(&consumer, KEY, &havbris()).await.ok();
    let path = format!("/clients/{}", made.member("client_id"));
    let renamed = but(havbris(), &json!({"client_name": "Nytt navn"}));
    consumer.put(&path, &renamed).await.ok();
    let again = create(&consumer, KEY, &havbris()).await.ok();
    assert_eq!(again.member("client_name"), "Nytt navn");
    consumer.delete(&path).await.ok();
    let again = create(&consumer, KEY, &havbris()).await.ok();
    assert_eq!(again.body["active"], false);
}

#[tokio::test]
async fn a_key_is_visible_and_short() {
    let api = Api::start().await;
    let consumer = api.consumer();
    for key in ["", "a b", "\t", "ø", &"a".repeat(256)] {
        let answer = create(&consumer, key, &login()).await;
        answer.refused(400, "Idempotency-Key");
    }
    let request = consumer.request("POST", "/clients").json(&login());
    let twice = request
        .header("idempotency-key", "a")
        .header("idempotency-key", "a");
    send(twice).await.refused(400, "Idempotency-Key");
    assert_eq!(clients(&api).await, 0);
    create(&consumer, &"a".repeat(255), &login()).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_equal_requests_at_once_one_makes_a_client() {
    let api = Api::start().await;
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        let request = api.consumer().request("POST", "/clients").json(&login());
        requests.spawn(send(request.header("idempotency-key", KEY)));
    }
    let answers = requests.join_all().await;
    let ids: Vec<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{}", answer.text);
            answer.member("client_id")
        })
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let with_secret = answers
        .iter()
        .filter(|answer| answer.body.get("client_secret").is_some());
    assert_eq!(with_secret.count(), 1);
    assert_eq!(clients(&api).await, 1);
}
