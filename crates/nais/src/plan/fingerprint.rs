//! The state of the world that a plan was made for.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::clients;
use crate::actual::{Actual, PublicJwk};
use crate::desired::ClientKey;

/// Something that a plan rests on; written `scope nav:arbeid:some.scope.read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Object {
    /// A scope of the organization.
    Scope(String),
    /// Who has access to it.
    Access(String),
    /// A scope that a client wants.
    Consumed(String),
    /// A client.
    Client(ClientKey),
    /// Its registered keys, and the one that the caller keeps.
    Keys(ClientKey),
}

/// A text that names no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an object is written 'scope NAME', 'access NAME', 'consumed NAME', 'client KEY' or 'keys KEY'"
)]
pub struct ObjectError;

/// Digests of everything that a plan rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The registry's revision, where the target tells it.
    pub revision: Option<u64>,
    /// SHA-256 in hexadecimal.
    pub objects: BTreeMap<Object, String>,
}

impl Fingerprint {
    pub(super) fn take(objects: impl IntoIterator<Item = Object>, actual: &Actual) -> Self {
        let objects = objects.into_iter().map(|object| {
            let digest = object.digest(actual);
            (object, digest)
        });
        Self {
            revision: actual.revision,
            objects: objects.collect(),
        }
    }

    /// Objects that are not as they were.
    pub fn moved(&self, actual: &Actual) -> Vec<Object> {
        let objects = self.objects.iter();
        objects
            .filter(|(object, digest)| object.digest(actual) != **digest)
            .map(|(object, _)| object.clone())
            .collect()
    }
}

impl Object {
    fn digest(&self, actual: &Actual) -> String {
        match self {
            Self::Scope(name) => hash(&actual.scopes.get(name)),
            Self::Access(name) => hash(&actual.access.get(name)),
            Self::Consumed(name) => hash(&(actual.consumable.get(name), actual.scopes.get(name))),
            Self::Client(key) => {
                let id = actual.known_clients.get(key);
                let described = clients::described(actual, key);
                let known = id.and_then(|id| actual.clients.get(id));
                hash(&(id, known, described))
            }
            Self::Keys(key) => {
                let described = clients::described(actual, key);
                let id = actual.known_clients.get(key).or(described.first());
                let kids = id.and_then(|id| actual.key_sets.get(id)).map(|keys| {
                    let kids = keys.iter().map(|key| key.jwk.kid());
                    kids.collect::<Vec<_>>()
                });
                let local = actual
                    .local_keys
                    .get(key)
                    .and_then(|keys| keys.current.as_ref());
                hash(&(kids, local.map(PublicJwk::kid)))
            }
        }
    }
}

pub(super) fn hash<T: Serialize>(value: &T) -> String {
    // Plain data with text keys always becomes JSON; if it ever did not, it would count as moved
    // once it does again.
    let json = serde_json::to_vec(value).unwrap_or_default();
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, &json).as_ref() {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl fmt::Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(name) => write!(formatter, "scope {name}"),
            Self::Access(name) => write!(formatter, "access {name}"),
            Self::Consumed(name) => write!(formatter, "consumed {name}"),
            Self::Client(key) => write!(formatter, "client {key}"),
            Self::Keys(key) => write!(formatter, "keys {key}"),
        }
    }
}

impl FromStr for Object {
    type Err = ObjectError;

    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let (kind, name) = text.split_once(' ').ok_or(ObjectError)?;
        let key = || name.parse().map_err(|_| ObjectError);
        match kind {
            "scope" => Ok(Self::Scope(name.to_owned())),
            "access" => Ok(Self::Access(name.to_owned())),
            "consumed" => Ok(Self::Consumed(name.to_owned())),
            "client" => key().map(Self::Client),
            "keys" => key().map(Self::Keys),
            _ => Err(ObjectError),
        }
    }
}

impl TryFrom<String> for Object {
    type Error = ObjectError;

    fn try_from(text: String) -> Result<Self, ObjectError> {
        text.parse()
    }
}

impl From<Object> for String {
    fn from(object: Object) -> Self {
        object.to_string()
    }
}
