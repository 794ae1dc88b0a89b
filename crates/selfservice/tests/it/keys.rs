//! Key sets (spec: selfservice §5.6.1).

use portvakt_testkit::{HAVBRIS, signing_key};
use serde_json::{Value, json};

use crate::harness::{Api, Checked, MODIFY, but, registered, with_scope};

fn key(kid: &str) -> Value {
    signing_key().public_jwk(kid).to_json()
}

async fn client_keys(api: &Api) -> String {
    format!("/clients/{}/jwks", registered(&api.consumer()).await)
}

#[tokio::test]
async fn a_client_without_keys_has_an_empty_set() {
    let api = with_scope().await;
    let path = client_keys(&api).await;
    let consumer = api.consumer();
    let answer = consumer.get(&path).await.ok();
    assert_eq!(answer.body, json!({"keys": []}));
    consumer.post(&path, &json!([key("a")])).await.ok();
    let answer = consumer.delete(&path).await.ok();
    assert_eq!(answer.text, "");
    let answer = consumer.get(&path).await.ok();
    assert_eq!(answer.body, json!({"keys": []}));
    let answer = consumer.get(&format!("{path}?inactive=true")).await.ok();
    assert_eq!(answer.body["keys"][0]["kid"], "a");
    assert_eq!(answer.body["keys"][0]["active"], false);
}

#[tokio::test]
async fn a_set_is_replaced_whole_and_a_removed_key_may_come_back() {
    let api = with_scope().await;
    let path = client_keys(&api).await;
    let consumer = api.consumer();
    for (method, kids) in [
        ("POST", vec!["a", "b"]),
        ("PUT", vec!["c"]),
        ("POST", vec!["a"]),
    ] {
        let keys: Vec<_> = kids.iter().map(|kid| key(kid)).collect();
        let request = consumer.request(method, &path).json(&json!({"keys": keys}));
        let answer = crate::harness::send(request).await.ok();
        let answered = answer.body["keys"].as_array().unwrap().iter();
        let answered: Vec<_> = answered.map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(answered, kids);
        assert_eq!(consumer.get(&path).await.ok().body, answer.body);
    }
}

#[tokio::test]
async fn every_key_has_an_end_within_a_year() {
    let api = with_scope().await;
    let path = client_keys(&api).await;
    let consumer = api.consumer();
    let (now, year) = (1_772_442_900, 31_536_000);
    for (asked, expected) in [
        (json!(null), now + year),
        (json!(now + 60), now + 60),
        (json!(now + 10 * year), now + year),
        (json!(now - 60), now - 60),
    ] {
        let body = json!({"keys": [but(key("a"), &json!({"exp": asked}))]});
        let answer = consumer.post(&path, &body).await.ok();
        assert_eq!(answer.body["keys"][0]["exp"], expected, "{asked}");
    }
    for bad in [json!("1803979260"), json!(1.5), json!(-1)] {
        let body = json!({"keys": [but(key("a"), &json!({ "exp": bad }))]});
        consumer.post(&path, &body).await.refused(400, "keys[0]");
    }
}

#[tokio::test]
async fn every_bad_key_is_named() {
    let api = with_scope().await;
    let path = client_keys(&api).await;
    let bad = [
        json!({}),
        json!("a"),
        but(key("a"), &json!({"kid": "a b"})),
        but(key("a"), &json!({"alg": "none"})),
        but(key("a"), &json!({"use": "enc"})),
        but(key("a"), &json!({"d": null})),
        but(key("a"), &json!({"n": "AQAB"})),
    ];
    let answer = api.consumer().post(&path, &json!({ "keys": bad })).await;
    let fields = answer.refused(400, "keys[0]").fields();
    let expected: Vec<_> = (0..bad.len())
        .map(|index| format!("keys[{index}]"))
        .collect();
    assert_eq!(fields, expected);
    let ec = portvakt_jose::SigningKey::generate(
        portvakt_jose::Algorithm::Es256,
        portvakt_jose::RsaBits::B2048,
    );
    let ec = ec.unwrap().public_jwk("ec").to_json();
    let answer = api.consumer().post(&path, &json!([ec])).await;
    answer.refused(400, "jwks");
}

#[tokio::test]
async fn unknown_members_are_not_kept() {
    let api = with_scope().await;
    let path = client_keys(&api).await;
    let jwk = but(
        key("a"),
        &json!({"ukjent": "a", "key_ops": ["verify"], "active": true}),
    );
    let caller = api.caller(HAVBRIS, &[MODIFY]);
    let answer = caller
        .post(&path, &json!({"keys": [jwk], "annet": 1}))
        .await
        .ok();
    let stored = answer.body["keys"][0].as_object().unwrap();
    let mut members: Vec<_> = stored.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "e", "exp", "kid", "kty", "n", "use"]);
}

#[tokio::test]
async fn keys_that_expire_are_told_in_a_header_and_bodies_stay_as_they_are() {
    let api = with_scope().await;
    let path = client_keys(&api).await;
    let consumer = api.consumer();
    let (now, day) = (1_772_442_900, 86_400);
    let ending = |kid: &str, days: i64| {
        let mut key = key(kid);
        key["exp"] = json!(now + days * day);
        key
    };
    let answer = consumer
        .post(&path, &json!([ending("good", 300)]))
        .await
        .ok();
    assert_eq!(answer.header("portvakt-key-expiry"), "");
    let set = json!([ending("good", 300), ending("soon", 29), ending("gone", -1)]);
    let answer = consumer.post(&path, &set).await.ok();
    let told = "\"gone\";days=0, \"soon\";days=30";
    assert_eq!(answer.header("portvakt-key-expiry"), told);
    let answer = consumer.get(&path).await.ok();
    assert_eq!(answer.header("portvakt-key-expiry"), told);
    // The client itself tells it too, and its body is what it always was.
    let client = path.trim_end_matches("/jwks");
    let read = consumer.get(client).await.ok();
    assert_eq!(read.header("portvakt-key-expiry"), told);
    let members: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["created", "keys", "last_updated"]);
    // Former keys are told of no more, and a set without a usable key is accepted.
    let answer = consumer
        .post(&path, &json!([ending("gone", -1)]))
        .await
        .ok();
    assert_eq!(answer.header("portvakt-key-expiry"), "\"gone\";days=0");
    let answer = consumer.get(&format!("{path}?inactive=true")).await.ok();
    assert_eq!(answer.header("portvakt-key-expiry"), "\"gone\";days=0");
}
