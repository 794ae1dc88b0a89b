use serde_json::json;

use super::*;
use crate::key::KeyRejected;
use crate::signing::{RsaBits, SigningKey};
use crate::test_keys;

const NOW: i64 = 1_772_442_900;

fn public(key: &SigningKey) -> Value {
    let mut jwk = key.public_jwk("k").to_json();
    let members = jwk.as_object_mut().unwrap();
    for name in ["kid", "alg", "use"] {
        members.remove(name);
    }
    jwk
}

fn header(key: &SigningKey) -> Value {
    json!({"typ": "dpop+jwt", "alg": key.algorithm().as_str(), "jwk": public(key)})
}

fn claims() -> Value {
    json!({
        "jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": "https://idp.eksempel.no/token", "iat": NOW,
    })
}

fn parse(header: &Value, claims: &Value) -> Result<DpopProof, DpopError> {
    let key = test_keys::signing(Algorithm::Es256);
    DpopProof::parse(&key.sign_compact(header, claims).unwrap())
}

/// The header of a proof with one member changed; null takes it away.
fn with(name: &str, value: Value) -> Value {
    let mut header = header(test_keys::signing(Algorithm::Es256));
    let members = header.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value),
    };
    header
}

fn refused(header: &Value) -> DpopError {
    parse(header, &claims()).err().unwrap()
}

/// RFC 9449 §4.1.
const EXAMPLE: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

