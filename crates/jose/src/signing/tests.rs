use serde_json::json;

use super::*;
use crate::json::parse_json_object;
use crate::jws::Jws;
use crate::key::SignatureError;
use crate::test_keys;

fn private_jwk(key: &SigningKey) -> Value {
    let text = key.to_private_jwk("k-1").unwrap();
    Value::Object(parse_json_object(text.as_bytes()).unwrap())
}

#[test]
fn every_algorithm_signs_what_its_public_half_verifies() {
    for algorithm in Algorithm::ALL {
        let key = test_keys::signing(algorithm);
        let signature = key.sign(b"message").unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let public = key.verifying_key();
        assert_eq!(public.verify(algorithm, b"message", &signature), Ok(()));
        assert_eq!(
            public.verify(algorithm, b"massage", &signature),
            Err(SignatureError::Invalid)
        );
    }
}

#[test]
fn compact_form_is_read_back() {
    for algorithm in Algorithm::ALL {
        let key = test_keys::signing(algorithm);
        let compact = key
            .sign_compact(
                &json!({"alg": algorithm, "kid": "k-1"}),
                &json!({"iss": "x"}),
            )
            .unwrap();
        let jws = Jws::parse(&compact).unwrap();
        assert_eq!(jws.payload(), br#"{"iss":"x"}"#);
        assert_eq!(jws.verify(&key.verifying_key()), Ok(()), "{algorithm}");
    }
}

#[test]
fn private_jwks_round_trip() {
    for algorithm in Algorithm::ALL {
        let key = test_keys::signing(algorithm);
        let jwk = private_jwk(key);
        let (read, key_id) = SigningKey::from_private_jwk(&jwk).unwrap();
        assert_eq!(key_id.as_deref(), Some("k-1"));
        assert_eq!(read.algorithm(), algorithm);
        assert_eq!(read.thumbprint(), key.thumbprint());
        let signature = read.sign(b"m").unwrap();
        assert_eq!(
            key.verifying_key().verify(algorithm, b"m", &signature),
            Ok(())
        );
        assert_eq!(private_jwk(&read), jwk);
    }
}

#[test]
fn pkcs8_round_trips_in_der_and_pem() {
    for algorithm in Algorithm::ALL {
        let key = test_keys::signing(algorithm);
        let der = key.to_pkcs8_der().unwrap();
        let from_der = SigningKey::from_pkcs8_der(algorithm, &der).unwrap();
        let pem = key.to_pkcs8_pem().unwrap();
        assert!(pem.lines().all(|line| line.len() <= 64));
        let from_pem = SigningKey::from_pkcs8_pem(algorithm, &pem).unwrap();
        assert_eq!(from_der.thumbprint(), key.thumbprint());
        assert_eq!(from_pem.thumbprint(), key.thumbprint());
    }
}

#[test]
fn refuses_pkcs8_of_another_type() {
    for made_for in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let der = test_keys::signing(made_for).to_pkcs8_der().unwrap();
        for read_as in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            let read = SigningKey::from_pkcs8_der(read_as, &der);
            assert_eq!(read.is_ok(), read_as == made_for, "{made_for} as {read_as}");
        }
    }
}

#[test]
fn refuses_text_without_a_private_key() {
    for pem in [
        "",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let read = SigningKey::from_pkcs8_pem(Algorithm::Rs256, pem);
        assert_eq!(read.err(), Some(KeyError::NotPem), "{pem}");
    }
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(
        SigningKey::from_pkcs8_pem(Algorithm::Rs256, broken).err(),
        Some(KeyError::NotAPrivateKey(KeyType::Rsa))
    );
}

