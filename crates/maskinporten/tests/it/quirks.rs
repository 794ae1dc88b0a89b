//! What real clients depend on, each row (spec: maskinporten §16).

use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_testkit::{Grant, HAVBRIS, HAVBRIS_CLIENT, KID, TestServer};
use serde_json::json;

use crate::authorization_details::system_user;
use crate::certificates::havbris;
use crate::faults::{Fault, failing};
use crate::rows::{assert_issued, policy, world};

issued! {
    /// code §16: `resource` as a plain string.
    fn resource_as_a_string(server) = Grant::havbris(server).claim("resource", json!("https://api.example.no")).sign() => |claims| assert!(claims["aud"].is_string());
    /// code §16: `aud` of the grant as a one-element array.
    fn aud_as_an_array(server) = Grant::havbris(server).claim("aud", json!([server.issuer()])).sign();
    /// code §16: `aud` of the grant as the token endpoint.
    fn aud_as_the_token_endpoint(server) = Grant::havbris(server).claim("aud", json!(format!("{}token", server.issuer()))).sign();
    /// code §16: `nbf` in the grant.
    fn nbf_in_the_grant(server) = Grant::havbris(server).claim("nbf", json!(server.now())).sign();
    /// docs §16: `sub` = `iss` in the grant.
    fn sub_equal_to_iss(server) = Grant::havbris(server).claim("sub", json!(HAVBRIS_CLIENT)).sign();
    /// code §16: `typ` `JWT` in the header.
    fn typ_jwt(server) = Grant::havbris(server).header("typ", json!("JWT")).sign();
    /// code §16: No `typ` in the header.
    fn no_typ(server) = Grant::havbris(server).without_header("typ").sign();
    /// code §16: `x5c` holds the leaf only.
    fn x5c_holds_the_leaf_only(server) = Grant::certificate(server, &havbris().certificate_der, portvakt_testkit::signing_key()).sign();
    /// docs §16: A grant without `jti`.
    fn no_jti(server) = Grant::havbris(server).without("jti").sign();
    /// code §16: `consumer.ID` is `0192:` and nine digits.
    fn consumer_id_splits_on_the_colon(server) = Grant::havbris(server).sign()
        => |claims| assert_eq!(claims["consumer"]["ID"].as_str().and_then(|id| id.split(':').nth(1)), Some(HAVBRIS));
    /// code §16: The token decodes as a JWT with an integer `exp`.
    fn exp_is_an_integer(server) = Grant::havbris(server).sign() => |claims| assert!(claims["exp"].is_i64());
    /// code §16: The consumer object has no nested values and no further members.
    fn consumer_can_be_split_naively(server) = Grant::havbris(server).sign()
        => |claims| assert_eq!(claims["consumer"].as_object().map(|object| (object.len(), object.values().all(serde_json::Value::is_string))), Some((2, true)));
}

/// code §16: Grants that live exactly 10, 30, 60, 100, 119 and 120 seconds.
#[tokio::test]
async fn lifetimes_that_clients_use() {
    let server = TestServer::start().await;
    for seconds in [10, 30, 60, 100, 119, 120] {
        let grant = Grant::havbris(&server).claim("exp", json!(server.now() + seconds));
        assert_issued(&server.exchange(&grant.sign()).await);
    }
}

/// code §16: A grant of ten seconds on a slow network.
#[tokio::test]
async fn a_grant_of_ten_seconds_on_a_slow_network() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server)
        .claim("exp", json!(server.now() + 10))
        .sign();
    server.clock.advance(std::time::Duration::from_secs(19));
    assert_issued(&server.exchange(&grant).await);
}

/// code §16: Keys of 4096 bit.
#[tokio::test]
async fn keys_of_4096_bit() {
    let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B4096).expect("a key can be made");
    let server =
        world(|world| world.client_mut(HAVBRIS_CLIENT).1 = vec![key.public_jwk(KID)]).await;
    assert_issued(
        &server
            .exchange(&Grant::havbris(&server).key(&key).sign())
            .await,
    );
}

/// code §16: Strictly typed clients: all four members, `expires_in` an integer.
#[tokio::test]
async fn strictly_typed_clients_can_read_the_answer() {
    let server = TestServer::start().await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert!(
        ["access_token", "token_type", "scope"]
            .iter()
            .all(|name| answer.body[name].is_string())
    );
    assert!(answer.body["expires_in"].is_u64());
}

/// code §16: The phrases that clients look for.
#[tokio::test]
async fn phrases_that_clients_look_for() {
    let server = policy(|issuer| issuer.system_users = true, |_| ()).await;
    let unknown_kid = Grant::havbris(&server)
        .header("kid", json!("unknown"))
        .sign();
    let not_delegated = Grant::tindesystem(&server, HAVBRIS).sign();
    let no_system_user = Grant::havbris(&server)
        .claim("authorization_details", system_user(HAVBRIS))
        .sign();
    for (grant, phrase) in [
        (unknown_kid, "Unknown key identifier (kid)"),
        (not_delegated, "has not delegated access"),
        (no_system_user, "invalid_altinn_customer_configuration"),
    ] {
        let answer = server.exchange(&grant).await;
        assert!(answer.text.contains(phrase), "{}", answer.text);
    }
    server
        .clock
        .advance(std::time::Duration::from_hours(366 * 24));
    assert!(
        server
            .exchange(&Grant::havbris(&server).sign())
            .await
            .text
            .contains("Expired key")
    );
}

/// code §16: 503 is for transient faults only, because clients try again.
#[tokio::test]
async fn only_transient_faults_are_503() {
    let transient = failing(Fault::Unavailable, 0, |_| ()).await;
    assert_eq!(
        transient
            .exchange(&Grant::havbris(&transient).sign())
            .await
            .status,
        503
    );
    let lasting = failing(Fault::Corrupt, 0, |_| ()).await;
    assert_eq!(
        lasting
            .exchange(&Grant::havbris(&lasting).sign())
            .await
            .status,
        500
    );
}

/// docs §16: The issuer's slash: compared byte for byte, in grants and tokens.
#[tokio::test]
async fn the_issuer_is_never_normalized() {
    let server = TestServer::with_issuer(|issuer| {
        issuer.identifier = "https://MP.example.no:443/".to_owned();
    })
    .await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_eq!(answer.claims()["iss"], "https://MP.example.no:443/");
    let grant = Grant::havbris(&server).claim("aud", json!("https://mp.example.no/"));
    crate::rows::MP_110.check(
        &server.exchange(&grant.sign()).await,
        "Invalid JWT claim aud.",
    );
}

/// code §16: The metadata path with a trailing slash.
#[tokio::test]
async fn metadata_with_a_trailing_slash() {
    let server = TestServer::start().await;
    assert_eq!(
        server
            .get("/.well-known/oauth-authorization-server/")
            .await
            .status,
        200
    );
}
