//! What the webhook answers to what is no question, and when it cannot look anything up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode};
use kube::Client;
use portvakt_operator::injection::Settings;
use portvakt_operator::webhook::router;
use serde_json::{Value, json};
use tower::{ServiceExt, service_fn};

/// An API server that answers every request with this status, and counts them.
fn api_server(status: u16) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let reason = if status == 404 {
        "NotFound"
    } else {
        "InternalError"
    };
    let service = service_fn(move |_: Request<kube::client::Body>| {
        count.fetch_add(1, Ordering::Relaxed);
        let body = json!({"kind": "Status", "code": status, "reason": reason, "message": "x", "status": "Failure"});
        let response = Response::builder().status(status);
        async move { response.body(kube::client::Body::from(body.to_string().into_bytes())) }
    });
    (Client::new(service, "default"), asked)
}

async fn ask(client: Client, method: Method, media: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri("/inject")
        .header("content-type", media)
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = router(client, Settings::default()).oneshot(request).await;
    let response = response.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn review(labels: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "a", "operation": "CREATE", "userInfo": {},
            "object": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app"}]}},
        },
    })
}

#[tokio::test]
async fn what_is_no_question_is_refused_and_looked_up_nowhere() {
    let asks = json!({"app": "a", "portvakt/inject": "true"});
    let altered = |pointer: &str, value: Value| {
        let mut review = review(&asks);
        *review.pointer_mut(pointer).unwrap() = value;
        review.to_string()
    };
    let json = "application/json";
    let deep = "[".repeat(100_000);
    let cases = [
        (Method::GET, json, String::new(), 405),
        (Method::POST, "text/plain", review(&asks).to_string(), 415),
        (Method::POST, json, String::new(), 400),
        (Method::POST, json, deep, 400),
        (Method::POST, json, "{}".to_owned(), 400),
        (Method::POST, json, "\u{0}\u{1}".to_owned(), 400),
        (
            Method::POST,
            json,
            altered("/apiVersion", json!("admission.k8s.io/v1beta1")),
            400,
        ),
        (Method::POST, json, altered("/kind", json!("Pod")), 400),
        (Method::POST, json, altered("/request", json!(null)), 400),
        (
            Method::POST,
            json,
            altered("/request/operation", json!("MAKE")),
            400,
        ),
        (
            Method::POST,
            json,
            altered("/request/object/spec", json!("a")),
            400,
        ),
        (
            Method::POST,
            json,
            altered("/request/operation", json!("A".repeat(100_000))),
            400,
        ),
        (
            Method::POST,
            json,
            altered("/request/namespace", json!("../..")),
            400,
        ),
        (
            Method::POST,
            json,
            altered("/request/namespace", json!("x?watch=1")),
            400,
        ),
        (
            Method::POST,
            json,
            altered("/request/namespace", json!("")),
            400,
        ),
    ];
    for (method, media, body, expected) in cases {
        let (client, asked) = api_server(500);
        let (status, text) = ask(client, method, media, &body).await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!(status.as_u16(), expected, "{shown}: {text}");
        assert_eq!(asked.load(Ordering::Relaxed), 0, "{shown}");
        assert!(text.len() < 500, "{text}");
    }
}

#[tokio::test]
async fn nothing_is_said_about_what_is_no_new_pod_of_ours() {
    let asks = json!({"app": "a", "portvakt/inject": "true"});
    let altered = |pointer: &str, value: Value| {
        let mut review = review(&asks);
        *review.pointer_mut(pointer).unwrap() = value;
        review
    };
    let mut of_a_part = review(&asks);
    of_a_part["request"]["subResource"] = json!("status");
    let cases = [
        review(&json!({})),
        review(&json!({"app": "a", "portvakt/inject": "false"})),
        review(&json!({"app": "../.."})),
        review(&json!({"app": "x?watch=1"})),
        altered("/request/operation", json!("UPDATE")),
        altered("/request/resource/resource", json!("deployments")),
        altered("/request/object", json!(null)),
        of_a_part,
    ];
    for review in cases {
        let (client, asked) = api_server(500);
        let body = review.to_string();
        let (status, answer) = ask(client, Method::POST, "application/json", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(answer["response"]["uid"], review["request"]["uid"]);
        assert_eq!(answer["response"]["allowed"], true);
        assert_eq!(answer["response"]["patch"], json!(null));
        assert_eq!(asked.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn a_look_up_that_fails_is_left_to_the_failure_policy() {
    for labels in [
        json!({"app": "a"}),
        json!({"app": "a", "portvakt/inject": "true"}),
    ] {
        let (client, _) = api_server(500);
        let body = review(&labels).to_string();
        let (status, text) = ask(client, Method::POST, "application/json", &body).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{text}");
    }
}

#[tokio::test]
async fn a_pod_that_asks_for_a_client_that_is_not_there_is_refused_and_others_are_not() {
    let asks = json!({"app": "a", "portvakt/inject": "true"});
    let cases = [
        (
            asks,
            false,
            "there is no MaskinportenClient and no IDPortenClient a",
        ),
        (
            json!({"portvakt/inject": "true"}),
            false,
            "add the label app",
        ),
        (
            json!({"app": "../..", "portvakt/inject": "true"}),
            false,
            "label app: must be",
        ),
        (json!({"app": "a"}), true, ""),
    ];
    for (labels, is_allowed, expected) in cases {
        let (client, _) = api_server(404);
        let body = review(&labels).to_string();
        let (status, answer) = ask(client, Method::POST, "application/json", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["response"]["allowed"], is_allowed);
        let message = answer["response"]["status"]["message"].as_str();
        let message = message.unwrap_or_default();
        assert!(message.contains(expected), "{message}");
    }
}
