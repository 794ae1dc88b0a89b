//! Metadata, keys and other paths (spec: maskinporten §12).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_core::signing::{KeyRing, SigningKeyState, generate};
use portvakt_jose::{Algorithm, PublicJwk, RsaBits};
use portvakt_testkit::{Grant, TestServer};
use serde_json::json;

use crate::rows::policy;
use crate::wire::Wire;

const PATH: &str = "/.well-known/oauth-authorization-server";

/// code §12.1: The document has the national members and values, and no other.
#[tokio::test]
async fn the_document_is_the_national_one() {
    let server = policy(
        |issuer| (issuer.system_users, issuer.consents) = (true, true),
        |_| (),
    )
    .await;
    let issuer = server.issuer();
    assert_eq!(
        server.get(PATH).await.body,
        json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}token"),
            "jwks_uri": format!("{issuer}jwk"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "RS512"],
            "authorization_details_types_supported": ["urn:altinn:systemuser", "urn:altinn:consent"],
        })
    );
}

/// docs §12.1: Only configured types of authorization details are advertised.
#[tokio::test]
async fn only_configured_types_are_advertised() {
    let server = TestServer::start().await;
    assert!(
        server
            .get(PATH)
            .await
            .body
            .get("authorization_details_types_supported")
            .is_none()
    );
    let server = policy(|issuer| issuer.consents = true, |_| ()).await;
    assert_eq!(
        server.get(PATH).await.body["authorization_details_types_supported"],
        json!(["urn:altinn:consent"])
    );
}

/// inferred §12.1: A switch adds an empty `response_types_supported`.
#[tokio::test]
async fn response_types_are_a_switch() {
    let server = policy(|issuer| issuer.response_types_in_metadata = true, |_| ()).await;
    assert_eq!(
        server.get(PATH).await.body["response_types_supported"],
        json!([])
    );
    let server = TestServer::start().await;
    assert!(
        server
            .get(PATH)
            .await
            .body
            .get("response_types_supported")
            .is_none()
    );
}

/// code §12.1: The same document with a slash at the end of the path.
#[tokio::test]
async fn the_path_may_end_in_a_slash() {
    let server = TestServer::start().await;
    let (plain, slash) = (
        server.get(PATH).await,
        server.get(&format!("{PATH}/")).await,
    );
    assert_eq!((slash.status, slash.text), (200, plain.text));
}

/// inferred §12.1: JSON that may be cached for at most an hour and read from any origin, by GET and HEAD.
#[tokio::test]
async fn documents_may_be_cached_and_read_from_any_origin() {
    let server = TestServer::start().await;
    for path in [PATH, "/jwk"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=3600",
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let mut wire = Wire::connect(&server).await;
        let request =
            format!("HEAD {path} HTTP/1.1\r\nHost: mp.example.no\r\nConnection: close\r\n\r\n");
        wire.send(request).await;
        let head = wire.answer().await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{path} {head}");
        assert!(
            head.contains("content-type: application/json\r\n"),
            "{path} {head}"
        );
        let length = format!("content-length: {}\r\n", answer.text.len());
        assert!(head.contains(&length), "{path} {head}");
        assert!(head.ends_with("\r\n\r\n"), "{path} {head}");
        let post = server
            .http()
            .post(server.url(path))
            .send()
            .await
            .expect("the server answers");
        assert_eq!(
            (post.status().as_u16(), post.headers()["allow"].as_bytes()),
            (405, &b"GET, HEAD"[..]),
            "{path}"
        );
    }
}

/// code §12.1: Issuer, token endpoint and key set begin alike, slash included.
#[tokio::test]
async fn the_issuer_is_the_prefix_of_its_addresses() {
    let server = TestServer::start().await;
    let document = server.get(PATH).await;
    assert!(document.member("issuer").ends_with('/'));
    for name in ["token_endpoint", "jwks_uri"] {
        assert!(document.member(name).starts_with(document.member("issuer")));
    }
}

