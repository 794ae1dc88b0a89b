//! Registered keys (spec: maskinporten §5).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_jose::{Algorithm, PublicJwk, RsaBits, SigningKey};
use portvakt_testkit::{
    Grant, HAVBRIS_CERTIFICATE_CLIENT, HAVBRIS_CLIENT, KID, LYNGVIK, NOW, SCOPE,
    TINDESYSTEM_CLIENT, TestServer, World, second_signing_key, signing_key,
};
use serde_json::{Value, json};

use crate::certificates::{havbris, issued_to};
use crate::rows::{INVALID_GRANT, MP_120, MP_121, MP_122, assert_issued, world};

const UNKNOWN_KID: &str = "Unknown key identifier (kid) for client.";

/// A key with further members, as a client would register it.
fn jwk(key: &SigningKey, members: &Value) -> PublicJwk {
    let mut jwk = key.public_jwk(KID).to_json();
    for (name, value) in members.as_object().expect("members are an object") {
        jwk[name] = value.clone();
    }
    PublicJwk::parse(&jwk).expect("tests register keys that can be registered")
}

fn register(world: &mut World, keys: Vec<PublicJwk>) {
    world.client_mut(HAVBRIS_CLIENT).1 = keys;
}

refused! {
    /// code §5: A `kid` that the client does not have: the phrase that rotation tools poll on.
    fn kid_unknown(server) -> INVALID_GRANT(UNKNOWN_KID) = Grant::havbris(server).header("kid", json!("unknown")).sign();
    /// inferred §5: A `kid` is compared with its case.
    fn kid_in_another_case(server) -> INVALID_GRANT(UNKNOWN_KID) = Grant::havbris(server).header("kid", json!(KID.to_uppercase())).sign();
    /// docs §5: A `kid` is looked up among this client's keys only.
    fn kid_of_another_client(server in world(|world| {
        world.client_mut(TINDESYSTEM_CLIENT).1 = vec![second_signing_key().public_jwk("foreign")];
    })) -> INVALID_GRANT(UNKNOWN_KID) =
        Grant::havbris(server).header("kid", json!("foreign")).key(second_signing_key()).sign();
    /// inferred §5: A `kid` from a client without keys is unknown.
    fn kid_of_a_client_without_keys(server) -> INVALID_GRANT(UNKNOWN_KID) = Grant::new(server, HAVBRIS_CERTIFICATE_CLIENT, SCOPE).sign();
    /// code §5: A client with keys must name one.
    fn kid_missing(server) -> INVALID_GRANT("The client requires pre-registered jwk and no key identifier (kid) provided") =
        Grant::havbris(server).without_header("kid").sign();
    /// code §5: A client with keys cannot use its certificate instead.
    fn x5c_of_a_client_with_keys(server) -> INVALID_GRANT("no key identifier (kid) provided") = {
        let certificate = havbris();
        let key = certificate.signing_key();
        Grant::havbris(server).certificates(&[&certificate.certificate_der]).key(&key).sign()
    };
    /// docs §5: A signature of another key is MP-124.
    fn signature_of_another_key(server) -> MP_124("Invalid JWT signature.") = Grant::havbris(server).key(second_signing_key()).sign();
    /// docs §5: A signature of another grant is MP-124.
    fn signature_of_another_grant(server) -> MP_124("Invalid JWT signature.") = {
        let signature = Grant::havbris(server).sign();
        let signature = signature.rsplit('.').next().expect("a signature").to_owned();
        let grant = Grant::havbris(server).sign();
        let (input, _) = grant.rsplit_once('.').expect("a signature");
        format!("{input}.{signature}")
    };
    /// inferred §5: `alg` of the grant must be the key's, even when the signature would verify.
    fn alg_that_is_not_the_keys(server) -> MP_124("Invalid JWT signature.") = {
        let key = signing_key().to_pkcs8_der().expect("a test key can be written");
        let key = SigningKey::from_pkcs8_der(Algorithm::Rs512, &key).expect("an RSA key");
        Grant::havbris(server).header("alg", json!("RS512")).key(&key).sign()
    };
    /// docs §5: A key past its own `exp` is MP-121.
    fn key_past_its_exp(server in world(|world| register(world, vec![jwk(signing_key(), &json!({"exp": NOW}))])))
        -> MP_121("Expired key.") = Grant::havbris(server).sign();
    /// inferred §5: A client whose keys have all expired still must name one.
    fn kid_missing_though_all_keys_have_expired(server in world(|world| register(world, vec![jwk(signing_key(), &json!({"exp": NOW}))])))
        -> INVALID_GRANT("no key identifier (kid) provided") = Grant::havbris(server).without_header("kid").sign();
    /// inferred §5: An expired key is told before its signature is looked at.
    fn expired_key_before_signature(server in world(|world| register(world, vec![jwk(signing_key(), &json!({"exp": NOW}))])))
        -> MP_121("Expired key.") = Grant::havbris(server).key(second_signing_key()).sign();
}

