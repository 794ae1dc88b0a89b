//! The access token: its header, its claims, its life (spec: maskinporten §8).

use serde::Serialize;
use serde_json::Value;

use super::authenticate::Authentication;
use super::authorize::Authorization;
use crate::client::Client;
use crate::clock::Timestamp;
use crate::issuer::{Issuer, Profile, UnrestrictedAudience};
use crate::organization::{IDENTIFIER_AUTHORITY, OrgNumber};
use crate::scope::{Prefix, Scope};

/// The header of an access token: exactly `kid` and `alg`, and no `typ` (spec: maskinporten §8.1).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TokenHeader<'a> {
    /// The published key that verifies it.
    pub kid: &'a str,
    /// Its algorithm.
    pub alg: &'static str,
}

/// An organization in a token. Verifiers read exactly these two members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationClaim {
    /// The register of identifiers.
    pub authority: &'static str,
    /// `0192:` and nine digits.
    #[serde(rename = "ID")]
    pub id: String,
}

impl From<OrgNumber> for OrganizationClaim {
    fn from(orgno: OrgNumber) -> Self {
        Self {
            authority: IDENTIFIER_AUTHORITY,
            id: orgno.iso6523(),
        }
    }
}

/// One value as a string, several as an array (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The claims of an access token. Everything in it comes from the two halves of the decision, the
/// issuer's policy, the clock and the random `jti`; nothing is taken from the request unchecked.
#[derive(Clone, Serialize)]
pub struct AccessTokenClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    scope: String,
    iss: &'a str,
    client_amr: &'static str,
    token_type: &'static str,
    exp: i64,
    iat: i64,
    client_id: &'a str,
    jti: String,
    consumer: OrganizationClaim,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<OrganizationClaim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    consumer_prefix: Vec<Prefix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_orgno: Option<OrgNumber>,
}

impl<'a> AccessTokenClaims<'a> {
    /// The claims of a token that was granted.
    ///
    /// `consumer_prefixes` are the consumer's prefixes if a scope asks for them, and empty otherwise.
    pub fn new(
        authentication: Authentication,
        authorization: Authorization,
        client: &'a Client,
        consumer_prefixes: Vec<Prefix>,
        issuer: &'a Issuer,
        now: Timestamp,
        jti: String,
    ) -> Self {
        let scope = scope_claim(&authorization.scopes);
        let lifetime = lifetime_seconds(client, &authorization.scopes, issuer);
        let consumer = OrganizationClaim::from(authorization.acting_for.consumer);
        Self {
            sub: (issuer.profile == Profile::Skyporten).then(|| format!("{};{scope}", consumer.id)),
            aud: audience(authorization.audience, issuer),
            scope,
            iss: &issuer.identifier,
            client_amr: authentication.client_amr,
            token_type: "Bearer",
            exp: now.seconds() + i64::from(lifetime),
            iat: now.seconds(),
            client_id: client.client_id.as_str(),
            jti,
            consumer,
            supplier: authorization
                .acting_for
                .supplier
                .map(OrganizationClaim::from),
            delegation_source: authorization.delegation_source,
            pid: authorization.pid.map(|pid| pid.expose().to_owned()),
            authorization_details: authorization.authorization_details.map(|element| [element]),
            consumer_prefix: consumer_prefixes,
            client_orgno: issuer.legacy_client_orgno.then_some(client.client_orgno),
        }
    }

    /// The scopes, joined by single spaces.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The token's id.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// Seconds from `now` until the token expires, rounded down.
    pub fn expires_in(&self, now: Timestamp) -> u64 {
        let left = Timestamp::from_seconds(self.exp).milliseconds() - now.milliseconds();
        u64::try_from(left / 1000).unwrap_or(0)
    }
}

fn scope_claim(scopes: &[std::sync::Arc<Scope>]) -> String {
    let mut text = String::with_capacity(
        scopes
            .iter()
            .map(|scope| scope.name.as_str().len() + 1)
            .sum(),
    );
    for scope in scopes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(scope.name.as_str());
    }
    text
}

fn audience(mut values: Vec<String>, issuer: &Issuer) -> Option<Audience> {
    match (values.len(), issuer.aud_when_unrestricted) {
        (0, UnrestrictedAudience::Omit) => None,
        (0, UnrestrictedAudience::Unspecified) => Some(Audience::One("unspecified".to_owned())),
        (1, _) => values.pop().map(Audience::One),
        _ => Some(Audience::Several(values)),
    }
}

/// The life of a token in seconds: the client's, or the issuer's default, cut to the lowest
/// `at_max_age` of the scopes and to the issuer's ceiling (spec: maskinporten §8.4).
pub fn lifetime_seconds(client: &Client, scopes: &[std::sync::Arc<Scope>], issuer: &Issuer) -> u32 {
    let own = client
        .access_token_lifetime
        .filter(|lifetime| *lifetime > 0)
        .unwrap_or(issuer.default_token_lifetime_seconds);
    let caps = scopes
        .iter()
        .map(|scope| scope.at_max_age)
        .filter(|cap| *cap > 0);
    caps.chain(issuer.max_token_lifetime_seconds)
        .fold(own, u32::min)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::ClientId;
    use crate::scope::ScopeName;

    fn lifetime(client_lifetime: Option<u32>, caps: &[u32], ceiling: Option<u32>) -> u32 {
        let now = Timestamp::from_seconds(0);
        let orgno = OrgNumber::parse("312773023").unwrap();
        let mut client = Client::machine(ClientId::parse("c").unwrap(), "C", orgno, vec![], now);
        client.access_token_lifetime = client_lifetime;
        let mut issuer = Issuer::new("https://mp.example.no/", Profile::Maskinporten);
        issuer.max_token_lifetime_seconds = ceiling;
        let scopes: Vec<_> = caps
            .iter()
            .map(|cap| {
                let mut scope = Scope::new(ScopeName::parse("a:b").unwrap(), orgno, "", now);
                scope.at_max_age = *cap;
                Arc::new(scope)
            })
            .collect();
        lifetime_seconds(&client, &scopes, &issuer)
    }

    #[test]
    fn the_lowest_of_client_scopes_and_ceiling_decides() {
        for (client, caps, ceiling, expected) in [
            (Some(3600), &[30, 120][..], None, 30),
            (None, &[3600], None, 120),
            (Some(3600), &[0], None, 3600),
            (Some(0), &[0], None, 120),
            (Some(3600), &[30, 0], None, 30),
            (Some(3600), &[], Some(600), 600),
            (None, &[90], None, 90),
        ] {
            assert_eq!(
                lifetime(client, caps, ceiling),
                expected,
                "{client:?} {caps:?} {ceiling:?}"
            );
        }
    }
}
