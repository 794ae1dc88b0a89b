//! The header of the grant (spec: maskinporten §4, §4.1).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_testkit::{
    Grant, HAVBRIS_CERTIFICATE_CLIENT, HAVBRIS_CLIENT, KID, SCOPE, TestServer, second_signing_key,
    signing_key,
};
use serde_json::{Value, json};

use crate::certificates::havbris;
use crate::rows::{MP_011, MP_124, assert_issued, world};

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The grant's own parts.
fn parts(grant: &Grant<'_>) -> [String; 3] {
    let compact = grant.sign();
    let mut parts = compact.split('.').map(str::to_owned);
    std::array::from_fn(|_| parts.next().expect("a JWS has three parts"))
}

/// Signs this very header text with the client's key, whatever it says.
fn signed_header(server: &TestServer, header: &str) -> String {
    let [_, payload, _] = parts(&Grant::havbris(server));
    let input = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
    let signature = signing_key()
        .sign(input.as_bytes())
        .expect("test keys can sign");
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A client whose key is registered for this algorithm.
async fn with_algorithm(algorithm: Algorithm) -> (TestServer, SigningKey) {
    let key = signing_key()
        .to_pkcs8_der()
        .expect("a test key can be written");
    let key =
        SigningKey::from_pkcs8_der(algorithm, &key).expect("RSA keys serve every RS algorithm");
    let jwk = key.public_jwk(KID);
    (
        world(|world| world.client_mut(HAVBRIS_CLIENT).1 = vec![jwk]).await,
        key,
    )
}

async fn accepts(algorithm: Algorithm) {
    let (server, key) = with_algorithm(algorithm).await;
    let grant = Grant::havbris(&server)
        .header("alg", json!(algorithm.as_str()))
        .key(&key);
    assert_issued(&server.exchange(&grant.sign()).await);
}

/// docs §4.1: `alg` RS256 is accepted.
#[tokio::test]
async fn alg_rs256_is_accepted() {
    accepts(Algorithm::Rs256).await;
}

/// docs §4.1: `alg` RS384 is accepted.
#[tokio::test]
async fn alg_rs384_is_accepted() {
    accepts(Algorithm::Rs384).await;
}

/// docs §4.1: `alg` RS512 is accepted.
#[tokio::test]
async fn alg_rs512_is_accepted() {
    accepts(Algorithm::Rs512).await;
}

refused! {
    /// docs §4.1: `alg` is required.
    fn alg_missing(server) -> MP_011("alg is missing") = Grant::havbris(server).without_header("alg").sign();
    /// docs §4.1: `alg` `none` is refused, with a signature.
    fn alg_none(server) -> MP_011("the algorithm 'none'") = Grant::havbris(server).header("alg", json!("none")).sign();
    /// docs §4.1: `alg` `none` is refused, without a signature.
    fn alg_none_unsigned(server) -> MP_011("not three non-empty parts") =
        Grant::havbris(server).header("alg", json!("none")).with_signature(b"");
    /// docs §4.1: `alg` is compared with its case.
    fn alg_in_lower_case(server) -> MP_011("the algorithm 'rs256'") = Grant::havbris(server).header("alg", json!("rs256")).sign();
    /// docs §4.1: `PS256` is refused even with a right signature.
    fn alg_ps256(server) -> MP_011("alg is PS256") = {
        let key = signing_key().to_pkcs8_der().expect("a test key can be written");
        let key = SigningKey::from_pkcs8_der(Algorithm::Ps256, &key).expect("an RSA key");
        Grant::havbris(server).header("alg", json!("PS256")).key(&key).sign()
    };
    /// docs §4.1: `ES256` is refused even with a right signature.
    fn alg_es256(server) -> MP_011("alg is ES256") = {
        let key = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).expect("a key can be made");
        Grant::havbris(server).header("alg", json!("ES256")).key(&key).sign()
    };
    /// docs §4.1: `EdDSA` is refused even with a right signature.
    fn alg_eddsa(server) -> MP_011("alg is EdDSA") = {
        let key = SigningKey::generate(Algorithm::EdDsa, RsaBits::B2048).expect("a key can be made");
        Grant::havbris(server).header("alg", json!("EdDSA")).key(&key).sign()
    };
    /// docs §4.1: `HS256` keyed with the public key is refused.
    fn alg_hs256_with_the_public_key(server) -> MP_011("the algorithm 'HS256'") = {
        let public = signing_key().public_jwk(KID).to_json().to_string();
        let grant = Grant::havbris(server).header("alg", json!("HS256"));
        let [header, payload, _] = parts(&grant);
        let input = format!("{header}.{payload}");
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()), input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac.as_ref()))
    };
    /// docs §4.1: An `alg` that is no string is refused.
    fn alg_not_a_string(server) -> MP_011("alg is missing or not a string") = Grant::havbris(server).header("alg", json!(["RS256"])).sign();
    /// inferred §4.1: `crit` is refused, whatever it lists.
    fn crit_unknown(server) -> MP_011("crit") = Grant::havbris(server).header("crit", json!(["exp"])).sign();
    /// inferred §4.1: `crit` is refused when empty.
    fn crit_empty(server) -> MP_011("crit") = Grant::havbris(server).header("crit", json!([])).sign();
    /// inferred §4.1: `crit` is refused when it is no array.
    fn crit_not_an_array(server) -> MP_011("crit") = Grant::havbris(server).header("crit", json!("exp")).sign();
    /// inferred §4.1: `crit` is refused when null.
    fn crit_null(server) -> MP_011("crit") = Grant::havbris(server).header("crit", Value::Null).sign();
    /// inferred §4: `b64` is refused, also without `crit`.
    fn b64_false(server) -> MP_011("b64 is not supported") = Grant::havbris(server).header("b64", json!(false)).sign();
    /// inferred §4: What looks like encryption is refused.
    fn enc_and_zip(server) -> MP_011("encryption") = Grant::havbris(server).header("zip", json!("DEF")).sign();
    /// inferred §4.1: `typ` `at+jwt` is refused.
    fn typ_at_jwt(server) -> MP_011("typ says that this is an access token") = Grant::havbris(server).header("typ", json!("at+jwt")).sign();
    /// inferred §4.1: `typ` `application/at+JWT` is refused.
    fn typ_application_at_jwt(server) -> MP_011("typ says") = Grant::havbris(server).header("typ", json!("application/at+JWT")).sign();
    /// inferred §4.1: A `typ` that is no string is refused.
    fn typ_not_a_string(server) -> MP_011("typ is not a string") = Grant::havbris(server).header("typ", json!(1)).sign();
    /// inferred §4.1: A `kid` that is no string is refused.
    fn kid_not_a_string(server) -> MP_011("kid is not a string") = Grant::havbris(server).header("kid", json!(1)).sign();
    /// inferred §4.1: An empty `kid` is refused.
    fn kid_empty(server) -> MP_011("kid is not a string of 1 to 255") = Grant::havbris(server).header("kid", json!("")).sign();
    /// inferred §4.1: A `kid` of 256 characters is refused.
    fn kid_too_long(server) -> MP_011("kid is not a string of 1 to 255") = Grant::havbris(server).header("kid", json!("k".repeat(256))).sign();
    /// docs §4.1: One of `kid` and `x5c` is needed.
    fn neither_kid_nor_x5c(server) -> MP_011("neither kid nor x5c") =
        Grant::new(server, HAVBRIS_CERTIFICATE_CLIENT, SCOPE).without_header("kid").sign();
    /// inferred §4: A member that is named twice is refused.
    fn a_repeated_member(server) -> MP_011("names a member twice") =
        signed_header(server, &format!(r#"{{"alg":"RS256","kid":"{KID}","kid":"{KID}"}}"#));
    /// inferred §4: A header with more than 32 members is refused.
    fn too_many_members(server) -> MP_011("more than 32 members") = {
        let members = (0..40).map(|n| format!(r#""m{n}":1"#)).collect::<Vec<_>>().join(",");
        signed_header(server, &format!(r#"{{"alg":"RS256",{members}}}"#))
    };
    /// inferred §4: A header that is no object is refused.
    fn a_header_that_is_no_object(server) -> MP_011("not a JSON object") = signed_header(server, "[]");
    /// inferred §4: A header that is no JSON is refused.
    fn a_header_that_is_no_json(server) -> MP_011("not a JSON object") = signed_header(server, "{\"alg\":");
    /// inferred §4: A detached payload is refused.
    fn a_detached_payload(server) -> MP_011("not three non-empty parts") = {
        let [header, _, signature] = parts(&Grant::havbris(server));
        format!("{header}..{signature}")
    };
    /// inferred §4: JSON serialization is refused.
    fn json_serialization(server) -> MP_011("not three non-empty parts") = {
        let [header, payload, signature] = parts(&Grant::havbris(server));
        let json = json!({"protected": header, "payload": payload, "signature": signature}).to_string();
        json.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02x}"))
    };
    /// inferred §4: A JWE is refused.
    fn a_jwe_of_five_parts(server) -> MP_011("not three non-empty parts") = {
        let [header, payload, signature] = parts(&Grant::havbris(server));
        format!("{header}.{payload}.{payload}.{payload}.{signature}")
    };
    /// inferred §4: A JWT inside a JWT is refused.
    fn a_nested_jwt(server) -> MP_011("not a JSON object of claims") = {
        let inner = Grant::havbris(server).sign();
        let header = encode(&json!({"alg": "RS256", "kid": KID, "cty": "JWT"}));
        let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(inner));
        let signature = signing_key().sign(input.as_bytes()).expect("test keys can sign");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    /// inferred §4: Base64url with padding is refused.
    fn padding(server) -> MP_011("canonical base64url") = format!("{}=", Grant::havbris(server).sign());
    /// inferred §4: A truncated JWS is refused.
    fn truncated(server) -> MP_011("Invalid parameter value") = {
        let compact = Grant::havbris(server).sign();
        compact.rsplit_once('.').map(|(rest, _)| rest.to_owned()).unwrap_or_default()
    };
}

issued! {
    /// code §4.1: `typ` `JWT` is accepted.
    fn typ_jwt(server) = Grant::havbris(server).header("typ", json!("JWT")).sign();
    /// code §4.1: `typ` may be absent.
    fn typ_absent(server) = Grant::havbris(server).without_header("typ").sign();
    /// inferred §4.1: Any other `typ` is ignored.
    fn typ_other(server) = Grant::havbris(server).header("typ", json!("whatever")).sign();
    /// inferred §4.1: `x5t`, `x5t#S256`, `cty` and unknown members are ignored.
    fn other_members_are_ignored(server) = Grant::havbris(server)
        .header("x5t", json!("AA")).header("x5t#S256", json!(7)).header("cty", json!("JWT")).header("foo", json!({})).sign();
    /// inferred §4.1: `kid` and `x5c` together: a client with registered keys uses `kid`.
    fn kid_and_x5c_with_registered_keys(server) = Grant::havbris(server).header("x5c", json!(["AA=="])).sign()
        => |claims| assert_eq!(claims["client_amr"], "private_key_jwt");
    /// inferred §4.1: `kid` and `x5c` together: a client without keys uses `x5c`.
    fn kid_and_x5c_without_registered_keys(server) = {
        let certificate = havbris();
        let key = certificate.signing_key();
        Grant::certificate(server, &certificate.certificate_der, &key).header("kid", json!("any")).sign()
    } => |claims| assert_eq!(claims["client_amr"], "CForESeal");
}

/// inferred §4.1: `jwk`, `jku` and `x5u` in the header never bring a key.
#[tokio::test]
async fn keys_in_the_header_are_never_used() {
    let server = TestServer::start().await;
    let attacker = second_signing_key();
    let jwk = attacker.public_jwk(KID).to_json();
    let url = server.url("/jwk");
    for (name, value) in [("jwk", jwk), ("jku", json!(url)), ("x5u", json!(url))] {
        let grant = Grant::havbris(&server)
            .header(name, value.clone())
            .key(attacker);
        MP_124.check(
            &server.exchange(&grant.sign()).await,
            "Invalid JWT signature.",
        );
        let honest = Grant::havbris(&server).header(name, value);
        assert_issued(&server.exchange(&honest.sign()).await);
    }
}

/// inferred §4: An assertion longer than the limit is refused before it is looked into.
#[tokio::test]
async fn an_assertion_of_60_kib_is_answered() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).claim("resource", json!("https://a/".repeat(4000)));
    MP_011.check(
        &server.exchange(&grant.sign()).await,
        "resource must hold absolute URIs",
    );
}