/// docs §12.2: Keys are RSA with `kty`, `use`, `alg`, `kid`, `n` and `e`, and nothing private.
#[tokio::test]
async fn keys_have_exactly_the_public_members() {
    let server = TestServer::start().await;
    let set = server.get("/jwk").await;
    let keys = set.body["keys"].as_array().expect("an array of keys");
    assert_eq!(keys.len(), 1);
    let mut names: Vec<_> = keys[0]
        .as_object()
        .expect("a key")
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use", "x5c"]);
    assert_eq!(
        json!([keys[0]["kty"], keys[0]["use"], keys[0]["alg"]]),
        json!(["RSA", "sig", "RS256"])
    );
    let token = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_eq!(token.token_header()["kid"], keys[0]["kid"]);
}

/// docs §12.2: Each key has a certificate in `x5c`, which holds it and which it signed.
#[tokio::test]
async fn keys_have_a_certificate_of_their_own() {
    let server = TestServer::start().await;
    let set = server.get("/jwk").await;
    let key = &set.body["keys"][0];
    let [certificate] = &**key["x5c"].as_array().expect("a chain") else {
        panic!("the chain has one certificate");
    };
    let der = STANDARD.decode(certificate.as_str().expect("text"));
    let der = der.expect("standard base64");
    let jwk = PublicJwk::parse(key).expect("a key whose certificate is its own");
    assert_eq!(jwk.certificates(), Some(&[der.clone()][..]));
    jwk.with_own_certificate(der).expect("signed by the key");
}

/// inferred §12.2: Keys are published before they sign and after they have; keys that are gone are not.
#[tokio::test]
async fn next_active_and_retired_keys_are_published() {
    let server = TestServer::start().await;
    let now = portvakt_core::Clock::now(server.clock.as_ref());
    let states = [
        SigningKeyState::Retired,
        SigningKeyState::Active,
        SigningKeyState::Next,
        SigningKeyState::Gone,
    ];
    let records = states.map(|state| {
        generate("maskinporten", Algorithm::Rs256, RsaBits::B2048, state, now)
            .expect("a key can be made")
    });
    server
        .keys
        .replace(KeyRing::from_records(&records).expect("one active key makes a ring"));
    let set = server.get("/jwk").await;
    let kids: Vec<_> = set.body["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|key| key["kid"].as_str())
        .collect();
    let expected: Vec<_> = records[..3]
        .iter()
        .map(|record| Some(record.kid.as_str()))
        .collect();
    assert_eq!(kids, expected);
    let token = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_eq!(token.token_header()["kid"], records[1].kid.as_str());
}

/// inferred §12.2: The key set has a tag, and is not sent again to whoever has it.
#[tokio::test]
async fn an_unchanged_key_set_is_not_sent_again() {
    let server = TestServer::start().await;
    let first = server.get("/jwk").await;
    let tag = first.header("etag").to_owned();
    let again = |tag: String| {
        server
            .http()
            .get(server.url("/jwk"))
            .header("if-none-match", tag)
            .send()
    };
    assert_eq!(again(tag.clone()).await.expect("an answer").status(), 304);
    assert_eq!(
        again(format!("\"x\", W/{tag}"))
            .await
            .expect("an answer")
            .status(),
        304
    );
    assert_eq!(
        again("\"x\"".to_owned()).await.expect("an answer").status(),
        200
    );
}

/// code §12.3: `/health` answers and says nothing about the inside.
#[tokio::test]
async fn health_says_ok_and_no_more() {
    let server = TestServer::start().await;
    let answer = server.get("/health").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "OK"));
}

/// inferred §12.3: Unknown paths are 404.
#[tokio::test]
async fn unknown_paths_are_404() {
    let server = TestServer::start().await;
    for path in [
        "/",
        "/token/",
        "//token",
        "/Token",
        "/jwks",
        "/metrics",
        "/authorize",
        "/introspect",
        "/.well-known/openid-configuration",
    ] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}
