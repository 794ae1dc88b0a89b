//! Grants that are right until a test makes them wrong.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portvakt_jose::SigningKey;
use serde_json::{Map, Value, json};

use crate::keys::signing_key;
use crate::server::TestServer;
use crate::world::{HAVBRIS_CERTIFICATE_CLIENT, HAVBRIS_CLIENT, KID, SCOPE, TINDESYSTEM_CLIENT};

/// A JWT grant under construction (RFC 7523 §2.1).
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    key: &'a SigningKey,
}

impl<'a> Grant<'a> {
    /// A right grant of Havbris' client for [`SCOPE`], with a `jti` of its own.
    pub fn havbris(server: &TestServer) -> Self {
        Self::new(server, HAVBRIS_CLIENT, SCOPE)
    }

    /// A right grant of Tindesystem's client on behalf of `consumer`.
    pub fn tindesystem(server: &TestServer, consumer: &str) -> Self {
        Self::new(server, TINDESYSTEM_CLIENT, "fjord:havn/anlop.write")
            .claim("consumer_org", json!(consumer))
    }

    /// A right grant of a client with a registered key.
    pub fn new(server: &TestServer, client_id: &str, scope: &str) -> Self {
        let now = server.now();
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        Self {
            header: object(json!({ "alg": "RS256", "kid": KID })),
            claims: object(json!({
                "aud": server.issuer(), "iss": client_id, "scope": scope,
                "iat": now, "exp": now + 120, "jti": server.unique_id(),
            })),
            key: signing_key(),
        }
    }

    /// A right grant of [`HAVBRIS_CERTIFICATE_CLIENT`] with this certificate alone in its header.
    pub fn certificate(server: &TestServer, der: &[u8], key: &'a SigningKey) -> Self {
        Self::new(server, HAVBRIS_CERTIFICATE_CLIENT, SCOPE)
            .certificates(&[der])
            .key(key)
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.to_owned(), value);
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a header member.
    #[must_use]
    pub fn header(mut self, name: &str, value: Value) -> Self {
        self.header.insert(name.to_owned(), value);
        self
    }

    /// Leaves a header member out.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Signs with another key.
    #[must_use]
    pub fn key(mut self, key: &'a SigningKey) -> Self {
        self.key = key;
        self
    }

    /// Names certificates (DER, leaf first) instead of a key.
    #[must_use]
    pub fn certificates(self, chain: &[&[u8]]) -> Self {
        let chain: Vec<_> = chain.iter().map(|der| STANDARD.encode(der)).collect();
        self.without_header("kid").header("x5c", json!(chain))
    }

    /// The compact serialization, signed with the key whatever the header says.
    pub fn sign(&self) -> String {
        self.key
            .sign_compact(&self.header, &self.claims)
            .expect("test keys can sign")
    }

    /// The compact serialization with these bytes for a signature.
    pub fn with_signature(&self, signature: &[u8]) -> String {
        let part = |value: &Map<String, Value>| {
            URL_SAFE_NO_PAD.encode(Value::Object(value.clone()).to_string())
        };
        let signature = URL_SAFE_NO_PAD.encode(signature);
        format!("{}.{}.{signature}", part(&self.header), part(&self.claims))
    }
}
