//! Whether a `DPoP` proof is for this request, now (RFC 9449 §4.3; spec: idporten §10.5).
//!
//! There are no nonces of the server (RFC 9449 §8): a proof counts for a minute before and after it was
//! made, and once, which the ledger sees to on every node and across restarts.

use portvakt_jose::{DpopError, DpopProof};
use url::Url;

use super::assertion::UsedOnce;
use crate::clock::Timestamp;
use crate::grant::ledger_digest;

/// How far `iat` may be from the present, in seconds.
const WINDOW_SECONDS: i64 = 60;
/// Names the kind in the ledger.
const KIND: &str = "dpop-proof";
/// Longest `htu` that is looked at, in bytes.
const MAX_URI_BYTES: usize = 2048;

/// The `DPoP` header of a request.
#[derive(Clone, Copy, Default)]
pub enum DpopHeader<'a> {
    /// None was sent.
    #[default]
    Absent,
    /// A proof.
    Sent(&'a str),
    /// Several were sent, or one that is no text.
    Malformed,
}

/// The request that a proof must be for.
#[derive(Clone, Copy)]
pub struct ProvenRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The endpoint's address, as the metadata names it.
    pub uri: &'a str,
    /// The access token that comes with the request, if one does.
    pub access_token: Option<&'a str>,
}

/// A key that whoever sent the request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenKey {
    /// Its thumbprint.
    pub jkt: String,
    /// What keeps the proof from being used again. The caller uses it up.
    pub used: UsedOnce,
}

/// Why a proof is not accepted: a fixed text that repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DpopFault(pub &'static str);

impl ProvenKey {
    /// The key that a proof proves.
    pub fn of(proof: &str, request: ProvenRequest<'_>, now: Timestamp) -> Result<Self, DpopFault> {
        let proof = DpopProof::parse(proof)?;
        if proof.method() != request.method {
            return Err(DpopFault("htm is not the method of the request"));
        }
        let uri = normalized(proof.uri());
        if uri.is_none() || uri != normalized(request.uri) {
            return Err(DpopFault("htu is not the address of the endpoint"));
        }
        let age = now.seconds().saturating_sub(proof.issued_at());
        if age.saturating_abs() > WINDOW_SECONDS {
            return Err(DpopFault("iat is more than 60 seconds from now"));
        }
        let fits = |token: &str| proof.is_with(token);
        if !request.access_token.is_none_or(fits) {
            return Err(DpopFault("ath is not the hash of the access token"));
        }
        let jkt = proof.thumbprint().to_owned();
        Ok(Self {
            used: UsedOnce {
                digest: ledger_digest(&[KIND, &jkt, proof.jwt_id()]),
                // Twice the window: a node whose clock is behind must find it, too.
                keep_until: Timestamp::from_seconds(proof.issued_at() + 2 * WINDOW_SECONDS),
            },
            jkt,
        })
    }
}

impl From<DpopError> for DpopFault {
    fn from(error: DpopError) -> Self {
        Self(match error {
            DpopError::TooLong => "it is longer than 8192 bytes",
            DpopError::Jws(_) | DpopError::Object(_) => {
                "it is no signed JWT with an algorithm that is accepted"
            }
            DpopError::Type => "typ must be dpop+jwt",
            DpopError::Algorithm => "its algorithm is not accepted",
            DpopError::NoKey | DpopError::Key(_) => {
                "jwk must be a public key of RSA, P-256 or Ed25519"
            }
            DpopError::KeyTooLarge => "its RSA key has more than 4096 bits",
            DpopError::Signature => "the key in it did not make its signature",
            DpopError::Claim(_) => "jti, htm, htu or iat is missing or not valid",
        })
    }
}

/// An address in the form in which equal ones are equal: without query and fragment, and normalized by
/// syntax and scheme (RFC 3986 §6.2.2, §6.2.3).
fn normalized(text: &str) -> Option<String> {
    // The parser forgives what RFC 3986 has no meaning for.
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    if text.len() > MAX_URI_BYTES || !text.contains("://") || !text.bytes().all(plain) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    if !is_web || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    Some(origin + &normalized_path(url.path())?)
}

/// What need not be escaped is not, and the rest is in capitals (RFC 3986 §6.2.2.1, §6.2.2.2).
fn normalized_path(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut normalized = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = part.split_at_checked(2)?;
        if !escaped.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(escaped, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            normalized.push(char::from(byte));
        } else {
            normalized.push('%');
            normalized.push_str(&escaped.to_ascii_uppercase());
        }
        normalized.push_str(rest);
    }
    Some(normalized)
}

