//! The private key of a client, in the form in which applications read it.

use std::fmt;

use serde_json::{Map, Value};

use super::variable::Secret;
use crate::actual::{PublicJwk, PublicJwkError};

/// Members in the order of the documentation's sample; others are left out.
const MEMBERS: [&str; 12] = [
    "use", "kty", "kid", "alg", "n", "e", "d", "p", "q", "dp", "dq", "qi",
];

/// A private RSA key as a JWK (RFC 7518 §6.3). Its `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateJwk {
    public: PublicJwk,
    text: Secret,
}

/// A value that is no private RSA key. The texts never repeat it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateJwkError {
    /// It is not a JSON object.
    #[error("the key is not a JSON object")]
    Form,
    /// It has no `kty` or `kid`.
    #[error(transparent)]
    Public(#[from] PublicJwkError),
    /// It is of another type.
    #[error("the key is not of type RSA")]
    Type,
    /// A member that applications need is missing or no text.
    #[error("the key has no text member {0}")]
    Missing(&'static str),
}

impl PrivateJwk {
    /// Reads a JWK. `use` and `alg` are filled in: applications look at them.
    pub fn parse(json: &str) -> Result<Self, PrivateJwkError> {
        let mut members: Map<String, Value> =
            serde_json::from_str(json).map_err(|_| PrivateJwkError::Form)?;
        for (name, default) in [("use", "sig"), ("alg", "RS256")] {
            members.entry(name).or_insert_with(|| default.into());
        }
        if members.get("kty").and_then(Value::as_str) != Some("RSA") {
            return Err(PrivateJwkError::Type);
        }
        let text = compact(&members)?;
        let public = members.try_into()?;
        Ok(Self {
            public,
            text: Secret::new(text),
        })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// Compact JSON on one line, to put it where it belongs or to sign with it.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

fn compact(members: &Map<String, Value>) -> Result<String, PrivateJwkError> {
    let mut parts = Vec::with_capacity(MEMBERS.len());
    for name in MEMBERS {
        let value = members.get(name).filter(|value| value.is_string());
        let value = value.ok_or(PrivateJwkError::Missing(name))?;
        parts.push(format!("\"{name}\":{value}"));
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kid = self.public.kid();
        formatter
            .debug_struct("PrivateJwk")
            .field("kid", &kid)
            .finish_non_exhaustive()
    }
}
