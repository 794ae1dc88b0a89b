use serde_json::json;

use super::*;
use crate::algorithm::Algorithm;
use crate::test_keys;

fn jwk(algorithm: Algorithm, key_id: &str) -> Value {
    test_keys::signing(algorithm).public_jwk(key_id).to_json()
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

#[test]
fn reads_the_object_and_the_bare_array() {
    let keys = json!([jwk(Algorithm::Rs256, "a"), jwk(Algorithm::Es256, "b")]);
    let set = JwkSet::parse(&json!({ "keys": keys })).unwrap();
    assert_eq!(JwkSet::parse(&keys).unwrap(), set);
    assert_eq!(set.to_json(), json!({ "keys": keys }));
    assert_eq!(set.find("b").unwrap().algorithm(), Algorithm::Es256);
    assert_eq!(set.find("B"), None);
    assert_eq!(set.keys().len(), 2);
}

#[test]
fn an_empty_set_is_a_set() {
    assert_eq!(JwkSet::parse(&json!({"keys": []})), Ok(JwkSet::default()));
}

#[test]
fn refuses_what_is_not_a_set() {
    for value in [
        json!(null),
        json!({}),
        json!("keys"),
        json!({"keys": null}),
        json!({"keys": {}}),
        jwk(Algorithm::Rs256, "a"),
    ] {
        assert_eq!(JwkSet::parse(&value), Err(JwkSetError::NotASet));
        assert_eq!(JwkSet::parse_lenient(&value), Err(JwkSetError::NotASet));
    }
}

#[test]
fn refuses_two_keys_with_one_kid() {
    let keys = json!([jwk(Algorithm::Rs256, "a"), jwk(Algorithm::Es256, "a")]);
    let refused = JwkSet::parse(&keys);
    assert_eq!(refused, Err(JwkSetError::DuplicateKeyId("a".to_owned())));
}

#[test]
fn one_bad_key_refuses_a_registration_and_is_named() {
    let keys = json!([
        jwk(Algorithm::Rs256, "a"),
        without(jwk(Algorithm::Rs256, "b"), "use")
    ]);
    let refused = JwkSet::parse(&keys).unwrap_err();
    let expected = JwkSetError::Key {
        index: 1,
        error: JwkError::Missing("use"),
    };
    assert_eq!(refused, expected);
    assert_eq!(
        refused.to_string(),
        "key number 2 of the set is refused: the key has no use"
    );
}

#[test]
fn bounds_the_number_of_keys() {
    let keys: Vec<_> = (0..=MAX_KEYS_PARSED)
        .map(|number| jwk(Algorithm::EdDsa, &format!("k{number}")))
        .collect();
    assert!(JwkSet::parse(&json!(keys[1..])).is_ok());
    assert_eq!(JwkSet::parse(&json!(keys)), Err(JwkSetError::TooMany));
    let lenient = JwkSet::parse_lenient(&json!(keys)).unwrap();
    assert_eq!(lenient.keys().len(), MAX_KEYS_PARSED);
}

#[test]
fn a_verifier_skips_the_keys_that_it_cannot_use() {
    let mut for_encryption = jwk(Algorithm::Rs256, "enc");
    for_encryption["use"] = json!("enc");
    let mut private = jwk(Algorithm::Rs256, "private");
    private["d"] = json!("AQAB");
    let mut other_curve = jwk(Algorithm::Es256, "p384");
    other_curve["crv"] = json!("P-384");
    let mut other_algorithm = jwk(Algorithm::Rs256, "rs1");
    other_algorithm["alg"] = json!("RS1");
    let mut spaced = jwk(Algorithm::Rs256, "x");
    spaced["kid"] = json!("kid with spaces/and more");
    let set = JwkSet::parse_lenient(&json!({"keys": [
        null,
        {"kty": "oct", "k": "AAAA", "kid": "secret"},
        for_encryption,
        private,
        other_curve,
        other_algorithm,
        without(jwk(Algorithm::Rs256, "nameless"), "kid"),
        spaced,
        without(without(jwk(Algorithm::Rs512, "rsa"), "alg"), "use"),
        without(jwk(Algorithm::Es256, "ec"), "alg"),
        without(jwk(Algorithm::EdDsa, "ed"), "alg"),
        jwk(Algorithm::Rs384, "rsa"),
        jwk(Algorithm::Rs384, "named"),
    ]}))
    .unwrap();
    let usable: Vec<_> = set
        .keys()
        .iter()
        .map(|key| (key.key_id(), key.algorithm()))
        .collect();
    let expected = [
        ("kid with spaces/and more", Algorithm::Rs256),
        ("rsa", Algorithm::Rs256),
        ("ec", Algorithm::Es256),
        ("ed", Algorithm::EdDsa),
        ("named", Algorithm::Rs384),
    ];
    assert_eq!(usable, expected);
}
