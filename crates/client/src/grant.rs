//! What a token is asked for.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::credentials::Credentials;
use crate::error::ClientError;
use crate::random;

/// Seconds that a grant lives; the national service accepts 120.
const LIFETIME: i64 = 100;

/// What a token is asked for. Two that are equal buy the same token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The scopes.
    pub scopes: BTreeSet<String>,
    /// APIs that the token is for.
    pub resources: Vec<String>,
    /// Organization that has delegated the scopes.
    pub consumer_org: Option<String>,
    /// Person whom the calls are about.
    pub pid: Option<String>,
    /// `authorization_details`, a JSON array.
    pub authorization_details: Option<Value>,
}

impl Grant {
    /// A grant for scopes alone.
    pub fn for_scopes<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self {
            scopes: scopes.into_iter().map(Into::into).collect(),
            resources: Vec::new(),
            consumer_org: None,
            pid: None,
            authorization_details: None,
        }
    }

    /// Signs it for this issuer, with a `jti` of its own each time.
    pub(crate) async fn sign(
        &self,
        credentials: &Credentials,
        issuer: &str,
        now: i64,
    ) -> Result<String, ClientError> {
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        claim("aud", json!(issuer));
        claim("iss", json!(credentials.client_id()));
        let scopes: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        claim("scope", json!(scopes.join(" ")));
        claim("iat", json!(now));
        claim("exp", json!(now.saturating_add(LIFETIME)));
        claim("jti", json!(random::unique_id()?));
        match self.resources.as_slice() {
            [] => None,
            [one] => claim("resource", json!(one)),
            several => claim("resource", json!(several)),
        };
        if let Some(consumer) = &self.consumer_org {
            claim("consumer_org", json!(consumer));
        }
        if let Some(pid) = &self.pid {
            claim("pid", json!(pid));
        }
        if let Some(details) = &self.authorization_details {
            claim("authorization_details", details.clone());
        }
        credentials.sign(&claims).await
    }
}

/// Hides the person.
impl std::fmt::Debug for Grant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Grant")
            .field("scopes", &self.scopes)
            .field("resources", &self.resources)
            .field("consumer_org", &self.consumer_org)
            .finish_non_exhaustive()
    }
}
