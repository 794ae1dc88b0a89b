//! What an operator mistypes, and what an attacker writes, is refused and leaves nothing behind.

use portvakt_core::ports::Store;
use portvakt_testkit::{FJORDETATEN, HAVBRIS_CLIENT, SCOPE};
use serde_json::{Value, json};

use crate::harness::{Checked, send};
use crate::operator_harness::Operated;

/// Every address that reads a body, with one that would be carried out.
fn bodies() -> Vec<(&'static str, String, Value)> {
    vec![
        (
            "PUT",
            format!("/organizations/{FJORDETATEN}"),
            json!({"name": "Fjord"}),
        ),
        (
            "POST",
            "/prefixes/fjord/transfer".to_owned(),
            json!({"to": "312773023"}),
        ),
        (
            "POST",
            "/clients".to_owned(),
            json!({
                "client_name": "A", "client_orgno": FJORDETATEN, "integration_type": "maskinporten",
                "scopes": ["idporten:dcr.read"],
            }),
        ),
        (
            "PUT",
            format!("/clients/{HAVBRIS_CLIENT}"),
            json!({"client_name": "A", "integration_type": "maskinporten", "scopes": [SCOPE]}),
        ),
        (
            "PATCH",
            format!("/scopes?scope={SCOPE}"),
            json!({"protected": true}),
        ),
        (
            "PUT",
            "/delegationsources/ny".to_owned(),
            json!({"issuer": "https://ny.example/"}),
        ),
        (
            "PUT",
            "/delegations".to_owned(),
            json!({
                "scope": "fjord:havn/anlop.write", "consumer_orgno": "314111044",
                "supplier_orgno": "313994031",
            }),
        ),
    ]
}

#[tokio::test]
async fn an_unknown_member_is_refused_by_its_name() {
    let world = Operated::start().await;
    let writer = world.writer();
    let before = world.machine.store.revision().await.unwrap();
    for (method, path, body) in bodies() {
        for name in ["nam", "ACTIVE", "client_secret2", "__proto__", "$ref"] {
            let mut mistyped = body.clone();
            mistyped[name] = json!(true);
            let answer = writer.send(method, &path, &mistyped).await;
            assert_eq!(answer.fields(), [name], "{method} {path}: {}", answer.text);
            answer.refused(400, name);
        }
    }
    assert_eq!(world.machine.store.revision().await.unwrap(), before);
    for (method, path, body) in bodies() {
        writer.send(method, &path, &body).await.ok();
    }
}

#[tokio::test]
async fn a_body_that_is_no_strict_object_is_refused() {
    let world = Operated::start().await;
    let writer = world.writer();
    let before = world.machine.store.revision().await.unwrap();
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let rotate = ("POST", "/signing-keys/rotate".to_owned(), Value::Null);
    for (method, path, _) in bodies().into_iter().chain([rotate]) {
        for text in [
            "{",
            "[]",
            "null",
            "{\"name\":\"a\",\"name\":\"b\"}",
            "{\"name\":\"a\"} x",
            "\u{feff}{}",
            &deep,
        ] {
            let request = writer.request(method, &path).body(text.to_owned());
            let answer = send(request.header("content-type", "application/json")).await;
            assert_eq!(
                answer.status, 400,
                "{method} {path} {text}: {}",
                answer.text
            );
        }
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
        ] {
            let request = writer.request(method, &path).body("{}");
            let answer = send(request.header("content-type", media_type)).await;
            answer.refused(415, "");
        }
        let large = format!("{{\"name\":\"{}\"}}", "a".repeat(256 * 1024));
        let request = writer.request(method, &path).body(large);
        send(request).await.refused(413, "");
    }
    assert_eq!(world.machine.store.revision().await.unwrap(), before);
}

#[tokio::test]
async fn members_of_the_wrong_type_and_texts_that_are_too_long_are_refused() {
    let world = Operated::start().await;
    let writer = world.writer();
    let organization = format!("/organizations/{FJORDETATEN}");
    let scope = format!("/scopes?scope={SCOPE}");
    let long = "a".repeat(1001);
    for (method, path, body, field) in [
        ("PUT", organization.as_str(), json!({"name": 5}), "name"),
        ("PUT", &organization, json!({"name": ""}), "name"),
        (
            "PUT",
            &organization,
            json!({"name": "a".repeat(256)}),
            "name",
        ),
        ("PUT", &organization, json!({"name": "a\u{1b}[2J"}), "name"),
        (
            "PUT",
            &organization,
            json!({"name": "A", "active": "false"}),
            "active",
        ),
        (
            "POST",
            "/prefixes/fjord/transfer",
            json!({"to": 312_773_023}),
            "to",
        ),
        (
            "POST",
            "/prefixes/fjord/transfer",
            json!({"to": "312773023", "scopes": "yes"}),
            "scopes",
        ),
        (
            "PATCH",
            &scope,
            json!({"visibility": "INTERAL"}),
            "visibility",
        ),
        ("PATCH", &scope, json!({"protected": 1}), "protected"),
        ("PATCH", &scope, json!({"owner_orgno": "x"}), "owner_orgno"),
        (
            "PUT",
            "/delegationsources/ny",
            json!({"issuer": long}),
            "issuer",
        ),
        (
            "PUT",
            "/delegationsources/ny",
            json!({"issuer": "https://a/\n"}),
            "issuer",
        ),
        (
            "POST",
            "/clients",
            json!({"self_managed": "true"}),
            "self_managed",
        ),
        ("POST", "/clients", json!({"jwks": 5}), "jwks"),
    ] {
        let answer = writer.send(method, path, &body).await;
        answer.refused(400, field);
    }
    let name = "a".repeat(65);
    let path = format!("/delegationsources/{name}");
    let answer = writer
        .put(&path, &json!({"issuer": "https://a.example/"}))
        .await;
    answer.refused(400, "name");
}

#[tokio::test]
async fn an_unknown_or_repeated_parameter_is_refused() {
    let world = Operated::start().await;
    let writer = world.writer();
    for path in [
        "/organizations?inactiv=true",
        "/prefixes?a=",
        "/clients?organization=312773023&scope=a",
        "/delegations?consumer=312773023",
        "/audit?organisation=312773023",
        "/signing-keys?x=1",
        "/organizations?inactive=true&inactive=true",
        "/organizations?inactive=ja",
    ] {
        let answer = writer.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
    }
    let path = format!("/organizations/{FJORDETATEN}?force=true");
    writer.delete(&path).await.refused(400, "force");
}
