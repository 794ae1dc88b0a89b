//! The how-tos, and the page on the operator's API, work: every line of each is run, in order, in
//! one shell.

use std::path::Path;

use crate::support::DevServer;

/// What a page shows to be run.
fn blocks(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    let page = std::fs::read_to_string(path).unwrap();
    let blocks: Vec<_> = page
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(blocks.len() >= 5, "{name} has {} blocks", blocks.len());
    blocks.concat()
}

fn run(name: &str) {
    DevServer::start().script(&blocks(name));
}

#[test]
fn a_provider_offers_an_api() {
    run("howto/provider.md");
}

#[test]
fn a_consumer_uses_an_api() {
    run("howto/consumer.md");
}

#[test]
fn a_supplier_acts_for_a_customer() {
    run("howto/supplier.md");
}

#[test]
fn a_manifest_becomes_scopes_access_and_a_client() {
    run("provisioning.md");
}

#[test]
fn an_operator_operates() {
    run("operator-api.md");
}

/// The page on operations starts with a configuration, and a server has made the first key.
#[cfg(unix)]
#[test]
fn an_operator_keeps_a_production_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "database: {{url: 'sqlite:{}/portvakt.db'}}\n\
         maskinporten: {{issuer: 'https://maskinporten.example.no/'}}\n\
         selfservice: {{base_urls: ['https://api.example.no/api/v1']}}\n\
         keys: {{encryption_key_file: encryption.key}}\n",
        folder.path().display()
    );
    std::fs::write(folder.path().join("portvakt.yaml"), config).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_portvakt")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let ran = crate::support::ran(
        std::process::Command::new("bash")
            .args(["-euo", "pipefail", "-c", &blocks("operations.md")])
            .env("PATH", path)
            .env_remove("PORTVAKT_DATA_DIR")
            .env_remove("PORTVAKT_OUTPUT")
            .current_dir(folder.path()),
    );
    let printed = ran.done();
    assert!(printed.contains("restored"), "{printed}");
}