#[test]
fn the_example_of_the_rfc_is_read() {
    let proof = DpopProof::parse(EXAMPLE).unwrap();
    assert_eq!(proof.jwt_id(), "-BwC3ESc6acc2lTc");
    assert_eq!(proof.method(), "POST");
    assert_eq!(proof.uri(), "https://server.example.com/token");
    assert_eq!(proof.issued_at(), 1_562_262_616);
    // RFC 9449 §6.1.
    assert_eq!(
        proof.thumbprint(),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    assert!(!proof.is_with("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"));
}

#[test]
fn every_listed_algorithm_works_and_no_other() {
    for algorithm in Algorithm::ALL {
        let key = test_keys::signing(algorithm);
        let proof = key.sign_compact(&header(key), &claims()).unwrap();
        let read = DpopProof::parse(&proof);
        if DpopProof::ALGORITHMS.contains(&algorithm) {
            let thumbprint = key.public_jwk("k").thumbprint();
            assert_eq!(read.ok().unwrap().thumbprint(), thumbprint, "{algorithm}");
        } else {
            assert_eq!(read.err(), Some(DpopError::Algorithm), "{algorithm}");
        }
    }
    for name in ["none", "HS256", "ES384", ""] {
        let refusal = refused(&with("alg", name.into()));
        let unsupported = JwsError::UnsupportedAlgorithm(name.to_owned());
        assert_eq!(refusal, DpopError::Jws(unsupported));
    }
}

#[test]
fn a_proof_says_that_it_is_one() {
    for typ in [json!(null), json!("JWT"), json!("dpop"), json!("at+jwt")] {
        assert_eq!(refused(&with("typ", typ)), DpopError::Type);
    }
    let typ = with("typ", json!("DPoP+JWT"));
    assert!(parse(&typ, &claims()).is_ok(), "media types have no case");
}

/// RFC 9449 §11.6: the key is public, and it made the signature.
#[test]
fn the_key_is_public_and_made_the_signature() {
    let ours = public(test_keys::signing(Algorithm::Es256));
    let but = |name: &str, value: Value| {
        let mut jwk = ours.clone();
        jwk[name] = value;
        jwk
    };
    for (jwk, refusal) in [
        (json!(null), DpopError::NoKey),
        (json!("key"), DpopError::Key(JwkError::NotAnObject)),
        (json!({}), DpopError::Key(JwkError::Missing("kty"))),
        (
            but("d", json!("AAAA")),
            DpopError::Key(JwkError::PrivateMember),
        ),
        (
            json!({"kty": "oct", "k": "c2VjcmV0"}),
            DpopError::Key(JwkError::PrivateMember),
        ),
        (
            but("crv", json!("P-384")),
            DpopError::Key(JwkError::Invalid("crv")),
        ),
        (
            but("x", json!("AAAA")),
            DpopError::Key(JwkError::Key(KeyRejected::Malformed)),
        ),
        (
            public(test_keys::signing(Algorithm::EdDsa)),
            DpopError::Signature,
        ),
    ] {
        assert_eq!(refused(&with("jwk", jwk.clone())), refusal, "{jwk}");
    }
    let other = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
    assert_eq!(refused(&header(&other)), DpopError::Signature);
}

/// Anybody may send a key, so that its size must not be theirs to choose.
#[test]
fn keys_and_proofs_are_bounded() {
    let modulus = |bytes: usize| {
        let mut modulus = vec![0xff; bytes];
        modulus[0] = 0x80;
        json!({"kty": "RSA", "e": "AQAB", "n": base64url::encode(&modulus)})
    };
    let header = |bytes| json!({"typ": "dpop+jwt", "alg": "RS256", "jwk": modulus(bytes)});
    assert_eq!(
        refused(&header(512)),
        DpopError::Signature,
        "read and tried"
    );
    assert_eq!(refused(&header(513)), DpopError::KeyTooLarge);
    let short = DpopError::Key(JwkError::Key(KeyRejected::ModulusLength(1024)));
    assert_eq!(refused(&header(128)), short);
    let mut long = claims();
    long["padding"] = "a".repeat(MAX_PROOF_BYTES).into();
    let key = test_keys::signing(Algorithm::Es256);
    let long = key.sign_compact(&with("kid", json!("k")), &long).unwrap();
    assert_eq!(DpopProof::parse(&long).err(), Some(DpopError::TooLong));
}

#[test]
fn claims_are_there_and_of_their_types() {
    let header = with("kid", json!("ignored"));
    let but = |name: &str, value: Value| {
        let mut claims = claims();
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.to_owned(), value),
        };
        parse(&header, &claims).err()
    };
    for name in ["jti", "htm", "htu", "iat"] {
        for value in [json!(null), json!([]), json!(true)] {
            assert_eq!(but(name, value), Some(DpopError::Claim(name)), "{name}");
        }
    }
    assert_eq!(but("jti", json!("")), Some(DpopError::Claim("jti")));
    assert_eq!(but("jti", json!("a".repeat(255))), None);
    let long = json!("a".repeat(256));
    assert_eq!(but("jti", long), Some(DpopError::Claim("jti")));
    assert_eq!(but("iat", json!(1.5)), Some(DpopError::Claim("iat")));
    assert_eq!(but("ath", json!(1)), Some(DpopError::Claim("ath")));
    assert_eq!(but("nonce", json!(1)), None, "what nobody asked for");
}

/// RFC 9449 §7.1: the example's token and its hash.
#[test]
fn ath_is_the_hash_of_the_token() {
    let mut claims = claims();
    claims["ath"] = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo".into();
    let proof = parse(&with("kid", json!("k")), &claims).ok().unwrap();
    assert!(proof.is_with("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"));
    assert!(!proof.is_with("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxu"));
}

#[test]
fn repeated_members_and_foreign_forms_are_refused() {
    let key = test_keys::signing(Algorithm::Es256);
    let jwk = public(key).to_string();
    let repeated = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk},"jwk":{jwk}}}"#);
    let compact = format!("{}.e30.AA", base64url::encode(repeated.as_bytes()));
    let fault = crate::jws::HeaderFault::DuplicateMember;
    let refusal = DpopError::Jws(JwsError::Header(fault));
    assert_eq!(DpopProof::parse(&compact).err(), Some(refusal));
    for text in ["", "a", "a.b", "a.b.c.d", "..", "é.é.é"] {
        assert!(DpopProof::parse(text).is_err(), "{text}");
    }
}
