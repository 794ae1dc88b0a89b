//! A big registry in one unit of work.

use std::fmt::Write;

use portvakt_core::administration::RecordKind;

use crate::harness::{Registry, at};

/// Not a timing assertion: the suite would just be slow if applying grew faster than the file.
#[tokio::test]
async fn thousands_of_clients_are_applied_at_once() {
    const CLIENTS: usize = 2_000;
    let mut text = "organizations: [{orgno: \"889640782\", name: Nav, prefixes: [nav]}]\n\
         scopes: [{name: \"nav:a\", description: A, accessible_for_all: true}]\nclients:\n"
        .to_owned();
    for n in 0..CLIENTS {
        writeln!(
            text,
            "  - {{client_id: c{n}, client_name: C{n}, client_orgno: \"{:09}\", \
             integration_type: maskinporten, scopes: [\"nav:a\"], token_endpoint_auth_signing_alg: EdDSA, \
             jwks: {{keys: [{{kty: OKP, crv: Ed25519, use: sig, alg: EdDSA, kid: k1, \
             x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}}]}}}}",
            100_000_000 + n % 500
        )
        .unwrap();
    }
    let registry = Registry::bootstrapped().await;
    let applied = registry.apply(&text, at(1)).await.unwrap();
    assert_eq!(applied.counts[&RecordKind::Client].created, CLIENTS);
    let again = registry.apply(&text, at(2)).await.unwrap();
    assert_eq!(again.counts[&RecordKind::Key].unchanged, CLIENTS);
}
