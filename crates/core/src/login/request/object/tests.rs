use std::sync::LazyLock;

use portvakt_jose::{Algorithm, JwkSet, RsaBits, SigningKey, TrustStore};
use serde_json::{Value, json};

use super::*;
use crate::client::{Client, ClientSecrets, KeySet};
use crate::login::issuer::Environment;
use crate::organization::OrgNumber;

const NOW: i64 = 1_772_442_900;
const CLIENT: &str = "eksempel-app";

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).expect("an RSA key can be made")
});

fn record() -> ClientRecord {
    let orgno = OrgNumber::parse("312773023").unwrap();
    let now = Timestamp::from_seconds(NOW);
    let client = Client::machine(CLIENT.parse().unwrap(), "C", orgno, vec![], now);
    let set = JwkSet::new(vec![KEY.public_jwk("k1")]).unwrap();
    let keys = KeySet::from_jwks(&set, &client, now).unwrap();
    ClientRecord {
        client,
        keys: keys.keys().to_vec(),
        secrets: ClientSecrets::default(),
        organization_active: true,
    }
}

fn claims() -> Value {
    json!({
        "iss": CLIENT, "aud": "https://idp.eksempel.no", "iat": NOW, "exp": NOW + 120, "jti": "j1",
        "client_id": CLIENT, "response_type": "code", "scope": "openid profile", "state": "signed",
        "max_age": 0, "resource": ["urn:a"], "claims": {"id_token": {}},
    })
}

fn sign(claims: &Value) -> String {
    let header = json!({"alg": "RS256", "kid": "k1"});
    KEY.sign_compact(&header, claims).unwrap()
}

/// Opens an object as a browser brings it: with client, type and scope beside it.
fn open(object: String, pushed: bool) -> Result<RequestObject, &'static str> {
    let mut parameters = AuthorizationParameters {
        client_id: Some(CLIENT.to_owned()),
        request: Some(object),
        ..AuthorizationParameters::default()
    };
    if !pushed {
        parameters.response_type = Some("code".to_owned());
        parameters.scope = Some("openid".to_owned());
        parameters.state = Some("unsigned".to_owned());
    }
    let issuer = LoginIssuer::new("https://idp.eksempel.no", Environment::Test);
    let trust = TrustStore::builder().build().unwrap();
    let now = Timestamp::from_seconds(NOW + 1);
    let opened = RequestObject::open(&parameters, &record(), &trust, &issuer, pushed, now);
    match opened {
        Ok(opened) => Ok(opened.unwrap()),
        Err(LoginRefusal::Detail(_, detail)) => Err(detail),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_is_signed_wins_over_what_stands_beside_it() {
    for pushed in [false, true] {
        let opened = open(sign(&claims()), pushed).unwrap_or_else(|fault| panic!("{fault}"));
        let parameters = opened.parameters;
        assert_eq!(parameters.state.as_deref(), Some("signed"));
        assert_eq!(parameters.scope.as_deref(), Some("openid profile"));
        assert_eq!(parameters.max_age.as_deref(), Some("0"));
        assert_eq!(parameters.resource, ["urn:a"]);
        assert_eq!(parameters.claims.as_deref(), Some(r#"{"id_token":{}}"#));
        assert_eq!(parameters.request, None);
        assert_eq!(opened.used.keep_until.seconds(), NOW + 130);
    }
}

/// A hint may be a national identity number, which is nobody's to keep, wherever it was written.
#[test]
fn a_hint_in_it_is_kept_only_where_it_means_something() {
    for (hint, kept) in [
        ("17869010057", None),
        ("eidas:true", Some("eidas:true")),
        ("testid:17869010057", Some("testid:17869010057")),
    ] {
        let mut claims = claims();
        claims["login_hint"] = json!(hint);
        for pushed in [false, true] {
            let opened = open(sign(&claims), pushed).unwrap_or_else(|fault| panic!("{fault}"));
            assert_eq!(opened.parameters.login_hint.as_deref(), kept, "{hint}");
        }
    }
}

#[test]
fn the_rules_for_its_claims() {
    for (name, value) in [
        ("iss", json!("another")),
        ("client_id", json!("another")),
        ("client_id", Value::Null),
        ("aud", json!("https://idp.eksempel.no/")),
        ("aud", json!(["https://idp.eksempel.no", "https://b.no"])),
        ("exp", json!(NOW + 121)),
        ("exp", json!(NOW - 10)),
        ("exp", json!("soon")),
        ("iat", json!(NOW + 12)),
        ("iat", Value::Null),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!("j".repeat(256))),
        ("nbf", json!(NOW + 100)),
        ("state", json!(1)),
        ("resource", json!([1])),
        ("request", json!("a.b.c")),
        ("request_uri", json!("urn:idporten:a")),
        ("response_type", json!("token")),
    ] {
        let mut claims = claims();
        claims[name] = value.clone();
        assert!(open(sign(&claims), false).is_err(), "{name} {value}");
    }
}

#[test]
fn nobody_else_can_have_signed_it() {
    let other = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
    let header = |header: Value| KEY.sign_compact(&header, &claims()).unwrap();
    for object in [
        String::new(),
        "a.b.c".to_owned(),
        other
            .sign_compact(&json!({"alg": "RS256", "kid": "k1"}), &claims())
            .unwrap(),
        header(json!({"alg": "RS256"})),
        header(json!({"alg": "RS256", "kid": "k2"})),
        header(json!({"alg": "RS256", "kid": "k1", "x5c": ["MIIB"]})),
        header(json!({"alg": "RS384", "kid": "k1"})),
    ] {
        assert!(open(object, false).is_err());
    }
    // `none` has no signature at all.
    let unsigned = sign(&claims()).rsplit_once('.').unwrap().0.to_owned() + ".";
    assert!(open(unsigned, false).is_err());
}

#[test]
fn the_digest_names_client_and_jti_alone() {
    let digest = |claims: &Value| open(sign(claims), true).ok().unwrap().used.digest;
    let mut later = claims();
    later["exp"] = json!(NOW + 100);
    assert_eq!(digest(&claims()), digest(&later));
    later["jti"] = json!("j2");
    assert_ne!(digest(&claims()), digest(&later));
}
