//! Signed JWTs of an issuer whose keys are known (RFC 7519 §7.2).

use serde_json::{Map, Value};

use crate::json::{JsonObjectError, parse_json_object};
use crate::jwk::{JwkSet, PublicJwk};
use crate::jws::{Jws, JwsError};

/// The claims of a token that one of `keys` signed and that is valid at `now`, in whole seconds
/// since the Unix epoch.
///
/// The key is chosen by `kid` and the algorithm by the key, never by the token alone. `exp` is
/// required; a token counts until `leeway_seconds` after it, and from as long before `nbf`. What
/// the other claims mean is for the caller to judge.
pub fn verify_jwt(
    token: &str,
    keys: &JwkSet,
    now: i64,
    leeway_seconds: u32,
) -> Result<Map<String, Value>, JwtError> {
    let jws = Jws::parse(token)?;
    verify_with_set(&jws, keys)?;
    let claims = parse_json_object(jws.payload())?;
    check_times(&claims, now, i64::from(leeway_seconds))?;
    Ok(claims)
}

/// The key of `keys` that signed the token: chosen by `kid`, with the algorithm of the key, never
/// by the token alone.
pub fn verify_with_set<'k>(jws: &Jws<'_>, keys: &'k JwkSet) -> Result<&'k PublicJwk, JwtError> {
    let key = find_key(jws, keys)?;
    jws.verify(key.verifying_key())
        .map_err(|_| JwtError::Signature)?;
    Ok(key)
}

fn find_key<'k>(jws: &Jws<'_>, keys: &'k JwkSet) -> Result<&'k PublicJwk, JwtError> {
    let header = jws.header();
    let key_id = header.key_id.as_deref().ok_or(JwtError::NoKeyId)?;
    let key = keys.find(key_id).ok_or(JwtError::UnknownKey)?;
    if key.algorithm() == header.algorithm {
        Ok(key)
    } else {
        Err(JwtError::AlgorithmMismatch)
    }
}

fn check_times(claims: &Map<String, Value>, now: i64, leeway: i64) -> Result<(), JwtError> {
    let expires_at = integer(claims, "exp")?.ok_or(JwtError::Claim("exp"))?;
    if now >= expires_at.saturating_add(leeway) {
        return Err(JwtError::Expired);
    }
    match integer(claims, "nbf")? {
        Some(not_before) if now.saturating_add(leeway) < not_before => Err(JwtError::NotYetValid),
        _ => Ok(()),
    }
}

fn integer(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, JwtError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(JwtError::Claim(name)),
    }
}