#[cfg(test)]
mod tests {
    use portvakt_jose::{Algorithm, RsaBits, SigningKey};
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_772_442_900;
    const TOKEN_URL: &str = "https://idp.eksempel.no/token";

    fn proof(key: &SigningKey, claims: &Value) -> String {
        let jwk = key.public_jwk("k").to_json();
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
        key.sign_compact(&header, claims).unwrap()
    }

    fn claims() -> Value {
        json!({"jti": "j1", "htm": "POST", "htu": TOKEN_URL, "iat": NOW})
    }

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap()
    }

    fn check(claims: &Value, access_token: Option<&str>) -> Result<ProvenKey, DpopFault> {
        let request = ProvenRequest {
            method: "POST",
            uri: TOKEN_URL,
            access_token,
        };
        ProvenKey::of(
            &proof(&key(), claims),
            request,
            Timestamp::from_seconds(NOW),
        )
    }

    fn but(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    #[test]
    fn a_proof_is_for_one_method_address_time_and_token() {
        let with_ath = but("ath", json!("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"));
        let token = Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        assert!(check(&with_ath, token).is_ok());
        for (claims, token) in [
            (claims(), token),
            (with_ath, Some("another")),
            (but("htm", json!("GET")), None),
            (but("htm", json!("post")), None),
            (but("htu", json!("https://idp.eksempel.no/par")), None),
            (but("iat", json!(NOW - 61)), None),
            (but("iat", json!(NOW + 61)), None),
            (but("iat", json!(i64::MIN)), None),
            (but("iat", json!(i64::MAX)), None),
        ] {
            assert!(check(&claims, token).is_err(), "{claims}");
        }
        for iat in [NOW - 60, NOW + 60] {
            let proven = check(&but("iat", json!(iat)), None).unwrap();
            let end = proven.used.keep_until.seconds();
            assert!(end > iat + 60, "it is remembered for longer than it counts");
        }
    }

    /// What one holder uses up is nothing to another one.
    #[test]
    fn a_proof_is_remembered_with_its_key() {
        let request = ProvenRequest {
            method: "POST",
            uri: TOKEN_URL,
            access_token: None,
        };
        let used = |key: &SigningKey, claims: &Value| {
            let proven = ProvenKey::of(&proof(key, claims), request, Timestamp::from_seconds(NOW));
            proven.unwrap().used.digest
        };
        let (mine, other) = (key(), key());
        let first = used(&mine, &claims());
        assert_eq!(first, used(&mine, &but("iat", json!(NOW + 1))));
        assert_ne!(first, used(&mine, &but("jti", json!("j2"))));
        assert_ne!(first, used(&other, &claims()));
    }

    #[test]
    fn addresses_are_equal_as_rfc_3986_has_it() {
        let ours = normalized("https://idp.eksempel.no/a/token").unwrap();
        for same in [
            "https://idp.eksempel.no/a/token",
            "HTTPS://IDP.Eksempel.NO:443/a/token",
            "https://idp.eksempel.no/a/token?query=1",
            "https://idp.eksempel.no/a/token#fragment",
            "https://idp.eksempel.no/a/./b/../token",
            "https://idp.eksempel.no/a/t%6fken",
            "https://idp.eksempel.no/%61/tok%65n",
        ] {
            assert_eq!(normalized(same).as_ref(), Some(&ours), "{same}");
        }
        for other in [
            "http://idp.eksempel.no/a/token",
            "https://idp.eksempel.no:444/a/token",
            "https://idp.eksempel.no/a/token/",
            "https://idp.eksempel.no/a/Token",
            "https://idp.eksempel.no//a/token",
            "https://idp.eksempel.no/a%2Ftoken",
            "https://evil.idp.eksempel.no/a/token",
            "https://idp.eksempel.no@evil.no/a/token",
            "https://user@idp.eksempel.no/a/token",
            "https://idp.eksempel.no\\a\\token",
            "https://idp.eksempel.no/a/token ",
            "https:idp.eksempel.no/a/token",
            "/a/token",
            "urn:a:token",
            "ftp://idp.eksempel.no/a/token",
            "https://idp.eksempel.no/a/token%",
            "https://idp.eksempel.no/a/token%0",
            "https://idp.eksempel.no/a/t%+6ken",
            "https://idp.eksempel.no/a/token%é",
            "",
        ] {
            assert_ne!(normalized(other).as_ref(), Some(&ours), "{other}");
        }
        let upper = normalized("https://a.no/%2f");
        assert_eq!(upper, normalized("https://a.no/%2F"));
        assert!(upper.is_some());
        let long = format!("https://a.no/{}", "a".repeat(MAX_URI_BYTES));
        assert_eq!(normalized(&long), None);
    }
}
