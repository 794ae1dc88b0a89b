//! Who may use the operations port.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Dev, send};

const CONTROLS: [(Method, &str); 13] = [
    (Method::GET, "/health"),
    (Method::GET, "/ready"),
    (Method::GET, "/dev/clock"),
    (Method::PUT, "/dev/clock"),
    (Method::DELETE, "/dev/clock"),
    (Method::POST, "/dev/faults"),
    (Method::POST, "/dev/keys/rotate"),
    (Method::POST, "/dev/tokens"),
    (Method::POST, "/dev/explain"),
    (Method::GET, "/dev/requests"),
    (Method::GET, "/operator/v1/audit"),
    (Method::PUT, "/operator/v1/organizations/310420107"),
    (Method::POST, "/operator/v1/signing-keys/rotate"),
];

#[tokio::test]
async fn names_that_resolve_to_this_machine_by_deceit_are_refused() {
    let dev = Dev::start().await;
    let port = dev.operations_port();
    for (method, path) in CONTROLS {
        for host in [
            format!("evil.example:{port}"),
            format!("localhost.evil.example:{port}"),
            "localhost".to_owned(),
            format!("localhost:{}", dev.port()),
        ] {
            let request = dev
                .http()
                .request(method.clone(), format!("{}{path}", dev.operations()))
                .header("host", &host);
            let answer = send(request.json(&json!({}))).await;
            assert_eq!(answer.status, 403, "{method} {path} as {host}");
            assert_eq!(answer.body["error"], "access_denied");
        }
    }
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let dev = Dev::start().await;
    for (method, path) in CONTROLS {
        for origin in [
            "https://evil.example",
            "null",
            dev.issuer().trim_end_matches('/'),
        ] {
            let request = dev
                .http()
                .request(method.clone(), format!("{}{path}", dev.operations()))
                .header("origin", origin);
            let answer = send(request.json(&json!({}))).await;
            assert_eq!(answer.status, 403, "{method} {path} from {origin}");
            let allowed = answer.headers.get("access-control-allow-origin");
            assert_eq!(allowed, None, "{method} {path} from {origin}");
        }
    }
}

#[tokio::test]
async fn forms_cannot_write() {
    let dev = Dev::start().await;
    let before = dev.order(Method::GET, "/dev/clock", Value::Null).await;
    for (method, path) in CONTROLS {
        if !matches!(method, Method::POST | Method::PUT) || path == "/dev/explain" {
            continue;
        }
        for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
            let request = dev
                .http()
                .request(method.clone(), format!("{}{path}", dev.operations()))
                .header("content-type", content_type)
                .body("{\"advance_seconds\": 5}");
            assert_eq!(
                send(request).await.status,
                415,
                "{method} {path} {content_type}"
            );
        }
    }
    let after = dev.order(Method::GET, "/dev/clock", Value::Null).await;
    assert_eq!(before["offset_seconds"], after["offset_seconds"]);
}

#[tokio::test]
async fn whatever_is_sent_gets_a_documented_answer() {
    let dev = Dev::start().await;
    for path in ["/", "/dev", "/dev/clock/", "/dev/tokens/x", "/token"] {
        let answer = dev.control(Method::GET, path, &Value::Null).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (404, &json!("not_found")),
            "{path}"
        );
    }
    for (method, path) in [
        (Method::POST, "/dev/clock"),
        (Method::GET, "/dev/tokens"),
        (Method::DELETE, "/dev/requests"),
        (Method::PUT, "/dev/faults"),
    ] {
        let answer = dev.control(method.clone(), path, &json!({})).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert!(answer.headers.contains_key("allow"), "{method} {path}");
        assert_eq!(answer.body["error"], "invalid_request");
    }
    for path in ["/dev/faults", "/dev/tokens", "/dev/keys/rotate"] {
        for body in ["{", "[]", "\u{0}", "{\"unknown\": 1}", "nan"] {
            let request = dev
                .http()
                .post(format!("{}{path}", dev.operations()))
                .header("content-type", "application/json");
            let answer = send(request.body(body)).await;
            assert_eq!(
                (answer.status, &answer.body["error"]),
                (400, &json!("invalid_request")),
                "{path} {body:?}"
            );
        }
        let large = format!("{{\"claims\": \"{}\"}}", "x".repeat(70_000));
        let request = dev
            .http()
            .post(format!("{}{path}", dev.operations()))
            .header("content-type", "application/json");
        assert_eq!(send(request.body(large)).await.status, 413, "{path}");
    }
}

/// The operator's API shares the port, and neither its form of answers nor the controls' freedom.
#[tokio::test]
async fn the_operators_api_asks_for_a_token_on_the_same_port() {
    let dev = Dev::start().await;
    for path in ["/organizations", "/audit", "/signing-keys"] {
        let path = format!("/operator/v1{path}");
        let answer = dev.control(Method::GET, &path, &Value::Null).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.body["status"], 401, "{path}: {}", answer.text);
        assert_eq!(answer.body["correlation_id"], answer.request_id());
    }
    let unknown = dev
        .control(Method::GET, "/operator/v1/nothing", &Value::Null)
        .await;
    assert_eq!(
        (unknown.status, &unknown.body["status"]),
        (404, &json!(404))
    );
    // A developer's token with every claim but a client of the operator's is none.
    let claims = json!({"scope": "portvakt:operator.write", "client_id": "ukjent"});
    let minted = dev
        .order(Method::POST, "/dev/tokens", json!({ "claims": claims }))
        .await;
    let url = format!("{}/operator/v1/organizations", dev.operations());
    let token = minted["access_token"].as_str().unwrap();
    let answer = send(dev.http().get(url).bearer_auth(token)).await;
    assert!(matches!(answer.status, 401 | 403), "{}", answer.text);
    let elsewhere = format!("{}/operator/v1/organizations", dev.selfservice());
    assert_eq!(dev.get(&elsewhere).await.status, 404);
}
