use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::routes;

fn json() -> Value {
    serde_json::from_str(&text(&document())).unwrap()
}

/// The two documents.
fn both() -> [Value; 2] {
    [json(), operators()]
}

fn operators() -> Value {
    serde_json::from_str(&text(&operator::document())).unwrap()
}

/// Every operation with its address.
fn operations(document: &Value) -> Vec<(&str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.values()
            .map(move |operation| (path.as_str(), operation))
    });
    operations.collect()
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "$ref" => found.push(text.clone()),
                    _ => references(member, found),
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                references(element, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_route_has_operations_and_every_operation_a_route() {
    let document = json();
    let documented: BTreeSet<_> = operations(&document)
        .iter()
        .map(|(path, _)| *path)
        .collect();
    assert_eq!(documented, routes::paths().collect());
    let document = operators();
    let documented: BTreeSet<_> = operations(&document)
        .iter()
        .map(|(path, _)| *path)
        .collect();
    assert_eq!(documented, crate::operator::paths().into_iter().collect());
}

#[test]
fn what_is_referred_to_is_there() {
    for document in both() {
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }
}

#[test]
fn every_part_of_an_address_is_described_and_every_operation_has_its_own_name() {
    for document in both() {
        check_names(&document);
    }
}

fn check_names(document: &Value) {
    let mut names = BTreeSet::new();
    for (path, operation) in operations(document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name}");
        let parts = path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?;
            name.strip_suffix('}')
        });
        let described = operation["parameters"].as_array().into_iter().flatten();
        let described = described
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .map(|parameter| parameter["name"].as_str().unwrap());
        let (parts, described): (BTreeSet<_>, BTreeSet<_>) = (parts.collect(), described.collect());
        assert_eq!(parts, described, "{name}");
    }
}

#[test]
fn every_operation_has_the_refusals_of_every_request() {
    let documents = both();
    for (path, operation) in documents.iter().flat_map(operations) {
        for status in ["400", "405", "408", "413", "429", "500", "503"] {
            let response = &operation["responses"][status];
            assert!(response["$ref"].is_string(), "{path} {status}");
        }
        let needs_token = operation["security"].is_array();
        assert_eq!(
            operation["responses"]["401"].is_object(),
            needs_token,
            "{path}"
        );
    }
}

#[test]
fn the_committed_document_is_the_served_one() {
    for (name, text) in [
        ("openapi.json", text(&document())),
        ("openapi-operator.json", text(&operator::document())),
    ] {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let path = docs.join(name);
        if std::env::var_os("PORTVAKT_BLESS").is_some() {
            std::fs::write(&path, text).unwrap();
            continue;
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "docs/{name} differs from the code: run `make docs`"
        );
    }
}
