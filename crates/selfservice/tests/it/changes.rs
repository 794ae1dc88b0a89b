//! `GET /changes`: an organization keeps its records in step without reading them all, and learns nothing
//! of others.

use portvakt_core::ports::ChangeFeed;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, signing_key};
use serde_json::{Value, json};

use crate::harness::{
    Api, Caller, Checked, READ, REGISTRATIONS, SCOPES_READ, SUPPLIER, WRITE, registered, tidevann,
    with_scope,
};

const SCOPE: &str = "fjord:tidevann.read";

async fn changes(caller: &Caller<'_>, since: u64) -> Value {
    let path = format!("/changes?since={since}");
    caller.get(&path).await.ok().body
}

async fn beginning(caller: &Caller<'_>) -> u64 {
    let answer = caller.get("/changes").await.ok();
    assert_eq!(answer.body["changes"], json!([]));
    assert_eq!(answer.body["extent"], "complete");
    answer.body["revision"].as_u64().unwrap()
}

fn change(kind: &str, key: &str) -> Value {
    json!({"kind": kind, "key": key})
}

#[tokio::test]
async fn what_changed_is_told_once_and_nothing_when_nothing_did() {
    let api = Api::start().await;
    let provider = api.provider();
    let begun = beginning(&provider).await;
    provider.post("/scopes", &tidevann()).await.ok();
    let access = format!("/scopes/access/{HAVBRIS}?scope={SCOPE}");
    provider.put_nothing(&access).await.ok();
    provider.delete(&access).await.ok();
    let told = changes(&provider, begun).await;
    let expected = [
        change("scope", SCOPE),
        change("access", &format!("{SCOPE} {HAVBRIS}")),
    ];
    assert_eq!(told["changes"], json!(expected));
    assert_eq!(told["extent"], "complete");
    let next = told["revision"].as_u64().unwrap();
    assert!(next >= begun + 3, "{begun} {next}");
    let quiet = changes(&provider, next).await;
    assert_eq!(
        quiet,
        json!({"revision": next, "extent": "complete", "changes": []})
    );
}

#[tokio::test]
async fn keys_and_deactivation_are_changes_of_the_client() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let id = registered(&consumer).await;
    let key = signing_key().public_jwk("a").to_json();
    let path = format!("/clients/{id}");
    let begun = beginning(&consumer).await;
    let keys = format!("{path}/jwks");
    consumer.post(&keys, &json!([key])).await.ok();
    let told = changes(&consumer, begun).await;
    assert_eq!(told["changes"], json!([change("client", &id)]));
    let begun = told["revision"].as_u64().unwrap();
    consumer.delete(&path).await.ok();
    let told = changes(&consumer, begun).await;
    assert_eq!(told["changes"], json!([change("client", &id)]));
}

#[tokio::test]
async fn each_organization_is_told_of_its_own_and_by_its_scopes() {
    let api = with_scope().await;
    let begun = beginning(&api.provider()).await;
    let id = registered(&api.consumer()).await;
    let access = format!("/scopes/access/{LYNGVIK}?scope={SCOPE}");
    api.provider().put_nothing(&access).await.ok();
    let access = change("access", &format!("{SCOPE} {LYNGVIK}"));
    let client = change("client", &id);
    for (orgno, scope, expected) in [
        (HAVBRIS, READ, vec![&client]),
        (HAVBRIS, WRITE, vec![&client]),
        // A client of the organization's own is none that a supplier manages.
        (HAVBRIS, SUPPLIER, vec![]),
        (HAVBRIS, SCOPES_READ, vec![]),
        (FJORDETATEN, SCOPES_READ, vec![&access]),
        (FJORDETATEN, READ, vec![]),
        // Its own access is no secret from any of its clients.
        (LYNGVIK, READ, vec![&access]),
        (LYNGVIK, REGISTRATIONS, vec![&access]),
    ] {
        let told = changes(&api.caller(orgno, &[scope]), begun).await;
        assert_eq!(told["changes"], json!(expected), "{orgno} {scope}");
    }
    api.caller(HAVBRIS, &["idporten:other"])
        .get("/changes")
        .await
        .refused(403, "");
    let request = api.request("GET", "/api/v1/changes");
    crate::harness::send(request).await.refused(401, "");
}

#[tokio::test]
async fn an_answer_is_bounded_and_the_next_goes_on_from_it() {
    let api = Api::start().await;
    let provider = api.provider();
    let begun = beginning(&provider).await;
    let mut made = Vec::new();
    for number in 0..5 {
        let mut scope = tidevann();
        scope["subscope"] = json!(format!("tal{number}.read"));
        let name = provider.post("/scopes", &scope).await.ok().body["name"].clone();
        made.push(change("scope", name.as_str().unwrap()));
    }
    let (mut told, mut since, mut answers) = (Vec::new(), begun, 0);
    loop {
        let answer = provider
            .get(&format!("/changes?since={since}&limit=2"))
            .await
            .ok()
            .body;
        let part = answer["changes"].as_array().unwrap();
        assert!(part.len() <= 2, "{part:?}");
        told.extend(part.iter().cloned());
        since = answer["revision"].as_u64().unwrap();
        answers += 1;
        match answer["extent"].as_str() {
            Some("partial") => assert!(answers < 10),
            other => break assert_eq!(other, Some("complete")),
        }
    }
    assert_eq!(told, made);
    assert!(answers > 1);
}

#[tokio::test]
async fn what_the_server_cannot_tell_is_a_gap_and_no_silence() {
    let api = with_scope().await;
    let provider = api.provider();
    let present = beginning(&provider).await;
    // Another history: the registry was restored, or is another one.
    for since in [present + 1, i64::MAX.unsigned_abs()] {
        let told = changes(&provider, since).await;
        assert_eq!(
            told,
            json!({"revision": present, "extent": "gap", "changes": []})
        );
    }
    // What was trimmed.
    api.store.trim_changes(1).await.unwrap();
    assert_eq!(changes(&provider, 0).await["extent"], "gap");
    assert_eq!(changes(&provider, present).await["extent"], "complete");
}

#[tokio::test]
async fn questions_without_meaning_are_refused() {
    let api = Api::start().await;
    let provider = api.provider();
    for (query, field) in [
        ("since=-1", "since"),
        ("since=%2B1", "since"),
        ("since=", "since"),
        ("since=x", "since"),
        ("since=9223372036854775808", "since"),
        ("since=1&since=2", "since"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=1", "after"),
    ] {
        let answer = provider.get(&format!("/changes?{query}")).await;
        answer.refused(400, field);
    }
}
