//! The id token (spec: idporten §11).

use serde::Serialize;
use serde_json::{Map, Value};

use super::PersonFacts;
use crate::client::Client;
use crate::clock::Timestamp;
use crate::login::issuer::{EidasClaimNames, LoginIssuer};

/// What an id token is made of.
#[derive(Clone, Copy)]
pub struct IdTokenFacts<'a> {
    /// Whose it is, at the client.
    pub sub: &'a str,
    /// The session, at the client.
    pub sid: &'a str,
    /// The person.
    pub person: PersonFacts<'a>,
    /// The client.
    pub client: &'a Client,
    /// What the client sent; never in a token of a refresh.
    pub nonce: Option<&'a str>,
    /// The customer for whom the client asked.
    pub on_behalf_of: Option<&'a str>,
    /// Whether the scope `eidas` is granted.
    pub eidas_scope: bool,
    /// When it is issued.
    pub issued_at: Timestamp,
    /// Its id.
    pub id: &'a str,
}

/// The claims of an id token. The order is that of the documentation.
#[derive(Clone, Serialize)]
pub struct IdToken {
    sub: String,
    amr: [String; 1],
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<String>,
    locale: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    aud: String,
    acr: &'static str,
    auth_time: i64,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_onbehalfof: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud_onbehalfof: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(flatten)]
    foreign: Map<String, Value>,
}

impl IdToken {
    /// The claims of an id token that is issued.
    pub fn new(facts: IdTokenFacts<'_>, issuer: &LoginIssuer) -> Self {
        let event = facts.person.event;
        let generations = EidasClaimNames {
            legacy: issuer.eidas_claims.legacy || facts.eidas_scope,
            ..issuer.eidas_claims
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            sub: facts.sub.to_owned(),
            amr: [event.amr.clone()],
            iss: issuer.identifier.clone(),
            pid: owned(facts.person.pid()),
            locale: event.locale.as_str(),
            nonce: owned(facts.nonce),
            sid: wants_sid(facts.client).then(|| facts.sid.to_owned()),
            aud: facts.client.client_id.to_string(),
            acr: event.acr.as_str(),
            auth_time: event.auth_time.seconds(),
            iat: facts.issued_at.seconds(),
            exp: facts.issued_at.plus(issuer.lifetimes.id_token).seconds(),
            jti: facts.id.to_owned(),
            // Published examples have one name and the text has the other.
            client_onbehalfof: owned(facts.on_behalf_of),
            aud_onbehalfof: owned(facts.on_behalf_of),
            email: owned(facts.person.email()),
            foreign: facts.person.foreign_claims(generations),
        }
    }
}

/// Whether the client is told which session it belongs to.
fn wants_sid(client: &Client) -> bool {
    client.login.frontchannel_logout_session_required == Some(true)
        || client.login.backchannel_logout_uri.is_some()
}
