//! What no collector gets.

use serde_json::Value;

use super::collector::{Collector, TAKEN};
use super::traced;
use crate::harness::{Deployment, Server};

const HEADERS: &str = "PORTVAKT__TRACES__HEADERS_FILE";
const SECRET: &str = "hemmelig";
const PERSON: &str = "17869010057";
const API_KEY: &str = "samlerens-nokkel";

/// Threat: secrets, people and what strangers write end up at whoever reads traces.
#[tokio::test]
async fn nothing_that_a_client_sends_is_in_a_trace() {
    let collector = Collector::start(TAKEN).await;
    let deployment = Deployment::new();
    let headers = format!("Authorization: Bearer {API_KEY}\n");
    let headers = deployment.file("headers", &headers);
    let deployment = traced(deployment, collector.url()).with(HEADERS, &headers);
    let server = deployment.start().await;
    let grant = Deployment::grant();
    let (status, answer) = server.exchange(&grant).await;
    assert_eq!(status, 200);
    send_secrets_everywhere(&server).await;
    assert!(server.stopped().await.success());

    let token = answer["access_token"].as_str().unwrap();
    let mut secrets: Vec<&str> = grant.split('.').chain(token.split('.')).collect();
    secrets.extend([SECRET, "HEMMELIG", PERSON, "havbris", "312773023", API_KEY]);
    assert!(collector.spans().len() > 15);
    for (headers, message) in collector.messages() {
        assert_eq!(headers["authorization"], format!("Bearer {API_KEY}"));
        let message = String::from_utf8_lossy(&message);
        for secret in &secrets {
            assert!(!message.contains(secret), "{secret} in {message}");
        }
    }
    let shown = deployment.config(&["show"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(&headers) && !shown.contains(API_KEY));
    let log: Vec<_> = deployment.log().iter().map(Value::to_string).collect();
    assert!(log.iter().all(|line| !line.contains(API_KEY)), "{log:?}");
}

/// In every part of a request, by every kind of method, to every surface.
async fn send_secrets_everywhere(server: &Server) {
    let places = [
        ("maskinporten", format!("/token?secret={SECRET}")),
        ("maskinporten", format!("/{SECRET}/{PERSON}?{SECRET}")),
        ("maskinporten", format!("/errors/{SECRET}")),
        (
            "selfservice",
            format!("/api/v1/clients/{SECRET}?pid={PERSON}"),
        ),
        ("operations", format!("/operator/v1/clients/{SECRET}")),
    ];
    let client = reqwest::Client::new();
    let body = format!("grant_type={SECRET}&assertion={SECRET}.{SECRET}.{SECRET}&pid={PERSON}");
    for (surface, path) in &places {
        for method in ["GET", "POST", "HEMMELIG"] {
            let request = client
                .request(method.parse().unwrap(), server.url(surface, path))
                .header("content-type", "application/x-www-form-urlencoded")
                .header("user-agent", SECRET)
                .header("host", format!("{SECRET}.example"))
                .header("x-request-id", SECRET)
                .header("x-forwarded-for", SECRET)
                .header("tracestate", format!("{SECRET}=1"))
                .header("baggage", format!("{SECRET}=1"))
                .header("cookie", format!("session={SECRET}"))
                .bearer_auth(SECRET)
                .body(body.clone());
            let status = request.send().await.unwrap().status();
            assert!(status.is_client_error(), "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn a_server_does_not_start_without_the_headers_that_it_was_told_to_send() {
    let endpoint = Collector::nowhere().await;
    let deployment = Deployment::new();
    let headers = deployment.file("headers", SECRET);
    let deployment = traced(deployment, &endpoint).with(HEADERS, &headers);
    let ended = deployment.serve_to_its_end();
    assert!(!ended.status.success());
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("traces.headers_file"), "{said}");
    assert!(said.contains("line 1") && !said.contains(SECRET), "{said}");
}
