//! JSON objects from strangers: no duplicate members, bounded depth.
//!
//! Two readers that disagree on which of two equal names counts can be played against each other, so an
//! object with a repeated name has no meaning here (RFC 7515 §4 and RFC 7519 §4 permit the refusal).

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How many objects and arrays may be inside each other, the outermost included.
pub const MAX_JSON_DEPTH: u8 = 32;

/// Why bytes are not a JSON object that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonObjectError {
    /// Not JSON in UTF-8, or a number that no 64-bit type holds (`1e400`).
    #[error("the text is not valid JSON")]
    NotJson,
    /// JSON, but an array, string, number or literal.
    #[error("the JSON value is not an object")]
    NotAnObject,
    /// A member name occurs twice in one object, at any depth.
    #[error("a JSON object names a member twice")]
    DuplicateMember,
    /// Deeper than [`MAX_JSON_DEPTH`].
    #[error("the JSON value is nested too deeply")]
    TooDeep,
}

/// Reads a JSON object. The caller bounds the length of `bytes`.
pub fn parse_json_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonObjectError> {
    let fault = Cell::new(JsonObjectError::NotJson);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = StrictValue {
        depth: 0,
        fault: &fault,
    };
    let value = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|_| fault.get())?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonObjectError::NotAnObject),
    }
}

/// Reads any value; `fault` carries out the reason that a serde error cannot.
#[derive(Clone, Copy)]
struct StrictValue<'f> {
    depth: u8,
    fault: &'f Cell<JsonObjectError>,
}

impl StrictValue<'_> {
    fn nested<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_JSON_DEPTH {
            return Err(self.refuse(JsonObjectError::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn refuse<E: Error>(self, fault: JsonObjectError) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| self.refuse(JsonObjectError::NotJson))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let nested = self.nested()?;
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(nested)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let nested = self.nested()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(self.refuse(JsonObjectError::DuplicateMember));
            }
            map.insert(name, members.next_value_seed(nested)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests;
