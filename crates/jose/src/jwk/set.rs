//! JWK Sets (RFC 7517 §5).

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{JwkError, PublicJwk, Strictness};

/// How many keys of one set are looked at. How many a client may have is a rule of the domain.
pub const MAX_KEYS_PARSED: usize = 100;

/// Public keys with distinct `kid`s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet(Vec<PublicJwk>);

impl JwkSet {
    /// Keys that are already parsed.
    pub fn new(keys: Vec<PublicJwk>) -> Result<Self, JwkSetError> {
        let mut key_ids = HashSet::with_capacity(keys.len());
        for key in &keys {
            if !key_ids.insert(key.key_id()) {
                return Err(JwkSetError::DuplicateKeyId(key.key_id().to_owned()));
            }
        }
        Ok(Self(keys))
    }

    /// Reads a set that somebody registers: `{"keys":[…]}` or the bare array. One bad key refuses the set.
    pub fn parse(value: &Value) -> Result<Self, JwkSetError> {
        let keys = keys(value)?;
        if keys.len() > MAX_KEYS_PARSED {
            return Err(JwkSetError::TooMany);
        }
        let keys = keys.iter().enumerate().map(|(index, key)| {
            PublicJwk::parse(key).map_err(|error| JwkSetError::Key { index, error })
        });
        Self::new(keys.collect::<Result<_, _>>()?)
    }

    /// Reads a foreign issuer's set in order to verify its tokens: keys that are not for us, of other types
    /// or malformed are skipped, as RFC 7517 §5 advises. `kid` is required; a missing `alg` is RS256, ES256
    /// or `EdDSA` by the type of the key. Of two keys with one `kid` the first counts. Only a value that
    /// holds no keys at all is an error.
    pub fn parse_lenient(value: &Value) -> Result<Self, JwkSetError> {
        let mut usable: Vec<PublicJwk> = Vec::new();
        for key in keys(value)?.iter().take(MAX_KEYS_PARSED) {
            if let Ok(key) = PublicJwk::parse_as(key, Strictness::Verification)
                && !usable.iter().any(|other| other.key_id() == key.key_id())
            {
                usable.push(key);
            }
        }
        Ok(Self(usable))
    }

    /// The key with this `kid`.
    pub fn find(&self, key_id: &str) -> Option<&PublicJwk> {
        self.0.iter().find(|key| key.key_id() == key_id)
    }

    /// The keys in their order.
    pub fn keys(&self) -> &[PublicJwk] {
        &self.0
    }

    /// `{"keys":[…]}`.
    pub fn to_json(&self) -> Value {
        let keys: Vec<_> = self.0.iter().map(PublicJwk::to_json).collect();
        json!({ "keys": keys })
    }
}

impl IntoIterator for JwkSet {
    type Item = PublicJwk;
    type IntoIter = std::vec::IntoIter<PublicJwk>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn keys(value: &Value) -> Result<&[Value], JwkSetError> {
    value
        .get("keys")
        .unwrap_or(value)
        .as_array()
        .map(Vec::as_slice)
        .ok_or(JwkSetError::NotASet)
}

/// Why a JWK Set is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// Neither an object with an array `keys` nor an array.
    #[error("a key set is an object with an array named keys")]
    NotASet,
    /// Over [`MAX_KEYS_PARSED`].
    #[error("the key set has more than {MAX_KEYS_PARSED} keys")]
    TooMany,
    /// One key is refused.
    #[error("key number {} of the set is refused: {error}", .index + 1)]
    Key {
        /// Counted from zero.
        index: usize,
        /// What is wrong with it.
        error: JwkError,
    },
    /// Two keys have one `kid`.
    #[error("the kid {0} occurs twice in the key set")]
    DuplicateKeyId(String),
}

#[cfg(test)]
mod tests;
