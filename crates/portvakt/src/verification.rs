//! Verifying an access token as an API must (spec: maskinporten §15.1). Pure: keys and time come in.

use portvakt_core::organization::IDENTIFIER_AUTHORITY;
use portvakt_jose::{JwkSet, Jws, JwtError, parse_json_object, verify_with_set};
use serde::Serialize;
use serde_json::{Map, Value};

/// What an API requires of a token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requirements {
    /// Issuer, byte for byte.
    pub(crate) issuer: String,
    /// Scope that the endpoint needs.
    pub(crate) scope: Option<String>,
    /// The API's own audience; without it `aud` is not looked at.
    pub(crate) audience: Option<String>,
    /// The person that the call is about; without it `pid` is not looked at.
    pub(crate) pid: Option<String>,
    /// Organizations that may call, as whole identifiers (`0192:` and nine digits); empty: any.
    pub(crate) consumers: Vec<String>,
}

/// How far `exp` may have passed, in seconds.
const LEEWAY_SECONDS: i64 = 10;

/// One check of the list that APIs are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Verified {
    /// What was checked.
    pub(crate) check: &'static str,
    /// Whether it holds. A claim that is required and absent does not.
    pub(crate) passed: bool,
    /// What was compared with what. Never holds the token or a person.
    pub(crate) detail: String,
}

/// The result of every check, and the claims when they could be read.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verification {
    /// Whether every check holds.
    pub(crate) valid: bool,
    /// The checks in their order.
    pub(crate) checks: Vec<Verified>,
    /// The claims, trustworthy only if `valid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<Map<String, Value>>,
}

/// Verifies a token against the issuer's keys at `now` (seconds).
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    requirements: &Requirements,
    now: i64,
) -> Verification {
    let mut checks = Vec::new();
    let claims = signed_claims(token, keys, &mut checks);
    if let Some(claims) = &claims {
        check_claims(claims, requirements, now, &mut checks);
    }
    Verification {
        valid: claims.is_some() && checks.iter().all(|check| check.passed),
        checks,
        claims,
    }
}

/// The claims of a well-formed token; the check of its signature is noted either way.
fn signed_claims(
    token: &str,
    keys: &JwkSet,
    checks: &mut Vec<Verified>,
) -> Option<Map<String, Value>> {
    let (jws, claims) = match Jws::parse(token) {
        Err(fault) => return fail(checks, "form", fault.to_string()),
        Ok(jws) => match parse_json_object(jws.payload()) {
            Ok(claims) => (jws, claims),
            Err(fault) => return fail(checks, "form", fault.to_string()),
        },
    };
    note(checks, "signature", signature(&jws, keys));
    Some(claims)
}

fn signature(jws: &Jws<'_>, keys: &JwkSet) -> Result<String, String> {
    let kid = jws.header().key_id.as_deref().unwrap_or_default();
    match verify_with_set(jws, keys) {
        Ok(_) => Ok(format!("made by the issuer's key {kid}")),
        Err(JwtError::NoKeyId) => Err("the header has no kid".to_owned()),
        Err(JwtError::UnknownKey) => Err(format!("the issuer has no key {kid:?}")),
        Err(JwtError::Signature) => Err(format!("the key {kid} did not make it")),
        Err(other) => Err(other.to_string()),
    }
}

fn check_claims(
    claims: &Map<String, Value>,
    requirements: &Requirements,
    now: i64,
    checks: &mut Vec<Verified>,
) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    note(
        checks,
        "issuer",
        equal("iss", text("iss"), &requirements.issuer),
    );
    note(
        checks,
        "expiry",
        expiry(claims.get("exp").and_then(Value::as_i64), now),
    );
    if let Some(needed) = &requirements.scope {
        let scopes = text("scope").unwrap_or_default();
        let found = scopes.split(' ').any(|scope| scope == needed);
        note(
            checks,
            "scope",
            verdict(found, format!("scope is {scopes:?}; needed is {needed}")),
        );
    }
    if let Some(own) = &requirements.audience {
        let found = audiences(claims.get("aud")).contains(&own.as_str());
        let shown = claims
            .get("aud")
            .map_or("absent".to_owned(), Value::to_string);
        note(
            checks,
            "audience",
            verdict(found, format!("aud is {shown}; needed is {own:?}")),
        );
    }
    if let Some(person) = &requirements.pid {
        let same = text("pid") == Some(person);
        let detail = match (text("pid"), same) {
            (None, _) => "pid is absent",
            (Some(_), true) => "pid is the person of the call",
            (Some(_), false) => "pid is another person",
        };
        note(checks, "person", verdict(same, detail.to_owned()));
    }
    note(
        checks,
        "consumer",
        consumer(claims.get("consumer"), &requirements.consumers),
    );
}

fn expiry(expires_at: Option<i64>, now: i64) -> Result<String, String> {
    let expires_at = expires_at.ok_or("exp is absent or no whole number")?;
    verdict(
        now < expires_at.saturating_add(LEEWAY_SECONDS),
        format!("exp is {expires_at}; the time is {now}"),
    )
}

fn consumer(claim: Option<&Value>, allowed: &[String]) -> Result<String, String> {
    let member = |name| {
        claim
            .and_then(|claim| claim.get(name))
            .and_then(Value::as_str)
    };
    let (Some(IDENTIFIER_AUTHORITY), Some(id)) = (member("authority"), member("ID")) else {
        return Err("consumer is absent or its authority is unknown".to_owned());
    };
    let may_call = allowed.is_empty() || allowed.iter().any(|allowed| allowed == id);
    let detail = if allowed.is_empty() {
        format!("the consumer is {id}")
    } else {
        format!("the consumer is {id}; may call: {}", allowed.join(", "))
    };
    verdict(may_call, detail)
}

fn audiences(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn equal(name: &str, found: Option<&str>, needed: &str) -> Result<String, String> {
    let detail = format!(
        "{name} is {:?}; needed is {needed:?}",
        found.unwrap_or("absent")
    );
    verdict(found == Some(needed), detail)
}

fn verdict(holds: bool, detail: String) -> Result<String, String> {
    if holds { Ok(detail) } else { Err(detail) }
}

fn note(checks: &mut Vec<Verified>, check: &'static str, result: Result<String, String>) {
    let passed = result.is_ok();
    let (Ok(detail) | Err(detail)) = result;
    checks.push(Verified {
        check,
        passed,
        detail,
    });
}

fn fail<T>(checks: &mut Vec<Verified>, check: &'static str, detail: String) -> Option<T> {
    note(checks, check, Err(detail));
    None
}

#[cfg(test)]
mod tests;
