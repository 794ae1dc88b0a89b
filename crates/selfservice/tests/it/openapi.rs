//! The description for machines, held against what the server does (spec: selfservice §2.5).

use std::collections::BTreeSet;
use std::path::Path;

use portvakt_testkit::{Answer, FJORDETATEN};
use serde_json::{Value, json};

use crate::harness::{Api, Checked, send};

async fn document(api: &Api) -> Value {
    send(api.request("GET", "/api/v1/openapi.json")).await.body
}

/// Method, address below the base, and description of every operation.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((method.to_uppercase(), address(path), operation));
        }
    }
    assert!(operations.len() > 30);
    operations
}

fn address(path: &str) -> String {
    let path = path.replace("{client_id}", "a").replace("{value}", "b");
    format!("/api/v1{}", path.replace("{consumer_orgno}", "312773023"))
}

#[tokio::test]
async fn the_description_is_open_and_may_be_kept() {
    let api = Api::start().await;
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed = std::fs::read_to_string(committed).unwrap();
    for base in ["", "/api/v1", "/external/api/v1"] {
        let path = format!("{base}/openapi.json");
        let answer = send(api.request("GET", &path)).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text == committed, "{path} differs from the document");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "public, max-age=60");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let request = api.request("GET", &path);
        let request = request.header("if-none-match", answer.header("etag"));
        let again = send(request).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        assert_eq!(again.header("etag"), answer.header("etag"));
    }
    assert_eq!(document(&api).await["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_page_is_open_and_strict() {
    let api = Api::start().await;
    for base in ["", "/api/v1", "/external/api/v1"] {
        let path = format!("{base}/docs");
        let answer = send(api.request("GET", &path)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text.starts_with("<!DOCTYPE html>"));
        assert!(answer.text.contains("GET /scopes/usage"));
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let request = api.request("GET", &path);
        let again = send(request.header("if-none-match", answer.header("etag"))).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
    }
}

#[tokio::test]
async fn every_address_offers_the_methods_that_are_described_and_no_others() {
    let api = Api::start().await;
    let document = document(&api).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        let answer = send(api.request("PROBE", &address(path))).await;
        let answer = answer.refused(405, "");
        let offered: BTreeSet<_> = answer.header("allow").split(',').map(str::trim).collect();
        let described = item.as_object().unwrap().keys();
        let mut described: BTreeSet<_> = described.map(|method| method.to_uppercase()).collect();
        if described.contains("GET") {
            described.insert("HEAD".to_owned());
        }
        let described: BTreeSet<_> = described.iter().map(String::as_str).collect();
        assert_eq!(offered, described, "{path}");
    }
}

#[tokio::test]
async fn the_scopes_that_are_described_are_those_that_are_asked_for() {
    let api = Api::start().await;
    let document = document(&api).await;
    let token = api.sign(&api.claims(FJORDETATEN, &["fjord:tidevann.read"]));
    for (method, path, operation) in operations(&document) {
        let context = format!("{method} {path}");
        let answer = send(api.request(&method, &path)).await;
        let Some(alternatives) = operation["security"].as_array() else {
            assert!(answer.status < 300, "{context}: {}", answer.text);
            continue;
        };
        // Where no token is needed there is an alternative without one, and no scope is asked for.
        if alternatives.contains(&json!({})) {
            assert_ne!(answer.status, 401, "{context}");
            let answer = send(api.request(&method, &path).bearer_auth("a.b.c")).await;
            answer.refused(401, "");
            continue;
        }
        assert_eq!(answer.status, 401, "{context}");
        let scopes: Vec<_> = alternatives
            .iter()
            .map(|requirement| requirement["bearer"][0].as_str().unwrap())
            .collect();
        let answer = send(api.request(&method, &path).bearer_auth(&token)).await;
        let expected = format!(
            "Bearer error=\"insufficient_scope\", scope=\"{}\"",
            scopes.join(" ")
        );
        assert_eq!(challenge(&answer.refused(403, "")), expected, "{context}");
    }
}

fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate")
}
