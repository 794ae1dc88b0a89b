//! Registered keys and the rules for a set of them (spec: maskinporten §5, selfservice §5.6.1).

use std::time::Duration;

use portvakt_jose::{Algorithm, JwkSet, JwkSetError, PublicJwk};
use serde_json::Value;

use super::Client;
use crate::clock::Timestamp;

/// Most keys that a client has at a time.
pub const MAX_KEYS: usize = 5;

/// Longest life of a registered key from the moment it is posted.
pub const KEY_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// A public key that a client's grants may be signed with.
#[derive(Clone, Debug)]
pub struct ClientKey {
    /// The key with its `kid` and `alg`.
    pub jwk: PublicJwk,
    /// First instant at which it is no longer accepted; whole seconds.
    pub expires_at: Timestamp,
    /// When it was posted.
    pub created: Timestamp,
}

impl ClientKey {
    /// Whether the key is past its life at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// The key as the self-service API shows it: its public members and always `exp`.
    pub fn to_json(&self) -> Value {
        let mut json = self.jwk.to_json();
        if let Some(members) = json.as_object_mut() {
            members.insert("exp".to_owned(), self.expires_at.seconds().into());
        }
        json
    }
}

/// A whole set of keys, checked against the rules of registration. Sets are replaced, never
/// edited.
#[derive(Clone, Debug)]
pub struct KeySet(Vec<ClientKey>);

impl KeySet {
    /// Reads `{"keys": [...]}` or a bare array for `client`.
    ///
    /// A key without `exp` lives [`KEY_LIFETIME`]; a later `exp` is cut to that; one in the past
    /// is kept, so that the token endpoint can say "expired" rather than "unknown".
    pub fn parse(value: &Value, client: &Client, now: Timestamp) -> Result<Self, InvalidKeySet> {
        Self::from_jwks(&JwkSet::parse(value)?, client, now)
    }

    /// As [`KeySet::parse`], for keys that are parsed already.
    pub fn from_jwks(
        jwks: &JwkSet,
        client: &Client,
        now: Timestamp,
    ) -> Result<Self, InvalidKeySet> {
        let keys = jwks.keys();
        if keys.is_empty() {
            return Err(InvalidKeySet::Empty);
        }
        if keys.len() > MAX_KEYS {
            return Err(InvalidKeySet::TooMany(keys.len()));
        }
        if let Some(key) = keys.iter().find(|key| !client.permits(key.algorithm())) {
            return Err(InvalidKeySet::Algorithm(key.algorithm()));
        }
        let latest = now.plus(KEY_LIFETIME);
        let client_key = |jwk: &PublicJwk| ClientKey {
            expires_at: expiry(jwk.expires_at(), latest),
            jwk: jwk.clone(),
            created: now,
        };
        Ok(Self(keys.iter().map(client_key).collect()))
    }

    /// The keys in the order that they were given.
    pub fn keys(&self) -> &[ClientKey] {
        &self.0
    }
}

fn expiry(asked: Option<i64>, latest: Timestamp) -> Timestamp {
    let latest = Timestamp::from_seconds(latest.seconds());
    asked.map_or(latest, |seconds| {
        Timestamp::from_seconds(seconds).min(latest)
    })
}

/// Why a key set cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeySet {
    /// A member of the set, or the set itself, is malformed.
    #[error(transparent)]
    Jwk(#[from] JwkSetError),
    /// No key.
    #[error("the key set is empty: to remove a client's keys, delete its key set")]
    Empty,
    /// More than [`MAX_KEYS`].
    #[error("the key set has {0} keys: a client has at most {MAX_KEYS}")]
    TooMany(usize),
    /// An algorithm that the client may not use.
    #[error(
        "the algorithm {0} is not registered for this client: use RS256, RS384 or RS512, or ask the operator to set token_endpoint_auth_signing_alg"
    )]
    Algorithm(Algorithm),
}
