//! Calls of the self-service API: what is sent, what is repeated, what is read.

use portvakt_api_types::ScopeRequest;
use serde_json::json;

use crate::scripted::{Scripted, default, reply, with};

#[tokio::test]
async fn names_and_ids_are_encoded_and_what_is_absent_has_its_default() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/scopes" => reply(
            200,
            &json!([{"name": "a:b", "unknown": 1, "delegation_source": null}]),
        ),
        "/scopes/access/310000011" => with(200, &[("portvakt-revision", "7")], "{}"),
        "/clients/..%2Fx%20%3F/jwks" => reply(404, &json!({})),
        _ => default(),
    })
    .await;
    let api = server.api().await;
    let scopes = api.scopes().await.unwrap();
    assert_eq!(scopes[0].token_type, "SELF_CONTAINED");
    assert!(scopes[0].active);
    let written = api.grant("nav:arbeid/æ.read", "310000011").await.unwrap();
    assert_eq!(written.revision, Some(7));
    assert!(api.keys("../x ?").await.unwrap().value.keys.is_empty());
}

#[tokio::test]
async fn whose_clients_are_is_read_without_the_rest() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/clients" => reply(
            200,
            &json!([
                {"client_id": "a", "description": "prod:team:app", "active": false, "scopes": ["x:y"]},
                {"client_id": "b", "description": null},
            ]),
        ),
        _ => default(),
    })
    .await;
    let described = server.api().await.client_descriptions().await.unwrap();
    let described = described
        .iter()
        .map(|client| (&*client.client_id, &*client.description, client.active));
    let expected = [("a", "prod:team:app", false), ("b", "", true)];
    assert!(described.eq(expected));
}

#[tokio::test]
async fn what_was_written_is_read() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/scopes/access/310000011" => with(200, &[("portvakt-revision", "7")], "{}"),
        "/scopes/access/all" => reply(200, &json!([])),
        _ => default(),
    })
    .await;
    let api = server.api().await;
    assert_eq!(api.wait_until_effective().await.unwrap(), None);
    api.withdraw("a:b", "310000011").await.unwrap();
    assert_eq!(api.wait_until_effective().await.unwrap(), Some(7));
    let asked = server.asked("/scopes/access/all");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].headers["portvakt-min-revision"], "7");
}

#[tokio::test]
async fn what_is_effective_is_asked_for_with_a_short_answer_where_there_is_one() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/scopes/access/310000011" => with(200, &[("portvakt-revision", "7")], "{}"),
        "/changes" => reply(
            200,
            &json!({"revision": 7, "extent": "complete", "changes": []}),
        ),
        _ => default(),
    })
    .await;
    let api = server.api().await;
    api.withdraw("a:b", "310000011").await.unwrap();
    assert_eq!(api.wait_until_effective().await.unwrap(), Some(7));
    let asked = server.asked("/changes");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].headers["portvakt-min-revision"], "7");
    assert!(server.asked("/scopes/access/all").is_empty());
}

#[tokio::test]
async fn a_client_is_registered_again_under_the_same_key_and_a_scope_is_not_made_again() {
    let server = Scripted::start(|asked, before| match (asked.path.as_str(), before) {
        ("/clients" | "/scopes", 0) => reply(502, &json!({})),
        ("/clients", _) => reply(200, &json!({"client_id": "c"})),
        _ => default(),
    })
    .await;
    let api = server.api().await;
    let made = api.create_client(&json!({})).await.unwrap();
    assert_eq!(made.value.client_id, "c");
    let asked = server.asked("/clients");
    assert_eq!(asked.len(), 2);
    let key = |index: usize| asked[index].headers["idempotency-key"].clone();
    assert_eq!(key(0), key(1));
    api.create_client(&json!({})).await.unwrap();
    assert_ne!(
        server.asked("/clients")[2].headers["idempotency-key"],
        key(0)
    );

    let refused = api.create_scope(&ScopeRequest::default()).await;
    assert_eq!(refused.unwrap_err().status(), Some(502));
    assert_eq!(server.asked("/scopes").len(), 1);
}

#[tokio::test]
async fn whoever_asks_to_come_back_later_is_asked_later_and_not_forever() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/scopes" if asked.method == "POST" => with(429, &[("retry-after", "0")], ""),
        "/prefix/all" => with(503, &[("retry-after", "3600")], ""),
        _ => default(),
    })
    .await;
    let api = server.api().await;
    assert!(api.create_scope(&ScopeRequest::default()).await.is_err());
    assert_eq!(server.asked("/scopes").len(), 4);
    // Longer than the patience of the policy.
    assert_eq!(api.prefixes().await.unwrap_err().status(), Some(503));
    assert_eq!(server.asked("/prefix/all").len(), 1);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once_and_open_lists_get_none() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/scopes/access/all" if asked.headers["authorization"] == "Bearer token-0" => {
            reply(401, &json!({}))
        }
        "/scopes/access/all" | "/prefix/all" => reply(200, &json!([])),
        "/clients" => reply(401, &json!({})),
        _ => default(),
    })
    .await;
    let api = server.api().await;
    api.granted().await.unwrap();
    assert_eq!(server.asked("/token").len(), 2);
    api.prefixes().await.unwrap();
    assert!(
        !server.asked("/prefix/all")[0]
            .headers
            .contains_key("authorization")
    );
    assert_eq!(api.clients().await.unwrap_err().status(), Some(401));
    assert_eq!(server.asked("/clients").len(), 2);
}

#[tokio::test]
async fn a_server_that_tells_no_usage_is_no_failure() {
    let server = Scripted::start(|_, _| default()).await;
    let usage = server.api().await.scope_usage("a:b", "2026-03-02").await;
    assert_eq!(usage.unwrap(), None);
}
