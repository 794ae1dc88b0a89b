//! What another provider's id token proves (OpenID Connect Core §3.1.3.7).

use portvakt_core::clock::Timestamp;
use portvakt_core::login::Acr;
use portvakt_core::person::{Pid, PidCheck};
use portvakt_jose::{JwkSet, JwtError, verify_jwt};
use serde_json::{Map, Value};

use super::settings::UpstreamSettings;

/// How far clocks may be apart, in seconds.
const LEEWAY_SECONDS: u32 = 10;
/// How old a token may be, in seconds: it was made for the code that has just been redeemed.
const MAX_AGE_SECONDS: i64 = 300;

/// What a token must fit.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) settings: &'a UpstreamSettings,
    pub(super) nonce: &'a str,
    /// When the person was sent there, if they have to have logged in since.
    pub(super) since: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// Whom a token is of, and how they logged in there.
#[derive(Debug)]
pub(super) struct Believed {
    pub(super) pid: Pid,
    pub(super) acr: Acr,
    pub(super) amr: String,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Disbelief {
    /// It is signed with a key that is not known, which may be a new one.
    UnknownKey,
    /// The text is for the log, and holds nothing of the token.
    Refused(String),
}

/// Believes a token, or says why not.
pub(super) fn believe(
    token: &str,
    keys: &JwkSet,
    expected: Expected<'_>,
) -> Result<Believed, Disbelief> {
    let now = expected.now.seconds();
    let claims = verify_jwt(token, keys, now, LEEWAY_SECONDS).map_err(|error| match error {
        JwtError::UnknownKey => Disbelief::UnknownKey,
        error => Disbelief::Refused(error.to_string()),
    })?;
    believe_claims(&claims, expected).map_err(|cause| Disbelief::Refused(cause.to_owned()))
}

fn believe_claims(
    claims: &Map<String, Value>,
    expected: Expected<'_>,
) -> Result<Believed, &'static str> {
    let settings = expected.settings;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(&settings.issuer) {
        return Err("iss of the id token is another issuer");
    }
    if !is_for(claims.get("aud"), &settings.client_id) {
        return Err("aud of the id token is not this client alone");
    }
    if text("azp").is_some_and(|azp| azp != settings.client_id) {
        return Err("azp of the id token is another client");
    }
    if text("nonce") != Some(expected.nonce) {
        return Err("nonce of the id token is not that of the login");
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err("the id token has no sub");
    }
    let (now, leeway) = (expected.now.seconds(), i64::from(LEEWAY_SECONDS));
    let issued_at = integer(claims, "iat").ok_or("the id token has no iat")?;
    if issued_at > now + leeway || issued_at < now - MAX_AGE_SECONDS {
        return Err("iat of the id token is not of this login");
    }
    if let Some(since) = expected.since {
        let logged_in = integer(claims, "auth_time").ok_or("the id token has no auth_time")?;
        if logged_in < since.seconds() - leeway {
            return Err("auth_time of the id token is before this login");
        }
    }
    let acr = text("acr").and_then(|acr| settings.acr.get(acr));
    let pid = text(&settings.pid_claim).ok_or("the id token has no national identity number")?;
    Ok(Believed {
        acr: *acr.ok_or("acr of the id token is not mapped")?,
        // Which numbers are accepted is decided where all logins come together.
        pid: Pid::parse(pid, PidCheck::LengthOnly)
            .map_err(|_| "what the id token has is no national identity number")?,
        amr: settings.method(&methods(claims.get("amr"))).to_owned(),
    })
}

/// One audience, as a text or as an array of one.
fn is_for(audience: Option<&Value>, client_id: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(all)) => matches!(&all[..], [Value::String(one)] if one == client_id),
        _ => false,
    }
}

fn integer(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    claims.get(name).and_then(Value::as_i64)
}

/// Some providers have a text where the standard has an array.
fn methods(amr: Option<&Value>) -> Vec<String> {
    match amr {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => {
            let texts = all.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
