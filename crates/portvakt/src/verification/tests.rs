use std::sync::LazyLock;

use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use serde_json::json;

use super::*;

const NOW: i64 = 1_772_442_900;

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap());

fn claims() -> Value {
    json!({
        "iss": "https://mp.example.no/", "exp": NOW + 90, "iat": NOW, "scope": "fjord:a fjord:b",
        "aud": ["https://api.example.no", "https://other.example.no"], "pid": "17869010057",
        "consumer": { "authority": "iso6523-actorid-upis", "ID": "0192:312773023" },
    })
}

fn requirements() -> Requirements {
    Requirements {
        issuer: "https://mp.example.no/".to_owned(),
        scope: Some("fjord:b".to_owned()),
        audience: Some("https://api.example.no".to_owned()),
        pid: Some("17869010057".to_owned()),
        consumers: vec!["0192:312773023".to_owned()],
    }
}

fn verify_claims(claims: &Value) -> Verification {
    let token = KEY
        .sign_compact(&json!({ "alg": "ES256", "kid": "k" }), claims)
        .unwrap();
    let keys = JwkSet::new(vec![KEY.public_jwk("k")]).unwrap();
    verify(&token, &keys, &requirements(), NOW)
}

fn failed(verification: &Verification) -> Vec<&'static str> {
    verification
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.check)
        .collect()
}

#[test]
fn a_right_token_passes_every_check() {
    let verification = verify_claims(&claims());
    assert_eq!(failed(&verification), [""; 0]);
    assert!(verification.valid);
    assert_eq!(verification.checks.len(), 7);
}

#[test]
fn a_required_claim_that_is_absent_is_a_refusal() {
    for (claim, check) in [
        ("iss", "issuer"),
        ("exp", "expiry"),
        ("scope", "scope"),
        ("aud", "audience"),
        ("pid", "person"),
        ("consumer", "consumer"),
    ] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(claim);
        let verification = verify_claims(&claims);
        assert_eq!(failed(&verification), [check]);
        assert!(!verification.valid);
    }
}

#[test]
fn a_claim_with_another_value_is_a_refusal() {
    for (claim, value, check) in [
        ("iss", json!("https://mp.example.no"), "issuer"),
        ("exp", json!(NOW - 10), "expiry"),
        ("exp", json!("9999999999"), "expiry"),
        ("scope", json!("fjord:bb fjord:a"), "scope"),
        ("aud", json!("https://api.example.no/"), "audience"),
        ("pid", json!("11849000170"), "person"),
        (
            "consumer",
            json!({ "authority": "iso6523-actorid-upis", "ID": "0192:313994031" }),
            "consumer",
        ),
        (
            "consumer",
            json!({ "authority": "other", "ID": "0192:312773023" }),
            "consumer",
        ),
    ] {
        let mut claims = claims();
        claims[claim] = value;
        assert_eq!(failed(&verify_claims(&claims)), [check], "{claim}");
    }
}

#[test]
fn ten_seconds_of_skew_are_tolerated() {
    let mut claims = claims();
    claims["exp"] = json!(NOW - 9);
    assert!(verify_claims(&claims).valid);
}

#[test]
fn keys_of_other_issuers_and_algorithms_are_refused() {
    let other = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
    let token = KEY
        .sign_compact(&json!({ "alg": "ES256", "kid": "k" }), &claims())
        .unwrap();
    let check = |key: &SigningKey, kid: &str| {
        let keys = JwkSet::new(vec![key.public_jwk(kid)]).unwrap();
        verify(&token, &keys, &requirements(), NOW).valid
    };
    assert!(check(&KEY, "k"));
    assert!(!check(&other, "k"));
    assert!(!check(&KEY, "another"));
}

#[test]
fn nothing_that_is_said_names_the_person_or_the_token() {
    let verification = verify_claims(&claims());
    let said: String = verification
        .checks
        .iter()
        .map(|check| check.detail.as_str())
        .collect();
    assert!(!said.contains("17869010057"));
    assert!(!verify("not a token", &JwkSet::default(), &requirements(), NOW).valid);
}
