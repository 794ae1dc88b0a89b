//! The file as a tree of values, and the environment laid over it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ConfigError;

/// Variables that begin so are keys: `PORTVAKT__DATABASE__URL` is `database.url`.
const MARK: &str = "PORTVAKT__";

/// The variables that are keys. They are handed in, so that tests need no environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of the process. A variable that is not Unicode is no key of ours.
    pub(crate) fn of_process() -> Self {
        let unicode = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        unicode.collect()
    }

    /// Puts every variable at its key's place.
    pub(super) fn lay_over(&self, document: &mut Value) -> Result<(), ConfigError> {
        for (variable, text) in &self.0 {
            let unknown = || ConfigError::UnknownVariable {
                variable: variable.clone(),
            };
            let path = variable.trim_start_matches(MARK).to_ascii_lowercase();
            let mut steps: Vec<_> = path.split("__").collect();
            let key = steps.pop().filter(|key| !key.is_empty());
            let (Some(key), false) = (key, steps.is_empty()) else {
                return Err(unknown());
            };
            let section = descend(document, &steps).ok_or_else(unknown)?;
            section.insert(key.to_owned(), value(text));
        }
        Ok(())
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let keys = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(MARK));
        Self(keys.collect())
    }
}

/// The map below these keys, made where it is missing; none where something else is in its place.
fn descend<'a>(document: &'a mut Value, steps: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let mut place = document;
    for step in steps {
        let members = place.as_object_mut()?;
        place = members
            .entry(*step)
            .or_insert_with(|| Value::Object(Map::new()));
    }
    place.as_object_mut()
}

/// Numbers, booleans and lists are written as in JSON; everything else is text.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Lays what was written over the defaults, key by key. A key without a value is not written.
pub(super) fn merge(defaults: &mut Value, written: Value) {
    match (defaults, written) {
        (Value::Object(defaults), Value::Object(written)) => {
            for (key, value) in written.into_iter().filter(|(_, value)| !value.is_null()) {
                merge(defaults.entry(key).or_insert(Value::Null), value);
            }
        }
        (defaults, written) => *defaults = written,
    }
}

/// The file's tree. A file with nothing in it is a map with nothing in it.
pub(super) fn document(text: &str) -> Result<Value, ConfigError> {
    let document: Option<Value> =
        serde_saphyr::from_str(text).map_err(|error| ConfigError::Malformed(error.to_string()))?;
    match document {
        None => Ok(Value::Object(Map::new())),
        Some(document @ Value::Object(_)) => Ok(document),
        Some(_) => Err(ConfigError::Malformed(
            "write sections with keys".to_owned(),
        )),
    }
}
