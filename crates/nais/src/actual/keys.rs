//! Keys of clients, without their private halves.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Members of a public key (RFC 7517 §4, RFC 7518 §6); no other is kept.
const PUBLIC: [&str; 10] = ["use", "kty", "kid", "alg", "n", "e", "crv", "x", "y", "x5c"];

/// A public key with an id. Private members are dropped when it is read, so it can be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct PublicJwk {
    kid: String,
    members: Map<String, Value>,
}

/// A JSON object that is no key with an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key needs the text members kty and kid")]
pub struct PublicJwkError;

impl PublicJwk {
    /// Its id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The members with an end of life, as a set is written that keeps it.
    pub(crate) fn expiring(&self, expires_at: Option<i64>) -> Value {
        let mut members = self.members.clone();
        members.extend(expires_at.map(|at| ("exp".to_owned(), at.into())));
        Value::Object(members)
    }
}

impl TryFrom<Map<String, Value>> for PublicJwk {
    type Error = PublicJwkError;

    fn try_from(members: Map<String, Value>) -> Result<Self, PublicJwkError> {
        let members: Map<_, _> = members
            .into_iter()
            .filter(|(name, _)| PUBLIC.contains(&name.as_str()))
            .collect();
        let kid = members.get("kid").and_then(Value::as_str);
        let kid = kid
            .filter(|kid| !kid.is_empty())
            .ok_or(PublicJwkError)?
            .to_owned();
        if !members.get("kty").is_some_and(Value::is_string) {
            return Err(PublicJwkError);
        }
        Ok(Self { kid, members })
    }
}

impl TryFrom<&Value> for PublicJwk {
    type Error = PublicJwkError;

    fn try_from(value: &Value) -> Result<Self, PublicJwkError> {
        value.as_object().cloned().ok_or(PublicJwkError)?.try_into()
    }
}

impl From<PublicJwk> for Map<String, Value> {
    fn from(key: PublicJwk) -> Self {
        key.members
    }
}

/// A key of a client's set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredKey {
    /// The key.
    pub jwk: PublicJwk,
    /// Seconds since 1970; absent counts as expired.
    pub expires_at: Option<i64>,
}

impl TryFrom<&Value> for RegisteredKey {
    type Error = PublicJwkError;

    /// Reads an element of `keys` in an answer.
    fn try_from(value: &Value) -> Result<Self, PublicJwkError> {
        Ok(Self {
            jwk: value.try_into()?,
            expires_at: value.get("exp").and_then(Value::as_i64),
        })
    }
}

/// What the caller keeps of a client's keys.
///
/// A caller that makes a new key stores it as `current` *before* it registers the set: if it is
/// interrupted then, the next plan registers that key and makes no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocalKeys {
    /// The key that the client's credentials hold.
    pub current: Option<PublicJwk>,
    /// Other keys that something still running was started with, the most recent first.
    pub in_use: Vec<PublicJwk>,
    /// Ids of keys that nothing uses any more.
    pub released: BTreeSet<String>,
    /// A new key is asked for.
    pub rotate: bool,
}
