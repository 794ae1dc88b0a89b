//! What a collector gets of requests.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::collector::otlp::Span;
use super::collector::{Collector, TAKEN, texts};
use super::{hex, traced};
use crate::harness::{Deployment, Server};

#[tokio::test]
async fn a_token_request_is_a_span_with_its_parts() {
    let collector = Collector::start(TAKEN).await;
    let deployment = traced(Deployment::new(), collector.url());
    let server = deployment.start().await;
    let grant = Deployment::grant();
    assert_eq!(server.exchange(&grant).await.0, 200);
    assert_eq!(server.exchange(&grant).await.0, 400);
    assert!(server.stopped().await.success());

    let resource = collector.resource();
    assert_eq!(resource["service.name"], "portvakt");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(resource["service.instance.id"].len(), 36);

    let [issued, refused] = collector.requests("POST /token").try_into().unwrap();
    assert_says(&issued, &[("http.response.status_code", "200")]);
    assert!(issued.status.is_none() && issued.parent_span_id.is_empty());
    let refusal = [
        ("http.response.status_code", "400"),
        ("error.type", "MP-012"),
    ];
    assert_says(&refused, &refusal);
    assert!(refused.status.is_none(), "the client is at fault");
    assert_ne!(issued.trace_id, refused.trace_id);

    let parts = collector.within(&issued);
    let expected = [
        "grant.authenticate",
        "grant.authorize",
        "ledger.consume",
        "registry.read",
    ];
    assert!(parts.keys().eq(expected), "{parts:?}");
    let within = collector.within(&parts["grant.authorize"]);
    let expected = ["registry.read", "token.sign"];
    assert!(within.keys().eq(expected), "{within:?}");
    let later = collector.within(&refused);
    assert!(!later.contains_key("registry.read"), "it is in memory now");
    for part in parts.values().chain(within.values()) {
        assert_eq!(part.trace_id, issued.trace_id);
        assert!(issued.start_time_unix_nano <= part.start_time_unix_nano);
        assert!(part.start_time_unix_nano < part.end_time_unix_nano);
        assert!(part.end_time_unix_nano <= issued.end_time_unix_nano);
        assert!(part.attributes.is_empty(), "{part:?}");
    }

    for (message, span) in [("token issued", issued), ("token refused", refused)] {
        let log = deployment.log();
        let mut lines = log.iter().filter(|line| line["message"] == message);
        assert_eq!(lines.next().unwrap()["trace_id"], hex(&span.trace_id));
    }
}

/// The attributes of a token request are these and what all have.
fn assert_says(span: &Span, outcome: &[(&str, &str)]) {
    let mut attributes = texts(&span.attributes);
    let request_id = attributes.remove("portvakt.request_id");
    assert_eq!(request_id.unwrap().len(), 32);
    let always = [
        ("http.request.method", "POST"),
        ("http.route", "/token"),
        ("url.scheme", "https"),
        ("server.address", "maskinporten.example.no"),
        ("portvakt.surface", "maskinporten"),
    ];
    let expected = always.iter().chain(outcome);
    let expected: BTreeMap<_, _> = expected
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(attributes, expected);
}

/// The bytes are what the project of OpenTelemetry itself reads as a trace.
#[tokio::test]
async fn opentelemetrys_own_messages_read_what_is_sent() {
    let collector = Collector::start(TAKEN).await;
    let deployment =
        traced(Deployment::new(), collector.url()).with("PORTVAKT__TRACES__SERVICE_INSTANCE", "en");
    let server = deployment.start().await;
    assert_eq!(server.token().await.0, 200);
    assert!(server.stopped().await.success());
    let mut spans = Vec::new();
    for (headers, message) in collector.messages() {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        let file = deployment.place("message.bin");
        std::fs::write(&file, message).unwrap();
        let read = read_by_python(&file);
        let resource = &read["resourceSpans"][0];
        let instance = json!({"key": "service.instance.id", "value": {"stringValue": "en"}});
        let said = resource["resource"]["attributes"].as_array().unwrap();
        assert!(said.contains(&instance), "{resource}");
        let scope = &resource["scopeSpans"][0];
        assert_eq!(scope["scope"]["name"], "portvakt");
        spans.extend(scope["spans"].as_array().unwrap().clone());
    }
    let find = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap();
    let request = find("POST /token");
    assert_eq!(request["kind"], "SPAN_KIND_SERVER");
    let status = json!({"key": "http.response.status_code", "value": {"intValue": "200"}});
    assert!(request["attributes"].as_array().unwrap().contains(&status));
    let part = find("ledger.consume");
    assert_eq!(part["kind"], "SPAN_KIND_INTERNAL");
    assert_eq!(part["parentSpanId"], request["spanId"]);
    assert_eq!(part["traceId"], request["traceId"]);
    for time in ["startTimeUnixNano", "endTimeUnixNano"] {
        let nanoseconds: u64 = request[time].as_str().unwrap().parse().unwrap();
        assert!(nanoseconds > 1_700_000_000_000_000_000, "{request}");
    }
}

