//! A completed login with an eID.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::PersonId;
use crate::clock::Timestamp;
use crate::login::{Acr, Locale};

/// Who proved what, when and how (spec: idporten §16.2). Kept as a document in the session that it
/// began, and in every authorization that rests on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationEvent {
    /// Whose identity was proven. What `sub` is made of is that person's
    /// [`Identity`](super::Identity).
    pub subject: PersonId,
    /// The person with a national identity number whom a foreign identity was matched with, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<PersonId>,
    /// The level that was reached.
    pub acr: Acr,
    /// The method, as the one element of `amr`.
    pub amr: String,
    /// The eID provider.
    pub provider: String,
    /// When.
    pub auth_time: Timestamp,
    /// The language of the login.
    pub locale: Locale,
    /// What else the provider said of the person. Identifiers are no part of it.
    #[serde(default)]
    pub attributes: Attributes,
}

impl AuthenticationEvent {
    /// The person to whom authorizations and history belong: the one with a national identity number
    /// if that is known.
    pub fn person(&self) -> &PersonId {
        self.matched.as_ref().unwrap_or(&self.subject)
    }
}

/// Names, birth dates and the like, by the name of the claim. `Debug` shows the names of claims
/// alone.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(pub BTreeMap<String, String>);

impl fmt::Debug for Attributes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}
