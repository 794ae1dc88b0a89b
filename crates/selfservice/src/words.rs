//! The closed vocabularies of the domain as text.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The wire name of a variant.
pub(crate) fn word(variant: impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}

/// The variant of this wire name.
pub(crate) fn variant<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::String(text.to_owned())).ok()
}
