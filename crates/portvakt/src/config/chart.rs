//! The chart for Kubernetes takes the configuration as its value `config`, and refuses keys that do not
//! exist before anything is installed. What it knows of them is written here.

use serde_json::{Value, json};
use utoipa::PartialSchema;

use super::Config;

/// Keys that the chart writes itself, so that nobody else does.
const OWN: [&str; 12] = [
    "/database/password_file",
    "/keys/encryption_key_file",
    "/keys/encryption_key_variable",
    "/keys/former_encryption_key_files",
    "/maskinporten/listener/listen",
    "/idporten/listener/listen",
    "/selfservice/listener/listen",
    "/operations/listener/listen",
    "/operations/listener/tls_certificate_file",
    "/operations/listener/tls_key_file",
    "/traces/headers_file",
    "/traces/service_instance",
];

/// The keys that a value of the chart may have. None is required: the chart says which are, with the
/// store that they are for.
fn schema() -> Value {
    let mut schema = serde_json::to_value(Config::schema()).unwrap();
    for key in OWN {
        let (section, name) = key.rsplit_once('/').unwrap();
        let section = section[1..].split('/').fold(&mut schema, |schema, step| {
            &mut own(schema)["properties"][step]
        });
        let removed = own(section)["properties"]
            .as_object_mut()
            .unwrap()
            .remove(name);
        assert!(removed.is_some(), "{key} is no key");
    }
    simplify(&mut schema);
    schema
}

/// The schema itself, where a field adds nothing but words to it.
fn own(schema: &mut Value) -> &mut Value {
    if schema.get("allOf").is_some() {
        &mut schema["allOf"][0]
    } else {
        schema
    }
}

fn simplify(schema: &mut Value) {
    if let Some([section, field]) = schema["allOf"].as_array().map(Vec::as_slice) {
        assert!(field.get("properties").is_none(), "{schema}");
        let mut section = section.clone();
        section["description"] = field["description"].clone();
        *schema = section;
    }
    let members = schema.as_object_mut().unwrap();
    for word in ["required", "format"] {
        members.remove(word);
    }
    if members.contains_key("properties") {
        // A schema of one's own says this by itself.
        assert_eq!(members["additionalProperties"], json!(false));
    }
    let properties = members.get_mut("properties").and_then(Value::as_object_mut);
    properties
        .into_iter()
        .flatten()
        .for_each(|(_, property)| simplify(property));
    if let Some(items) = members.get_mut("items") {
        simplify(items);
    }
}

/// `PORTVAKT_BLESS=1` writes that part of the file anew.
#[test]
fn the_chart_knows_every_key() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/helm/portvakt/values.schema.json"
    );
    let committed = std::fs::read_to_string(path).unwrap();
    let mut values: Value = serde_json::from_str(&committed).unwrap();
    values["properties"]["config"] = schema();
    let written = format!("{values:#}\n");
    if std::env::var_os("PORTVAKT_BLESS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == written, "run `make docs`");
}