#[test]
fn refuses_private_jwks_whose_halves_differ() {
    let foreign_rsa = private_jwk(&test_keys::other_rsa());
    let foreign_point =
        private_jwk(&SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap());
    let foreign_seed =
        private_jwk(&SigningKey::generate(Algorithm::EdDsa, RsaBits::B2048).unwrap());
    for (algorithm, other, swapped) in [
        (
            Algorithm::Rs256,
            &foreign_rsa,
            &["n", "d", "p", "dp", "dq", "qi"][..],
        ),
        (Algorithm::Es256, &foreign_point, &["d"][..]),
        (Algorithm::EdDsa, &foreign_seed, &["d", "x"][..]),
    ] {
        for name in swapped {
            let mut jwk = private_jwk(test_keys::signing(algorithm));
            jwk[*name] = other[*name].clone();
            assert_eq!(
                SigningKey::from_private_jwk(&jwk).err(),
                Some(KeyError::Inconsistent),
                "{algorithm} {name}"
            );
        }
    }
}

#[test]
fn refuses_private_jwks_with_missing_or_bad_members() {
    for (algorithm, names) in [
        (
            Algorithm::Rs256,
            &["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"][..],
        ),
        (Algorithm::Es256, &["kty", "crv", "x", "y", "d"][..]),
        (Algorithm::EdDsa, &["kty", "crv", "x", "d"][..]),
    ] {
        for name in names {
            for bad in [None, Some(json!(7)), Some(json!("not base64url!"))] {
                let mut jwk = private_jwk(test_keys::signing(algorithm));
                match &bad {
                    None => drop(jwk.as_object_mut().unwrap().remove(*name)),
                    Some(value) => jwk[*name] = value.clone(),
                }
                assert_eq!(
                    SigningKey::from_private_jwk(&jwk).err(),
                    Some(KeyError::Member(name)),
                    "{algorithm} {name} {bad:?}"
                );
            }
        }
    }
}

#[test]
fn refuses_private_jwks_with_an_algorithm_of_another_type() {
    for (algorithm, named) in [
        (Algorithm::Rs256, "ES256"),
        (Algorithm::Es256, "RS256"),
        (Algorithm::EdDsa, "HS256"),
    ] {
        let mut jwk = private_jwk(test_keys::signing(algorithm));
        jwk["alg"] = json!(named);
        assert_eq!(
            SigningKey::from_private_jwk(&jwk).err(),
            Some(KeyError::Member("alg"))
        );
    }
}

#[test]
fn a_key_id_cannot_break_out_of_the_private_jwk() {
    let key = test_keys::signing(Algorithm::EdDsa);
    let text = key.to_private_jwk("a\",\"d\":\"x").unwrap();
    let members = parse_json_object(text.as_bytes()).unwrap();
    assert_eq!(members["kid"], "a\",\"d\":\"x");
}

#[test]
fn nothing_secret_is_printed() {
    for algorithm in Algorithm::ALL {
        let shown = format!("{:?}", test_keys::signing(algorithm));
        assert_eq!(shown, format!("SigningKey({algorithm}, redacted)"));
    }
}

#[test]
fn ed25519_signs_the_example_of_rfc_8037() {
    // RFC 8037 §A.1 and §A.4.
    let jwk = json!({"kty": "OKP", "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let (key, key_id) = SigningKey::from_private_jwk(&jwk).unwrap();
    assert_eq!(key_id, None);
    let signature = key
        .sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")
        .unwrap();
    assert_eq!(
        base64url::encode(&signature),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    // RFC 8037 §A.3.
    assert_eq!(
        key.thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn longer_rsa_keys_can_be_made() {
    let key = SigningKey::generate(Algorithm::Ps256, RsaBits::B3072).unwrap();
    assert_eq!(key.verifying_key().bits(), 3072);
}

#[test]
fn refuses_private_numbers_of_another_length() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        for length in [0, 31, 33, 64] {
            let mut jwk = private_jwk(test_keys::signing(algorithm));
            jwk["d"] = json!(base64url::encode(&vec![1; length]));
            assert_eq!(
                SigningKey::from_private_jwk(&jwk).err(),
                Some(KeyError::Member("d")),
                "{algorithm} {length}"
            );
        }
    }
}
