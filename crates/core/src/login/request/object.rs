//! Signed request objects by value (RFC 9101; spec: idporten §6.13).

use portvakt_jose::{Jws, TrustStore};

use super::AuthorizationParameters;
use crate::clock::Timestamp;
use crate::grant::proven_by;
use crate::login::assertion::{AssertionClaims, UsedOnce};
use crate::login::issuer::LoginIssuer;
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::ports::ClientRecord;

/// Names the kind in the ledger.
const KIND: &str = "request-object";

/// Parameters in which those of a request object have taken their places.
pub struct RequestObject {
    /// The parameters.
    pub parameters: AuthorizationParameters,
    /// What keeps the object from being used again. The caller uses it up.
    pub used: UsedObject,
}

/// As [`UsedOnce`], of a request object.
pub type UsedObject = UsedOnce;

impl RequestObject {
    /// Opens the object in `parameters`; none if there is none.
    ///
    /// A browser can change what stands beside an object, so its client and type are repeated there
    /// and must be the same. `pushed` parameters came from the client itself.
    pub fn open(
        parameters: &AuthorizationParameters,
        record: &ClientRecord,
        trust: &TrustStore,
        issuer: &LoginIssuer,
        pushed: bool,
        now: Timestamp,
    ) -> Result<Option<Self>, LoginRefusal> {
        let Some(object) = parameters.request.as_deref() else {
            return Ok(None);
        };
        if !issuer.request_objects {
            return Err(LoginRefusalCode::RequestObjectsOff.into());
        }
        let claims = verify(object, record, trust, issuer, now)?;
        let used = used(&claims, record)?;
        let mut merged = parameters.clone();
        merged.request = None;
        merged.overlay(claims.into_map())?;
        if !pushed {
            check_outside(parameters, &merged)?;
        }
        if merged.request.is_some() || merged.request_uri.is_some() {
            return Err(refused("it refers to another object"));
        }
        Ok(Some(Self {
            parameters: merged,
            used,
        }))
    }
}

fn verify(
    object: &str,
    record: &ClientRecord,
    trust: &TrustStore,
    issuer: &LoginIssuer,
    now: Timestamp,
) -> Result<AssertionClaims, LoginRefusal> {
    let jws = Jws::parse(object).map_err(|_| refused("it is no signed JWT"))?;
    let header = jws.header();
    if record.keys.is_empty() || header.key_id.is_none() || header.certificates.is_some() {
        return Err(refused("a registered key must sign it, named by kid"));
    }
    if !issuer.client_algorithms.contains(header.algorithm) {
        return Err(refused("its algorithm is not accepted"));
    }
    proven_by(&jws, record, trust, false, now)
        .map_err(|_| refused("no registered key of the client made its signature"))?;
    let claims = AssertionClaims::read(&jws).map_err(|fault| refused(fault.0))?;
    let client_id = record.client.client_id.as_str();
    if claims.text("iss") != Some(client_id) || claims.text("client_id") != Some(client_id) {
        return Err(refused("iss and client_id must be the client"));
    }
    claims
        .check(issuer, now)
        .map_err(|fault| refused(fault.0))?;
    Ok(claims)
}

fn used(claims: &AssertionClaims, record: &ClientRecord) -> Result<UsedObject, LoginRefusal> {
    match claims.jwt_id() {
        Ok(Some(jti)) => Ok(claims.used_once(KIND, record.client.client_id.as_str(), jti)),
        Ok(None) => Err(refused("the claim jti is missing")),
        Err(fault) => Err(refused(fault.0)),
    }
}

/// OpenID Connect Core §6.1.
fn check_outside(
    outside: &AuthorizationParameters,
    merged: &AuthorizationParameters,
) -> Result<(), LoginRefusal> {
    if outside.response_type.is_none() || outside.response_type != merged.response_type {
        return Err(refused("response_type must be the same beside the object"));
    }
    let has_openid = |parameters: &AuthorizationParameters| {
        let scope = parameters.scope.as_deref().unwrap_or_default();
        scope.split(' ').any(|scope| scope == "openid")
    };
    if has_openid(merged) && !has_openid(outside) {
        return Err(refused("scope beside the object must contain openid"));
    }
    Ok(())
}

fn refused(detail: &'static str) -> LoginRefusal {
    LoginRefusal::Detail(LoginRefusalCode::RequestObjectInvalid, detail)
}

#[cfg(test)]
mod tests;
