//! The answer of the userinfo endpoint (spec: idporten §13).

use serde::Serialize;
use serde_json::{Map, Value};

use super::PersonFacts;
use crate::login::issuer::EidasClaimNames;

/// What a client with the scope `profile` is told.
#[derive(Clone, Serialize)]
pub struct Userinfo {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<String>,
    locale: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(flatten)]
    foreign: Map<String, Value>,
}

impl Userinfo {
    /// The answer about this person. `sub` is that of the client's id token.
    pub fn new(sub: &str, person: PersonFacts<'_>, names: EidasClaimNames) -> Self {
        Self {
            sub: sub.to_owned(),
            pid: person.pid().map(str::to_owned),
            locale: person.event.locale.as_str(),
            email: person.email().map(str::to_owned),
            foreign: person.foreign_claims(names),
        }
    }
}
