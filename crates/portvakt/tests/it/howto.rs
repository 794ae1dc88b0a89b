//! The how-tos, and the page on the operator's API, work: every line of each is run, in order, in
//! one shell.

use std::path::Path;

use crate::support::DevServer;

fn run(name: &str) {
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
    DevServer::start().script(&blocks.concat());
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
fn an_operator_operates() {
    run("operator-api.md");
}