/// A message as the definitions that the project publishes for Python read it.
fn read_by_python(file: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/clients/python/bin/python3");
    let missing = format!("{} is missing: run scripts/clients.sh", python.display());
    assert!(python.exists(), "{missing}");
    let mut read = Command::new(&python);
    read.arg(root.join("tests/clients/python/read_traces.py"));
    let read = read.arg(file).output().unwrap();
    assert!(read.status.success(), "{read:?}");
    serde_json::from_slice(&read.stdout).unwrap()
}

#[tokio::test]
async fn an_act_of_administration_shows_its_commit() {
    let collector = Collector::start(TAKEN).await;
    let deployment = traced(Deployment::new(), collector.url());
    let server = deployment.start().await;
    let token = administrator_token(&deployment, &server).await;
    let scope = json!({"prefix": "fjord", "subscope": "bolger", "description": "B"});
    let client = reqwest::Client::new();
    let created = client
        .post(server.url("selfservice", "/api/v1/scopes"))
        .bearer_auth(&token)
        .header("content-type", "application/json")
        .body(scope.to_string());
    let created = created.send().await.unwrap();
    assert!(created.status().is_success(), "{:?}", created.text().await);
    for (surface, path) in [
        ("selfservice", "/api/v1/clients/x"),
        ("operations", "/operator/v1/organizations"),
    ] {
        assert_eq!(server.get(surface, path).await.0, 401);
    }
    for probe in ["/health", "/ready", "/metrics"] {
        assert_eq!(server.get("operations", probe).await.0, 200);
    }
    assert!(server.stopped().await.success());
    let act = collector.request("POST /scopes");
    assert_eq!(texts(&act.attributes)["server.address"], "api.example.no");
    assert!(collector.within(&act).contains_key("registry.commit"));
    let refused = collector.request("GET /clients/{client_id}");
    assert_eq!(texts(&refused.attributes)["error.type"], "401");
    let operator = collector.request("GET /operator/v1");
    let attributes = texts(&operator.attributes);
    assert_eq!(attributes["portvakt.surface"], "operator");
    let requests = collector.spans().into_iter().filter(|span| span.kind == 2);
    assert_eq!(requests.count(), 4, "what the platform asks is not traced");
    let log = deployment.log();
    let mut lines = log
        .iter()
        .filter(|line| line["message"] == "administration");
    assert_eq!(
        lines.next().unwrap()["trace_id"],
        hex(&act.trace_id),
        "{log:?}"
    );
}

/// A token of a client that may administer the scopes of its organization.
async fn administrator_token(deployment: &Deployment, server: &Server) -> String {
    let registered = json!({"clients": [{
        "client_id": "fjord-administrasjon", "client_orgno": "310420107", "client_name": "F",
        "integration_type": "maskinporten", "scopes": ["idporten:scopes.write"],
        "jwks": Deployment::public_keys(),
    }]});
    let registered = deployment.file("administrator.yaml", &registered.to_string());
    let applied = deployment.operate(&["registry", "apply", &registered]);
    assert!(applied.status.success(), "{applied:?}");
    let grant = Deployment::grant_of("fjord-administrasjon", "idporten:scopes.write");
    let (status, token) = server.exchange(&grant).await;
    assert_eq!(status, 200, "{token}");
    token["access_token"].as_str().unwrap().to_owned()
}
