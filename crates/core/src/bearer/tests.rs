use std::sync::LazyLock;

use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use serde_json::json;

use super::*;

const NOW: i64 = 1_772_442_900;
const ISSUER: &str = "https://maskinporten.example/";

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap());

fn claims() -> Value {
    json!({
        "iss": ISSUER, "scope": "idporten:dcr.read idporten:scopes.write", "token_type": "Bearer",
        "client_amr": "private_key_jwt", "client_id": "a", "exp": NOW + 100, "iat": NOW,
        "jti": "b", "consumer": {"authority": "iso6523-actorid-upis", "ID": "0192:312773023"},
    })
}

fn authenticate(claims: &Value, requires_certificate: bool) -> Result<Caller, BearerError> {
    let token = KEY
        .sign_compact(&json!({"alg": "ES256", "kid": "k"}), claims)
        .unwrap();
    let keys = JwkSet::new(vec![KEY.public_jwk("k")]).unwrap();
    let base_urls = ["https://api.example/api/v1".to_owned()];
    let policy = BearerPolicy {
        issuer: ISSUER,
        base_urls: &base_urls,
        requires_certificate,
    };
    Caller::authenticate(&token, &keys, policy, Timestamp::from_seconds(NOW))
}

fn with(name: &str, value: Value) -> Result<Caller, BearerError> {
    let mut claims = claims();
    claims[name] = value;
    authenticate(&claims, false)
}

#[test]
fn the_caller_is_what_the_token_says() {
    let mut claims = claims();
    claims["supplier"] = json!({"authority": "iso6523-actorid-upis", "ID": "0192:313994031"});
    claims["pid"] = json!("17869010057");
    let caller = authenticate(&claims, false).unwrap();
    assert_eq!(caller.organization.as_str(), "312773023");
    assert_eq!(caller.supplier.unwrap().as_str(), "313994031");
    assert_eq!(
        (caller.client_id.as_str(), caller.client_amr.as_str()),
        ("a", "private_key_jwt")
    );
    assert!(caller.has_scope("idporten:dcr.read") && caller.has_scope("idporten:scopes.write"));
    assert!(!caller.has_scope("idporten:dcr") && !caller.has_scope("idporten:dcr.write"));
}

#[test]
fn every_claim_that_is_needed_is_required() {
    let needed = [
        "iss",
        "scope",
        "token_type",
        "client_amr",
        "client_id",
        "consumer",
    ];
    for name in needed {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(name);
        let refused = authenticate(&without, false);
        assert_eq!(refused, Err(BearerError::Claim(name)), "without {name}");
        for value in [json!(null), json!(""), json!(1), json!([])] {
            let refused = with(name, value.clone());
            assert_eq!(refused, Err(BearerError::Claim(name)), "{name} {value}");
        }
    }
    let mut without = claims();
    without.as_object_mut().unwrap().remove("exp");
    let refused = authenticate(&without, false);
    assert_eq!(refused, Err(BearerError::Token(JwtError::Claim("exp"))));
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    for other in [
        "https://maskinporten.example",
        "https://MASKINPORTEN.example/",
    ] {
        assert_eq!(with("iss", json!(other)), Err(BearerError::Issuer));
    }
}

#[test]
fn an_organization_has_its_authority_and_its_whole_identifier() {
    let authority = "iso6523-actorid-upis";
    for claim in [
        json!({"authority": authority, "ID": "312773023"}),
        json!({"authority": authority, "ID": "0193:312773023"}),
        json!({"authority": authority}),
        json!({"authority": "other", "ID": "0192:312773023"}),
        json!({"ID": "0192:312773023"}),
        json!("0192:312773023"),
    ] {
        for name in ["consumer", "supplier"] {
            let refused = with(name, claim.clone());
            assert_eq!(refused, Err(BearerError::Claim(name)), "{claim}");
        }
    }
}

#[test]
fn an_audience_is_absent_unrestricted_or_below_a_base_url() {
    let ours = "https://api.example/api/v1";
    for accepted in [
        json!("unspecified"),
        json!(ours),
        json!(format!("{ours}/clients")),
        json!(["https://other.example/", format!("{ours}/")]),
    ] {
        assert!(with("aud", accepted.clone()).is_ok(), "{accepted}");
    }
    for refused in [
        json!("https://api.example"),
        json!(format!("{ours}.evil.example/")),
        json!(format!("{ours}0")),
        json!(["unspecified"]),
        json!([]),
        json!(""),
        json!(null),
        json!({"a": ours}),
    ] {
        assert_eq!(
            with("aud", refused.clone()),
            Err(BearerError::Audience),
            "{refused}"
        );
    }
}

#[test]
fn a_token_bound_to_a_key_is_not_a_bearer_token() {
    assert_eq!(with("cnf", json!({"jkt": "a"})), Err(BearerError::Bound));
    assert_eq!(
        with("token_type", json!("DPoP")),
        Err(BearerError::Claim("token_type"))
    );
}

#[test]
fn a_certificate_can_be_required() {
    assert_eq!(
        authenticate(&claims(), true),
        Err(BearerError::CertificateRequired)
    );
    let mut claims = claims();
    claims["client_amr"] = json!("virksomhetssertifikat");
    assert!(authenticate(&claims, true).is_ok());
}