/// Why a token is not believed. No message holds anything of the token, save a bounded `alg`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not a JWS that we read.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The header has no `kid`.
    #[error("the header of the token has no kid")]
    NoKeyId,
    /// The issuer has no key of this `kid`.
    #[error("the token is signed with a key that the issuer does not have")]
    UnknownKey,
    /// `alg` is not the algorithm of the key.
    #[error("the algorithm of the token is not that of its key")]
    AlgorithmMismatch,
    /// The signature is not the key's.
    #[error("the signature of the token is wrong")]
    Signature,
    /// The payload is not an object of claims.
    #[error("the claims of the token cannot be read: {0}")]
    Claims(#[from] JsonObjectError),
    /// A time is missing, or not a whole number.
    #[error("{0} of the token is missing or not a whole number")]
    Claim(&'static str),
    /// Past `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before `nbf`.
    #[error("the token is not valid yet")]
    NotYetValid,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::algorithm::Algorithm;
    use crate::test_keys;

    const NOW: i64 = 1_772_442_900;

    fn keys() -> JwkSet {
        let rsa = test_keys::signing(Algorithm::Rs256).public_jwk("rsa");
        let ec = test_keys::signing(Algorithm::Es256).public_jwk("ec");
        JwkSet::new(vec![rsa, ec]).unwrap()
    }

    fn signed(header: &Value, claims: &Value) -> String {
        let key = test_keys::signing(Algorithm::Rs256);
        key.sign_compact(header, claims).unwrap()
    }

    fn verify(header: &Value, claims: &Value) -> Result<Map<String, Value>, JwtError> {
        verify_jwt(&signed(header, claims), &keys(), NOW, 10)
    }

    fn times(claims: &Value) -> Option<JwtError> {
        verify(&json!({"alg": "RS256", "kid": "rsa"}), claims).err()
    }

    #[test]
    fn claims_are_given_as_they_were_signed() {
        let claims = json!({"exp": NOW + 1, "nbf": NOW, "consumer": {"ID": "a"}});
        let read = verify(&json!({"alg": "RS256", "kid": "rsa"}), &claims).unwrap();
        assert_eq!(Value::Object(read), claims);
    }

    #[test]
    fn the_key_is_chosen_by_kid_and_the_algorithm_by_the_key() {
        let claims = json!({"exp": NOW + 1});
        for (header, refused) in [
            (json!({"alg": "RS256"}), JwtError::NoKeyId),
            (json!({"alg": "RS256", "kid": "b"}), JwtError::UnknownKey),
            (
                json!({"alg": "RS256", "kid": "ec"}),
                JwtError::AlgorithmMismatch,
            ),
            (
                json!({"alg": "RS512", "kid": "rsa"}),
                JwtError::AlgorithmMismatch,
            ),
        ] {
            assert_eq!(verify(&header, &claims), Err(refused), "{header}");
        }
        let none = verify(&json!({"alg": "none", "kid": "rsa"}), &claims);
        assert!(matches!(none, Err(JwtError::Jws(_))));
    }

    #[test]
    fn a_changed_claim_or_another_key_breaks_the_signature() {
        let header = json!({"alg": "RS256", "kid": "rsa"});
        let (ours, theirs) = (
            signed(&header, &json!({"exp": NOW + 1})),
            signed(&header, &json!({"exp": NOW + 9999})),
        );
        let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (ours, theirs) = (parts(&ours), parts(&theirs));
        let mixed = format!("{}.{}.{}", ours[0], theirs[1], ours[2]);
        assert_eq!(
            verify_jwt(&mixed, &keys(), NOW, 10),
            Err(JwtError::Signature)
        );
        let other = test_keys::other_rsa();
        let forged = other
            .sign_compact(&header, &json!({"exp": NOW + 1}))
            .unwrap();
        assert_eq!(
            verify_jwt(&forged, &keys(), NOW, 10),
            Err(JwtError::Signature)
        );
    }

    #[test]
    fn times_are_whole_numbers_within_the_leeway() {
        assert_eq!(times(&json!({"exp": NOW - 9})), None);
        assert_eq!(times(&json!({"exp": NOW - 10})), Some(JwtError::Expired));
        assert_eq!(times(&json!({"exp": i64::MAX})), None);
        assert_eq!(times(&json!({"exp": NOW + 1, "nbf": NOW + 10})), None);
        assert_eq!(
            times(&json!({"exp": NOW + 99, "nbf": NOW + 11})),
            Some(JwtError::NotYetValid)
        );
        for claims in [
            json!({}),
            json!({"exp": null}),
            json!({"exp": "1772442999"}),
            json!({"exp": 1_772_442_999.5}),
            json!({"exp": u64::MAX}),
        ] {
            assert_eq!(times(&claims), Some(JwtError::Claim("exp")), "{claims}");
        }
        let nbf = json!({"exp": NOW + 1, "nbf": "now"});
        assert_eq!(times(&nbf), Some(JwtError::Claim("nbf")));
    }

    #[test]
    fn claims_are_an_object_without_repetition() {
        let header = json!({"alg": "RS256", "kid": "rsa"});
        let refused = verify(&header, &json!(["exp"]));
        assert_eq!(refused, Err(JwtError::Claims(JsonObjectError::NotAnObject)));
    }
}
