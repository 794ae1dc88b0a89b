//! The access token of a login (spec: idporten §10.4).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::PersonFacts;
use crate::client::Client;
use crate::clock::Timestamp;
use crate::grant::OrganizationClaim;
use crate::issuer::UnrestrictedAudience;
use crate::login::issuer::LoginIssuer;
use crate::login::record::TokenId;
use crate::scope::Scope;

/// What an access token is made of.
#[derive(Clone, Copy)]
pub struct AccessTokenFacts<'a> {
    /// Whose it is, at the client.
    pub sub: &'a str,
    /// The person.
    pub person: PersonFacts<'a>,
    /// The client.
    pub client: &'a Client,
    /// How the client proved itself.
    pub client_amr: &'static str,
    /// The scopes that it is good for.
    pub scopes: &'a [Arc<Scope>],
    /// The APIs that it is for; empty for all.
    pub resources: &'a [String],
    /// When it is issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its id.
    pub id: &'a TokenId,
    /// Thumbprint of the key that it is bound to.
    pub dpop_jkt: Option<&'a str>,
}

/// The claims of an access token, in the order of the documentation. An opaque one is kept with
/// these, but for the national identity number, which is kept in one place only.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginAccessToken {
    iss: String,
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aud: Option<Value>,
    pub(super) scope: String,
    client_id: String,
    client_amr: String,
    acr: String,
    consumer: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supplier: Option<Value>,
    pub(super) iat: i64,
    pub(super) exp: i64,
    jti: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cnf: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_orgno: Option<String>,
}

impl LoginAccessToken {
    /// The claims of a token that is issued.
    pub fn new(facts: AccessTokenFacts<'_>, issuer: &LoginIssuer) -> Self {
        let organization = |claim: OrganizationClaim| json!(claim);
        let client = facts.client;
        Self {
            iss: issuer.identifier.clone(),
            sub: facts.sub.to_owned(),
            pid: facts.person.pid().map(str::to_owned),
            aud: audience(facts.resources, issuer.aud_when_unrestricted),
            scope: joined(facts.scopes),
            client_id: client.client_id.to_string(),
            client_amr: facts.client_amr.to_owned(),
            acr: facts.person.event.acr.as_str().to_owned(),
            consumer: organization(client.client_orgno.into()),
            supplier: client
                .supplier_orgno
                .map(|orgno| organization(orgno.into())),
            iat: facts.issued_at.seconds(),
            exp: facts.expires_at.seconds(),
            jti: facts.id.to_string(),
            cnf: facts.dpop_jkt.map(|jkt| json!({"jkt": jkt})),
            client_orgno: issuer
                .legacy_client_orgno
                .then(|| client.client_orgno.to_string()),
        }
    }

    /// The same claims without the national identity number, to be kept.
    #[must_use]
    pub fn without_pid(mut self) -> Self {
        self.pid = None;
        self
    }

    /// Its scopes, separated by spaces.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Leaves out the other scopes.
    pub fn keep_scopes(&mut self, is_kept: impl Fn(&str) -> bool) {
        let kept: Vec<_> = self.scope.split(' ').filter(|name| is_kept(name)).collect();
        self.scope = kept.join(" ");
    }

    /// Whether it has this scope.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scope.split(' ').any(|scope| scope == name)
    }

    /// The client that it was issued to.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.jti
    }

    /// The claims by name.
    pub fn to_object(&self) -> Map<String, Value> {
        // A record of texts and numbers always becomes an object.
        match serde_json::to_value(self) {
            Ok(Value::Object(claims)) => claims,
            _ => Map::new(),
        }
    }

    /// Whether `iss` is this issuer.
    pub fn is_from(&self, issuer: &LoginIssuer) -> bool {
        self.iss == issuer.identifier
    }

    /// How it is used: `token_type` of RFC 6749 §7.1.
    pub fn token_type(&self) -> &'static str {
        match self.cnf {
            Some(_) => "DPoP",
            None => "Bearer",
        }
    }

    /// Thumbprint of the key that it is bound to.
    pub fn dpop_jkt(&self) -> Option<&str> {
        self.cnf.as_ref()?["jkt"].as_str()
    }
}

/// Scope names, separated by single spaces.
pub(super) fn joined(scopes: &[Arc<Scope>]) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope.name.as_str()).collect();
    names.join(" ")
}

/// One value as a text, several as an array (RFC 7519 §4.1.3).
fn audience(resources: &[String], unrestricted: UnrestrictedAudience) -> Option<Value> {
    match (resources, unrestricted) {
        ([], UnrestrictedAudience::Omit) => None,
        ([], UnrestrictedAudience::Unspecified) => Some("unspecified".into()),
        ([single], _) => Some(single.clone().into()),
        (several, _) => Some(several.into()),
    }
}
