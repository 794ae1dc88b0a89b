//! The definitions of the custom resources, as they are applied to a cluster.

use kube::CustomResourceExt;
use serde_json::Value;

use super::{IDPortenClient, MaskinportenClient};

/// What the file that `portvakt crds` prints begins with.
const HEADER: &str =
    "# Made by `portvakt crds`. Do not edit: change crates/operator/src/resource.\n";

/// Both custom resource definitions, in the order in which they are printed.
///
/// # Errors
/// Never in practice: a definition is plain data.
pub fn definitions() -> Result<Vec<Value>, serde_json::Error> {
    let derived = [IDPortenClient::crd(), MaskinportenClient::crd()];
    let mut definitions = Vec::with_capacity(derived.len());
    for definition in derived {
        let mut definition = serde_json::to_value(definition)?;
        if let Some(Value::Array(versions)) = definition.pointer_mut("/spec/versions") {
            for version in versions {
                publish(&mut version["schema"]["openAPIV3Schema"]);
            }
        }
        definitions.push(definition);
    }
    Ok(definitions)
}

/// Both definitions as one YAML text of several documents.
///
/// # Errors
/// Never in practice: a definition is plain data.
pub fn definitions_yaml() -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut text = HEADER.to_owned();
    for definition in definitions()? {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&definition)?);
    }
    Ok(text)
}

/// Makes a derived schema mean what the published one means (spec: nais §14). What is optional may be
/// absent but not null, so that what an older operator reads is what it has always read; sizes of numbers
/// are given only where the published schema gives them.
fn publish(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| match name.as_str() {
                "nullable" | "title" => false,
                "format" => value == "date-time" || value == "int64",
                _ => true,
            });
            members.values_mut().for_each(publish);
        }
        Value::Array(elements) => elements.iter_mut().for_each(publish),
        Value::Number(number) => whole(number),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Writes `30.0` as `30`.
fn whole(number: &mut serde_json::Number) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounds of fields are small, and one that is not whole stays as it is"
    )]
    if let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0) {
        *number = serde_json::Number::from(float as i64);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `PORTVAKT_BLESS=1` writes the file anew.
    #[test]
    fn the_committed_definitions_are_those_of_the_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/operator/crds.yaml");
        let made = definitions_yaml().unwrap();
        if std::env::var_os("PORTVAKT_BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == made,
            "deploy/operator/crds.yaml is out of date: PORTVAKT_BLESS=1 cargo test -p portvakt-operator"
        );
    }

    #[test]
    fn nothing_is_nullable_and_no_number_has_a_size_that_the_published_schema_does_not_give() {
        let text = serde_json::to_string(&definitions().unwrap()).unwrap();
        for absent in ["nullable", "int32", "\"title\"", "\"default\":null"] {
            assert!(!text.contains(absent), "{absent}");
        }
        let sizes = text.matches("int64").count();
        assert_eq!(
            sizes, 6,
            "observedGeneration of each status and condition, steps of each preview"
        );
    }
}
