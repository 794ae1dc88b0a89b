//! The descriptions for machines, held against what the server does.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, get, server};
use crate::harness::LoginServer;

/// Where each document is served, and kept.
const DOCUMENTS: [(&str, &str); 5] = [
    (
        "/authorizations/openapi.json",
        "openapi-authorizations.json",
    ),
    ("/innlogginger/openapi.json", "openapi-login-history.json"),
    (
        "/authlevel/openapi.json",
        "openapi-authentication-level.json",
    ),
    ("/revokelist/openapi.json", "openapi-revoke-list.json"),
    ("/openapi.json", "openapi-contact-registry.json"),
];

async fn document(server: &LoginServer, address: &str) -> Value {
    let answer = get(server, address, "").await;
    assert_eq!(answer.status, 200, "{address}");
    assert_eq!(answer.header("cache-control"), "public, max-age=60");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    answer.json()
}

#[tokio::test]
async fn each_document_is_as_it_is_committed() {
    let server = server().await;
    for (address, file) in DOCUMENTS {
        let mut published = document(&server, address).await;
        assert_eq!(published["servers"], json!([{"url": server.base}]));
        published["servers"][0]["url"] = json!("/");
        let text = serde_json::to_string_pretty(&published).unwrap() + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs")
            .join(file);
        if std::env::var_os("PORTVAKT_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "docs/{file} differs from what is served: run make docs"
        );
        assert_eq!(published["openapi"], "3.1.0");
    }
}

#[tokio::test]
async fn every_address_offers_the_methods_and_wants_the_scopes_that_are_described() {
    let server = server().await;
    for (address, _) in DOCUMENTS {
        let document = document(&server, address).await;
        for (path, item) in document["paths"].as_object().unwrap() {
            let url = path.replace("{authorization_id}", &"A".repeat(43));
            let item = item.as_object().unwrap();
            let answer = ask(
                &server,
                Method::from_bytes(b"PROBE").unwrap(),
                &url,
                "",
                None,
            )
            .await;
            assert_eq!(answer.status, 405, "{path}");
            let offered = answer.header("allow").split(',').map(str::trim);
            // Browsers ask by themselves.
            let offered: BTreeSet<_> = offered.filter(|method| *method != "OPTIONS").collect();
            let mut described: BTreeSet<_> = item.keys().map(|name| name.to_uppercase()).collect();
            if described.contains("GET") {
                described.insert("HEAD".to_owned());
            }
            let described: BTreeSet<_> = described.iter().map(String::as_str).collect();
            assert_eq!(offered, described, "{path}");
            for (method, operation) in item {
                let method = method.to_uppercase().parse().unwrap();
                let answer = ask(&server, method, &url, "", None).await;
                let is_open = operation["security"].is_null();
                assert_eq!(answer.status, if is_open { 200 } else { 401 }, "{path}");
            }
        }
    }
}
