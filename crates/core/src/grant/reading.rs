//! A grant as it arrived: its shape and its claims, before anyone is asked about it.

use aws_lc_rs::digest::{Context, SHA256};
use portvakt_jose::{Jws, X5c};

use super::check::{Check, Findings};
use super::claims::{GrantClaims, parse_claims};
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::issuer::{Issuer, MAX_EXPIRY_LEEWAY_SECONDS};
use crate::ports::GrantDigest;
use crate::refusal::Refusal;

/// What could be read of an assertion. A malformed one leaves less for the later checks to see.
pub struct GrantReading<'a> {
    /// The JWS, when it has the right shape and an acceptable header.
    pub jws: Option<Jws<'a>>,
    /// The claims, when all that later checks need could be read.
    pub claims: Option<GrantClaims>,
}

impl<'a> GrantReading<'a> {
    /// Reads an assertion and notes the checks of shape and claims.
    pub fn new(assertion: &'a str, issuer: &Issuer, findings: &mut Findings) -> Self {
        let jws = findings.record(Check::Shape, shape(assertion, issuer));
        let Some(jws) = jws else {
            return Self {
                jws: None,
                claims: None,
            };
        };
        let (claims, faults) = parse_claims(jws.payload(), issuer);
        let verdict = if faults.is_empty() {
            Ok(())
        } else {
            Err(Refusal::InvalidClaims(faults))
        };
        findings.record(Check::Claims, verdict);
        Self {
            jws: Some(jws),
            claims,
        }
    }

    /// The client that the grant says it is from, when that can be a client id at all.
    pub fn client_id(&self) -> Option<ClientId> {
        self.claims
            .as_ref()
            .and_then(|claims| ClientId::parse(&claims.issuer).ok())
    }

    /// The certificates in the header: none when there is no `x5c`.
    pub fn certificates(&self) -> Option<&X5c> {
        self.jws
            .as_ref()
            .and_then(|jws| jws.header().certificates.as_ref())
    }

    /// What identifies the grant in the ledger: client and `jti`, or, without a `jti`, the signed
    /// text itself (spec: maskinporten §4.4).
    pub fn digest(&self) -> Option<GrantDigest> {
        let (jws, claims) = (self.jws.as_ref()?, self.claims.as_ref()?);
        Some(match &claims.jwt_id {
            Some(jwt_id) => ledger_digest(&["jti", &claims.issuer, jwt_id]),
            None => ledger_digest(&["jws", jws.signing_input()]),
        })
    }

    /// Until when the ledger must remember the grant: as long as any issuer on the same ledger, of
    /// any configuration it may be restarted with, could accept it.
    pub fn keep_until(&self, issuer: &Issuer) -> Option<Timestamp> {
        let claims = self.claims.as_ref()?;
        let leeway = issuer.expiry_leeway_seconds.max(MAX_EXPIRY_LEEWAY_SECONDS);
        Some(Timestamp::from_seconds(
            claims.expires_at.saturating_add(leeway.into()),
        ))
    }
}

fn shape<'a>(assertion: &'a str, issuer: &Issuer) -> Result<Jws<'a>, Refusal> {
    let jws = Jws::parse(assertion).map_err(Refusal::MalformedAssertion)?;
    let header = jws.header();
    if !issuer.grant_algorithms.contains(header.algorithm) {
        return Err(Refusal::AlgorithmNotAccepted(header.algorithm));
    }
    if header.typ.as_deref().is_some_and(is_access_token_type) {
        return Err(Refusal::NotAGrant);
    }
    Ok(jws)
}

/// RFC 9068 §2.1: media type names are compared without case, and `application/` may be left out.
fn is_access_token_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "at+jwt")
}

/// What the ledger knows by these parts, the first of which says of which kind it is. Parts must not
/// have a zero byte unless they are the last.
pub(crate) fn ledger_digest(parts: &[&str]) -> GrantDigest {
    let mut context = Context::new(&SHA256);
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            context.update(&[0]);
        }
        context.update(part.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
