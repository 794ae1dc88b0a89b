//! Input of every wrong kind gets a documented 4xx, and leaves nothing half-written
//! (spec: selfservice §4).

use serde_json::json;

use crate::harness::{Api, Checked, but, havbris, registered, send, tidevann, with_scope};

async fn post_text(api: &Api, path: &str, body: &str) -> portvakt_testkit::Answer {
    let caller = if path == "/scopes" {
        api.provider()
    } else {
        api.consumer()
    };
    let request = caller.request("POST", path).body(body.to_owned());
    send(request.header("content-type", "application/json")).await
}

#[tokio::test]
async fn a_body_that_is_no_strict_object_is_refused() {
    let api = with_scope().await;
    let id = registered(&api.consumer()).await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let keys = format!("/clients/{id}/jwks");
    for path in ["/scopes", "/clients", &keys] {
        for body in [
            "",
            "{",
            "null",
            "1",
            "\"a\"",
            "{\"a\":1,\"a\":2}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "{\"a\":1} x",
            "{\"a\":1e999}",
            "{\"a\":\"\u{1}\"}",
            &deep,
        ] {
            let answer = post_text(&api, path, body).await.refused(400, "");
            assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1, "{body}");
        }
    }
    post_text(&api, "/scopes", "[]").await.refused(400, "");
    post_text(&api, "/scopes", "[1],\"a\":2")
        .await
        .refused(400, "");
    post_text(&api, &keys, "[],\"keys\":[]")
        .await
        .refused(400, "");
}

#[tokio::test]
async fn every_fault_of_a_client_is_reported_at_once() {
    let api = with_scope().await;
    let body = json!({
        "client_name": 5, "description": "a\u{0}b", "integration_type": "maskinporten",
        "application_type": "telefon", "token_endpoint_auth_method": "passord",
        "grant_types": ["implicit"], "scopes": ["uten-kolon", "fjord:tidevann.read"],
        "client_uri": "ikke en adresse", "access_token_lifetime": 86401,
        "refresh_token_lifetime": -1, "authorization_lifetime": "7200",
        "sso_disabled": "nei", "refresh_token_usage": "TWICE", "code_challenge_method": "plain",
        "post_logout_redirect_uris": ["https://a.example/", "relativ"], "client_orgno": "31277302",
        "display_name": "a".repeat(256),
    });
    let answer = api.consumer().post("/clients", &body).await;
    let mut fields = answer.refused(400, "client_name").fields();
    fields.sort();
    assert_eq!(
        fields,
        [
            "access_token_lifetime",
            "application_type",
            "authorization_lifetime",
            "client_name",
            "client_orgno",
            "client_uri",
            "code_challenge_method",
            "description",
            "display_name",
            "grant_types[0]",
            "post_logout_redirect_uris[1]",
            "refresh_token_lifetime",
            "refresh_token_usage",
            "scopes[0]",
            "sso_disabled",
            "token_endpoint_auth_method",
        ]
    );
}

#[tokio::test]
async fn what_is_missing_is_reported_at_once() {
    let api = with_scope().await;
    let answer = api.consumer().post("/clients", &json!({})).await;
    let mut fields = answer.refused(400, "client_name").fields();
    fields.sort();
    assert_eq!(fields, ["client_name", "integration_type", "scopes"]);
    let answer = api.provider().post("/scopes", &json!({})).await;
    let mut fields = answer.refused(400, "prefix").fields();
    fields.sort();
    assert_eq!(fields, ["description", "prefix", "subscope"]);
}

#[tokio::test]
async fn every_fault_of_a_scope_is_reported_at_once() {
    let api = Api::start().await;
    let body = json!({
        "prefix": "Fjord", "subscope": "a b", "description": "", "long_description": "\u{7}",
        "visibility": "INTERAL", "allowed_integration_types": ["maskinporten", "annet"],
        "at_max_age": -1, "authorization_max_age": 34_560_001, "token_type": "JWT",
        "requires_user_consent": 1, "description#en": 5, "long_description#": "a",
        "delegation_source": "https://a.example/\u{7f}",
    });
    let answer = api.provider().post("/scopes", &body).await;
    let mut fields = answer.refused(400, "prefix").fields();
    fields.sort();
    assert_eq!(
        fields,
        [
            "allowed_integration_types[1]",
            "at_max_age",
            "authorization_max_lifetime",
            "delegation_source",
            "description",
            "description#en",
            "long_description",
            "long_description#",
            "prefix",
            "requires_user_consent",
            "subscope",
            "token_type",
            "visibility",
        ]
    );
}

