use proptest::prelude::*;

use super::*;
use crate::certificate::{CertificateAuthority, CertificateProfile, CertificateRequest};
use crate::test_keys;

fn registered(algorithm: Algorithm) -> Value {
    test_keys::signing(algorithm).public_jwk("k-1").to_json()
}

fn changed(name: &str, value: Option<Value>) -> Value {
    let mut jwk = registered(Algorithm::Rs256);
    match value {
        None => drop(jwk.as_object_mut().unwrap().remove(name)),
        Some(value) => jwk[name] = value,
    }
    jwk
}

fn refusal(jwk: &Value) -> Option<JwkError> {
    PublicJwk::parse(jwk).err()
}

#[test]
fn published_keys_are_read_back() {
    for algorithm in Algorithm::ALL {
        let key = test_keys::signing(algorithm);
        let jwk = PublicJwk::parse(&registered(algorithm)).unwrap();
        assert_eq!(jwk, key.public_jwk("k-1"));
        assert_eq!(jwk.key_id(), "k-1");
        assert_eq!(jwk.algorithm(), algorithm);
        assert_eq!(jwk.thumbprint(), key.thumbprint());
        assert_eq!(jwk.thumbprint().len(), 43);
        assert_eq!(jwk.clone().with_key_id("k-2").key_id(), "k-2");
    }
}

#[test]
fn publishes_exactly_the_public_members() {
    for (algorithm, expected) in [
        (
            Algorithm::Rs256,
            &["alg", "e", "kid", "kty", "n", "use"][..],
        ),
        (
            Algorithm::Es256,
            &["alg", "crv", "kid", "kty", "use", "x", "y"][..],
        ),
        (
            Algorithm::EdDsa,
            &["alg", "crv", "kid", "kty", "use", "x"][..],
        ),
    ] {
        let jwk = registered(algorithm);
        let mut names: Vec<_> = jwk
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        assert_eq!(names, expected);
    }
    assert_eq!(registered(Algorithm::Rs256)["e"], "AQAB");
}

