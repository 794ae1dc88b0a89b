//! JWTs that clients sign for this server: client assertions and request objects
//! (spec: idporten §6.13, §9.3). Their claims about time, sender and receiver follow the same rules.

use portvakt_jose::{Jws, parse_json_object};
use serde_json::{Map, Value};

use super::issuer::LoginIssuer;
use crate::clock::Timestamp;
use crate::grant::{MAX_SAFE_INTEGER, ledger_digest};
use crate::ports::GrantDigest;

/// Longest life, in seconds.
const MAX_LIFETIME_SECONDS: i64 = 120;
/// How far clients' clocks may be off, in seconds.
const SKEW_SECONDS: i64 = 10;
/// The longest `jti`, in characters.
const MAX_JWT_ID: usize = 255;
/// Why such a JWT is not accepted, for the log: fixed texts that repeat nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AssertionFault(pub &'static str);

/// The claims of a JWT whose signature is for somebody else to check.
#[derive(Clone, PartialEq)]
pub struct AssertionClaims {
    claims: Map<String, Value>,
    issued_at: i64,
    expires_at: i64,
}

/// A JWT that may be used once: what the ledger knows it by, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedOnce {
    /// Of kind, client and `jti`.
    pub digest: GrantDigest,
    /// When nobody accepts it any more.
    pub keep_until: Timestamp,
}

impl AssertionClaims {
    /// Reads the claims that both kinds must have, in their types.
    pub fn read(jws: &Jws<'_>) -> Result<Self, AssertionFault> {
        let claims = parse_json_object(jws.payload())
            .map_err(|_| AssertionFault("the payload is not a JSON object of claims"))?;
        let issued_at =
            number(&claims, "iat")?.ok_or(AssertionFault("the claim iat is missing"))?;
        let expires_at =
            number(&claims, "exp")?.ok_or(AssertionFault("the claim exp is missing"))?;
        Ok(Self {
            claims,
            issued_at,
            expires_at,
        })
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether it is for this server, now.
    pub fn check(&self, issuer: &LoginIssuer, now: Timestamp) -> Result<(), AssertionFault> {
        let audience = match self.claims.get("aud") {
            Some(Value::String(single)) => Some(single.as_str()),
            Some(Value::Array(values)) if values.len() == 1 => values[0].as_str(),
            _ => None,
        };
        if !audience.is_some_and(|audience| issuer.accepts_assertion_audience(audience)) {
            return Err(AssertionFault("aud is not this issuer alone"));
        }
        let now = now.seconds();
        if self.expires_at - self.issued_at > MAX_LIFETIME_SECONDS {
            return Err(AssertionFault("exp is more than 120 seconds after iat"));
        }
        if self.issued_at > now + SKEW_SECONDS {
            return Err(AssertionFault("iat lies in the future"));
        }
        if number(&self.claims, "nbf")?.is_some_and(|nbf| nbf > now + SKEW_SECONDS) {
            return Err(AssertionFault("nbf lies in the future"));
        }
        if now >= self.expires_at + SKEW_SECONDS {
            return Err(AssertionFault("it has expired"));
        }
        Ok(())
    }

    /// `jti`, if it is there and no longer than it may be.
    pub fn jwt_id(&self) -> Result<Option<&str>, AssertionFault> {
        match self.claims.get("jti") {
            None => Ok(None),
            Some(Value::String(jti)) if jti.is_empty() => Ok(None),
            Some(Value::String(jti)) if jti.len() <= MAX_JWT_ID => Ok(Some(jti)),
            Some(_) => Err(AssertionFault("jti is no text of at most 255 characters")),
        }
    }

    /// What the ledger knows it by.
    pub fn used_once(&self, kind: &str, client_id: &str, unique: &str) -> UsedOnce {
        UsedOnce {
            digest: ledger_digest(&[kind, client_id, unique]),
            keep_until: Timestamp::from_seconds(self.expires_at + SKEW_SECONDS),
        }
    }

    /// All claims.
    pub fn into_map(self) -> Map<String, Value> {
        self.claims
    }
}

/// A claim in whole seconds, within what every reader of JSON agrees on.
fn number(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, AssertionFault> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(seconds) if (0..=MAX_SAFE_INTEGER).contains(&seconds) => Ok(Some(seconds)),
            _ => Err(AssertionFault("a time is not a whole number of seconds")),
        },
    }
}