#[tokio::test]
async fn texts_are_bounded_in_characters() {
    let api = with_scope().await;
    let provider = api.provider();
    for (field, longest) in [("description", 1000), ("long_description", 8000)] {
        let body = |length: usize| {
            let subscope = format!("lang.{field}");
            but(
                tidevann(),
                &json!({"subscope": subscope, field: "ø".repeat(length)}),
            )
        };
        let answer = provider.post("/scopes", &body(longest + 1)).await;
        answer.refused(400, field);
        provider.post("/scopes", &body(longest)).await.ok();
    }
    let name = |length: usize| but(havbris(), &json!({"client_name": "ø".repeat(length)}));
    let consumer = api.consumer();
    let answer = consumer.post("/clients", &name(256)).await;
    answer.refused(400, "client_name");
    consumer.post("/clients", &name(255)).await.ok();
    let many: Vec<_> = (0..201).map(|number| format!("fjord:s{number}")).collect();
    let answer = consumer
        .post("/clients", &but(havbris(), &json!({"scopes": many})))
        .await;
    let answer = answer.refused(400, "scopes");
    assert!(answer.text.len() < 16 * 1024, "errors are short");
}

#[tokio::test]
async fn queries_are_checked() {
    let api = with_scope().await;
    let provider = api.provider();
    for (method, path, field) in [
        ("GET", "/scopes?inactive=ja", "inactive"),
        ("GET", "/scopes?scope=utenkolon", "scope"),
        ("GET", "/scopes?scope=a:b&scope=a:b", "scope"),
        ("GET", "/scopes/access", "scope"),
        ("PUT", "/scopes", "scope"),
        ("DELETE", "/scopes", "scope"),
        ("PUT", "/scopes/access/312773023", "scope"),
        ("DELETE", "/scopes/access/312773023", "scope"),
        (
            "DELETE",
            "/scopes/access/x?scope=fjord:tidevann.read",
            "consumer_orgno",
        ),
        ("PUT", "/scopes/access/%0a%1b?scope=a:b", "consumer_orgno"),
        (
            "GET",
            "/scopes/all?accessible_for_all=kanskje",
            "accessible_for_all",
        ),
        ("GET", "/scopes/all?owner_orgno=1", "owner_orgno"),
        (
            "GET",
            "/scopes/all?allowed_integration_type=x",
            "allowed_integration_type",
        ),
    ] {
        let answer = send(provider.request(method, path))
            .await
            .refused(400, field);
        let message = answer.body["errors"][0]["errorMessage"].as_str().unwrap();
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
    let consumer = api.consumer();
    for (query, field) in [
        ("integration_type=x", "integration_type"),
        ("client_orgno=x", "client_orgno"),
        ("scope=x", "scope"),
    ] {
        let answer = consumer.get(&format!("/clients?{query}")).await;
        answer.refused(400, field);
    }
}

#[tokio::test]
async fn nothing_of_a_refused_write_is_kept() {
    let api = with_scope().await;
    let provider = api.provider();
    let before = provider.get("/scopes").await.ok();
    let bad = but(
        tidevann(),
        &json!({"delegation_source": "https://ukjent.example/"}),
    );
    let path = "/scopes?scope=fjord:tidevann.read";
    provider
        .put(path, &bad)
        .await
        .refused(400, "delegation_source");
    for (name, value) in [
        ("name", "fjord:annet"),
        ("prefix", "annet"),
        ("subscope", "annet"),
    ] {
        let bad = but(tidevann(), &json!({ name: value }));
        provider.put(path, &bad).await.refused(400, name);
    }
    let unknown = "/scopes/access/999999999?scope=fjord:ukjent";
    provider.put_nothing(unknown).await.refused(404, "");
    let after = provider.get("/scopes").await.ok();
    assert_eq!(before.body, after.body);
    assert_eq!(
        before.header("portvakt-revision"),
        after.header("portvakt-revision")
    );
}
