//! Which attributes differ.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An attribute that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name in the self-service API.
    pub field: String,
    /// Its present value; `null` when it is unset.
    pub before: Value,
    /// Its new value.
    pub after: Value,
}

/// Attributes of `after` that differ from `before`. What `after` leaves out does not count, and
/// neither does the order of a list, because issuers keep lists as sets.
pub(super) fn changes<T: Serialize>(before: &T, after: &T, ignored: &[&str]) -> Vec<Change> {
    let (before, after) = (members(before), members(after));
    let differs = |(field, after): (String, Value)| {
        let before = before.get(&field).cloned().unwrap_or(Value::Null);
        let is_change = !ignored.contains(&field.as_str()) && normal(&before) != normal(&after);
        is_change.then_some(Change {
            field,
            before,
            after,
        })
    };
    after.into_iter().filter_map(differs).collect()
}

fn members<T: Serialize>(value: &T) -> Map<String, Value> {
    // Requests are plain data with text keys: they always become an object.
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// A value in the form in which equal ones are equal: unset is the default of its type.
fn normal(value: &Value) -> Value {
    match value {
        Value::Bool(false) => Value::Null,
        Value::String(text) if text.is_empty() => Value::Null,
        Value::Number(number) if number.as_u64() == Some(0) => Value::Null,
        Value::Array(values) if values.is_empty() => Value::Null,
        Value::Array(values) => {
            let set: BTreeSet<_> = values.iter().map(ToString::to_string).collect();
            set.into_iter().collect()
        }
        other => other.clone(),
    }
}