#[test]
fn thumbprint_is_that_of_rfc_7638() {
    // RFC 7638 §3.1.
    let jwk = json!({"kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29", "use": "sig",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
    assert_eq!(
        PublicJwk::parse(&jwk).unwrap().thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn requires_every_member_as_a_string() {
    for name in ["kid", "alg", "use", "kty", "n", "e"] {
        assert_eq!(refusal(&changed(name, None)), Some(JwkError::Missing(name)));
        for value in [json!(null), json!(1), json!(["RS256"]), json!({})] {
            let refused = refusal(&changed(name, Some(value)));
            assert_eq!(refused, Some(JwkError::Invalid(name)), "{name}");
        }
    }
    for (algorithm, name) in [
        (Algorithm::Es256, "crv"),
        (Algorithm::Es256, "x"),
        (Algorithm::Es256, "y"),
        (Algorithm::EdDsa, "crv"),
        (Algorithm::EdDsa, "x"),
    ] {
        let mut jwk = registered(algorithm);
        jwk.as_object_mut().unwrap().remove(name);
        assert_eq!(refusal(&jwk), Some(JwkError::Missing(name)));
    }
}

#[test]
fn refuses_values_outside_of_the_rules() {
    let too_long = "k".repeat(256);
    for (name, value) in [
        ("kid", ""),
        ("kid", "a b"),
        ("kid", "a/b"),
        ("kid", "nøkkel"),
        ("kid", "a\n"),
        ("kid", too_long.as_str()),
        ("use", "enc"),
        ("use", "SIG"),
        ("use", ""),
        ("alg", "none"),
        ("alg", "HS256"),
        ("alg", "RSA-OAEP"),
        ("alg", "rs256"),
        ("kty", "rsa"),
        ("kty", "oct"),
        ("kty", "AKP"),
        ("n", "a+b/"),
        ("e", "AQAB=="),
        ("e", "AQ B"),
    ] {
        let refused = refusal(&changed(name, Some(json!(value))));
        assert_eq!(refused, Some(JwkError::Invalid(name)), "{name} {value}");
    }
    let longest = "k._-".repeat(63);
    assert!(PublicJwk::parse(&changed("kid", Some(json!(longest)))).is_ok());
}

#[test]
fn refuses_an_algorithm_of_another_type() {
    for key in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        for named in Algorithm::ALL {
            let mut jwk = registered(key);
            jwk["alg"] = json!(named);
            let expected =
                (named.key_type() != key.key_type()).then(|| JwkError::AlgorithmMismatch {
                    algorithm: named,
                    key_type: key.key_type(),
                });
            assert_eq!(refusal(&jwk), expected, "{key} {named}");
        }
    }
}

#[test]
fn refuses_curves_and_keys_that_are_not_supported() {
    for (algorithm, curve) in [
        (Algorithm::Es256, "P-384"),
        (Algorithm::Es256, "secp256k1"),
        (Algorithm::Es256, "Ed25519"),
        (Algorithm::EdDsa, "Ed448"),
        (Algorithm::EdDsa, "X25519"),
    ] {
        let mut jwk = registered(algorithm);
        jwk["crv"] = json!(curve);
        assert_eq!(refusal(&jwk), Some(JwkError::Invalid("crv")), "{curve}");
    }
    for (name, value, expected) in [
        (
            "n",
            base64url::encode(&[0xff; 128]),
            KeyRejected::ModulusLength(1024),
        ),
        (
            "n",
            base64url::encode(&[0xff; 1025]),
            KeyRejected::ModulusLength(8200),
        ),
        ("e", "AQ".to_owned(), KeyRejected::Exponent),
        ("e", "AA".to_owned(), KeyRejected::Exponent),
        ("e", String::new(), KeyRejected::Exponent),
    ] {
        let refused = refusal(&changed(name, Some(json!(value))));
        assert_eq!(refused, Some(JwkError::Key(expected)), "{name}");
    }
    let mut off_curve = registered(Algorithm::Es256);
    off_curve["x"] = off_curve["y"].clone();
    assert_eq!(
        refusal(&off_curve),
        Some(JwkError::Key(KeyRejected::Malformed))
    );
    let mut short = registered(Algorithm::EdDsa);
    short["x"] = json!("AAAA");
    assert_eq!(refusal(&short), Some(JwkError::Key(KeyRejected::Malformed)));
}

#[test]
fn refuses_private_members_without_echoing_them() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [json!("c2VjcmV0LXZhbHVl"), json!(null), json!([])] {
            let error = refusal(&changed(name, Some(value))).unwrap();
            assert_eq!(error, JwkError::PrivateMember);
            assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
        }
    }
}

#[test]
fn ignores_unknown_members_and_drops_them() {
    let jwk = changed("key_ops", Some(json!(["verify"])));
    let read = PublicJwk::parse(&jwk).unwrap();
    assert_eq!(read.to_json(), registered(Algorithm::Rs256));
}

#[test]
fn a_modulus_with_a_leading_zero_is_the_same_key() {
    let plain = registered(Algorithm::Rs256);
    let mut modulus = vec![0];
    modulus.extend(base64url::decode(plain["n"].as_str().unwrap()).unwrap());
    let read = PublicJwk::parse(&changed("n", Some(json!(base64url::encode(&modulus))))).unwrap();
    assert_eq!(read.to_json(), plain);
}

#[test]
fn reads_the_expiry_as_whole_seconds_only() {
    for (exp, expected) in [(json!(0), 0), (json!(1_803_978_900), 1_803_978_900)] {
        let read = PublicJwk::parse(&changed("exp", Some(exp))).unwrap();
        assert_eq!(read.expires_at(), Some(expected));
        assert_eq!(read.to_json().get("exp"), None);
    }
    for exp in [
        json!(null),
        json!("1803978900"),
        json!(1.5),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!([1]),
    ] {
        let refused = refusal(&changed("exp", Some(exp.clone())));
        assert_eq!(refused, Some(JwkError::Invalid("exp")), "{exp}");
    }
    let without = PublicJwk::parse(&registered(Algorithm::Rs256)).unwrap();
    assert_eq!(without.expires_at(), None);
}

#[test]
fn a_certificate_must_hold_the_key() {
    let authority = CertificateAuthority::generate("Test CA", 0, 2_000_000_000).unwrap();
    let request = CertificateRequest::new(
        CertificateProfile::Seid2,
        "312773023",
        "Havbris AS",
        0..=1_000,
    );
    let key = test_keys::signing(Algorithm::Rs256);
    let own = authority.issue_for(&request, key).unwrap().certificate_der;
    let foreign = authority
        .issue_for(&request, &test_keys::other_rsa())
        .unwrap();
    let x5c = |der: &[u8]| changed("x5c", Some(json!([base64url::encode_standard(der)])));

    let read = PublicJwk::parse(&x5c(&own)).unwrap();
    assert_eq!(read.certificates(), Some(&[own.clone()][..]));
    assert_eq!(read.to_json(), x5c(&own));
    assert_eq!(
        refusal(&x5c(&foreign.certificate_der)),
        Some(JwkError::CertificateMismatch)
    );
    assert_eq!(
        refusal(&x5c(&[0x30, 1, 0])),
        Some(JwkError::Certificate(CertificateError::Malformed))
    );
    for malformed in [json!([]), json!("MAA="), json!(null)] {
        let refused = refusal(&changed("x5c", Some(malformed)));
        assert_eq!(refused, Some(JwkError::Invalid("x5c")));
    }
}

#[test]
fn refuses_what_is_not_an_object() {
    for value in [json!(null), json!([]), json!("k"), json!(1)] {
        assert_eq!(refusal(&value), Some(JwkError::NotAnObject));
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(
        name in "(kty|kid|alg|use|n|e|crv|x|y|exp|x5c)",
        text in "[A-Za-z0-9_-]{0,80}",
        number in any::<i64>(),
    ) {
        for value in [json!(text), json!(number), json!([text]), json!({ &text: number })] {
            for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
                let mut jwk = registered(algorithm);
                jwk[&name] = value.clone();
                let _ = PublicJwk::parse(&jwk);
                let _ = JwkSet::parse_lenient(&json!([jwk]));
            }
        }
    }
}