issued! {
    /// docs §5: A grant with a registered key gets `client_amr` `private_key_jwt`.
    fn registered_key(server) = Grant::havbris(server).sign() => |claims| assert_eq!(claims["client_amr"], "private_key_jwt");
    /// docs §5: The same public key may sit on several clients.
    fn the_same_key_on_several_clients(server) = Grant::new(server, TINDESYSTEM_CLIENT, "fjord:apen.read").sign();
    /// docs §5: A client may have five keys, and each of them serves.
    fn the_last_of_five_keys(server in world(|world| {
        let mut keys: Vec<_> = (0..4).map(|n| second_signing_key().public_jwk(&format!("k{n}"))).collect();
        keys.push(signing_key().public_jwk("k.4_-Z"));
        register(world, keys);
    })) = Grant::havbris(server).header("kid", json!("k.4_-Z")).sign();
    /// inferred §5: A key serves until the second before its `exp`.
    fn a_key_that_lives_one_more_second(server in world(|world| register(world, vec![jwk(signing_key(), &json!({"exp": NOW + 1}))]))) =
        Grant::havbris(server).sign();
}

/// code §5: Keys of 4096 bit are accepted.
#[tokio::test]
async fn a_key_of_4096_bit_is_accepted() {
    let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B4096).expect("a key can be made");
    let server = world(|world| register(world, vec![key.public_jwk(KID)])).await;
    assert_issued(
        &server
            .exchange(&Grant::havbris(&server).key(&key).sign())
            .await,
    );
}

/// docs §5: A registered key lives at most one year from the moment it is posted.
#[tokio::test]
async fn a_key_lives_one_year() {
    let server = TestServer::start().await;
    server
        .clock
        .advance(Duration::from_hours(365 * 24) - Duration::from_secs(1));
    assert_issued(&server.exchange(&Grant::havbris(&server).sign()).await);
    server.clock.advance(Duration::from_secs(1));
    MP_121.check(
        &server.exchange(&Grant::havbris(&server).sign()).await,
        "Expired key.",
    );
}

/// docs §5: A key set is replaced as a whole: a removed key is unknown at once.
#[tokio::test]
async fn a_removed_key_is_unknown_at_once() {
    let mut changed = World::spec();
    let server = TestServer::start().await;
    assert_issued(&server.exchange(&Grant::havbris(&server).sign()).await);
    register(&mut changed, vec![second_signing_key().public_jwk("new")]);
    changed.save(server.store.as_ref()).await;
    INVALID_GRANT.check(
        &server.exchange(&Grant::havbris(&server).sign()).await,
        UNKNOWN_KID,
    );
    let grant = Grant::havbris(&server)
        .header("kid", json!("new"))
        .key(second_signing_key());
    assert_issued(&server.exchange(&grant.sign()).await);
}

/// docs §5: A registered key with its own `x5c` is only as good as that certificate.
#[tokio::test]
async fn a_registered_certificate_is_validated_at_run_time() {
    let certificate = havbris();
    let key = certificate.signing_key();
    let x5c = |der: &[u8]| json!({"x5c": [STANDARD.encode(der)]});
    let registered = jwk(&key, &x5c(&certificate.certificate_der));
    let server = world(|world| register(world, vec![registered])).await;
    assert_issued(
        &server
            .exchange(&Grant::havbris(&server).key(&key).sign())
            .await,
    );
    server.clock.advance(Duration::from_hours(24));
    let answer = server
        .exchange(&Grant::havbris(&server).key(&key).sign())
        .await;
    MP_120.check(&answer, "invalid certificate");

    let foreign = issued_to(LYNGVIK);
    let key = foreign.signing_key();
    let registered = jwk(&key, &x5c(&foreign.certificate_der));
    let server = world(|world| register(world, vec![registered])).await;
    let answer = server
        .exchange(&Grant::havbris(&server).key(&key).sign())
        .await;
    MP_122.check(&answer, "Does not match certificate orgno");
}
