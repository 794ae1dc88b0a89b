//! The answer of the introspection endpoint (RFC 7662; spec: idporten §12.3, §12.4).

use serde::Serialize;
use serde_json::Value;

use super::{LoginAccessToken, PersonFacts};
use crate::clock::Timestamp;

/// What is said of a token that does not count, or that is none of the caller's business: nothing.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Inactive {
    #[serde(rename = "active")]
    counts: bool,
}

impl Inactive {
    /// The one value.
    pub const ANSWER: Self = Self { counts: false };
}

#[derive(Serialize)]
struct Active<'a> {
    #[serde(rename = "active")]
    counts: bool,
    token_type: &'static str,
    expires_in: i64,
    #[serde(flatten)]
    claims: &'a LoginAccessToken,
}

/// What the API is told that the token is meant for: its claims, with the scopes that are the API's,
/// and who the person is, also where the token keeps silent about it.
pub fn introspection(
    claims: &LoginAccessToken,
    scopes: &[&str],
    person: PersonFacts<'_>,
    now: Timestamp,
) -> Option<Value> {
    let mut told = claims.clone();
    told.scope = scopes.join(" ");
    told.pid = person.revealed_pid().map(|pid| pid.expose().to_owned());
    let active = Active {
        counts: true,
        token_type: told.token_type(),
        expires_in: (told.exp - now.seconds()).max(0),
        claims: &told,
    };
    serde_json::to_value(active).ok()
}

#[cfg(test)]
mod tests;
