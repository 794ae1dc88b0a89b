//! Skyporten: the same rights, another issuer (spec: maskinporten §13).

use portvakt_testkit::{Grant, HAVBRIS, HAVBRIS_CLIENT, Options, TINDESYSTEM, TestServer};
use serde_json::{Value, json};

use crate::rows::{MP_110, assert_issued};

async fn start() -> TestServer {
    TestServer::with(Options {
        skyporten: true,
        ..Options::default()
    })
    .await
}

fn grant(server: &TestServer, scope: &str) -> Grant<'static> {
    Grant::new(server, HAVBRIS_CLIENT, scope).claim("aud", json!(server.skyporten_issuer()))
}

async fn read(server: &TestServer, path: &str) -> (u16, Value) {
    let host = format!("localhost:{}", server.address().port());
    let answer = server
        .http()
        .get(server.url(path))
        .header("host", host)
        .send()
        .await;
    let answer = portvakt_testkit::Answer::read(answer.expect("the server answers")).await;
    (answer.status, answer.body)
}

/// docs §13: `iss` has no slash, `sub` is consumer and scope, and the rest is a Maskinporten token.
#[tokio::test]
async fn sub_is_consumer_and_scope() {
    let server = start().await;
    let grant =
        grant(&server, "fjord:delt.botte").claim("resource", json!("https://skyporten.example.no"));
    let answer = server.exchange_at_skyporten(&grant.sign()).await;
    assert_issued(&answer);
    let claims = answer.claims();
    assert_eq!(claims["iss"], server.skyporten_issuer());
    assert_eq!(claims["sub"], "0192:312773023;fjord:delt.botte");
    assert_eq!(claims["aud"], "https://skyporten.example.no");
    for name in [
        "scope",
        "client_amr",
        "token_type",
        "exp",
        "iat",
        "client_id",
        "jti",
        "consumer",
    ] {
        assert!(claims.get(name).is_some(), "{name}");
    }
}

/// inferred §13: Several scopes are joined in `sub` exactly as in `scope`.
#[tokio::test]
async fn sub_of_several_scopes() {
    let server = start().await;
    let grant = grant(&server, "fjord:delt.botte  fjord:apen.read");
    let claims = server.exchange_at_skyporten(&grant.sign()).await.claims();
    assert_eq!(
        claims["sub"],
        "0192:312773023;fjord:delt.botte fjord:apen.read"
    );
}

/// inferred §13: With delegation `sub` names the consumer, not the supplier.
#[tokio::test]
async fn sub_with_delegation() {
    let mut options = Options {
        skyporten: true,
        ..Options::default()
    };
    options
        .world
        .delegate("fjord:havn/anlop.write", HAVBRIS, TINDESYSTEM);
    let server = TestServer::with(options).await;
    let grant = Grant::tindesystem(&server, HAVBRIS).claim("aud", json!(server.skyporten_issuer()));
    let claims = server.exchange_at_skyporten(&grant.sign()).await.claims();
    assert_eq!(claims["sub"], "0192:312773023;fjord:havn/anlop.write");
}

/// inferred §13: Without `resource` there is no `aud`.
#[tokio::test]
async fn no_resource_no_aud() {
    let server = start().await;
    let claims = server
        .exchange_at_skyporten(&grant(&server, "fjord:delt.botte").sign())
        .await
        .claims();
    assert!(claims.get("aud").is_none());
}

/// docs §13: A grant's `aud` with a slash is MP-110.
#[tokio::test]
async fn aud_with_a_slash_is_refused() {
    let server = start().await;
    let grant = grant(&server, "fjord:delt.botte")
        .claim("aud", json!(format!("{}/", server.skyporten_issuer())));
    MP_110.check(
        &server.exchange_at_skyporten(&grant.sign()).await,
        "Invalid JWT claim aud.",
    );
}

/// docs §13: A grant for one issuer is no grant for the other.
#[tokio::test]
async fn a_grant_is_for_one_issuer() {
    let server = start().await;
    let answer = server
        .exchange_at_skyporten(&Grant::havbris(&server).sign())
        .await;
    MP_110.check(&answer, "Invalid JWT claim aud.");
    assert_eq!(
        answer.member("error_uri"),
        format!("{}/errors/MP-110", server.skyporten_issuer())
    );
    let answer = server
        .exchange(&grant(&server, "fjord:delt.botte").sign())
        .await;
    MP_110.check(&answer, "Invalid JWT claim aud.");
}

/// docs §13: Metadata at the OpenID Connect path, with what clouds insist on.
#[tokio::test]
async fn metadata_is_at_the_openid_path() {
    let server = start().await;
    let issuer = server.skyporten_issuer();
    let (status, document) = read(&server, "/.well-known/openid-configuration").await;
    assert_eq!(status, 200);
    assert_eq!(
        document,
        json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwk"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "RS512"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    );
    assert_eq!(
        read(&server, "/.well-known/oauth-authorization-server")
            .await
            .0,
        404
    );
}

/// inferred §13: Keys are at `/jwk` of the Skyporten host.
#[tokio::test]
async fn keys_are_at_the_same_path() {
    let server = start().await;
    let (status, set) = read(&server, "/jwk").await;
    assert_eq!(
        (status, set["keys"].as_array().map(Vec::len)),
        (200, Some(1))
    );
}

/// inferred §13: The host chooses among configured issuers; any other host is the first issuer's.
#[tokio::test]
async fn an_unknown_host_is_the_first_issuers() {
    let server = start().await;
    for host in [
        "localhost",
        "localhost:1",
        "localhost.evil.example",
        "xlocalhost",
        "",
    ] {
        let request = server
            .http()
            .get(server.url("/.well-known/oauth-authorization-server"))
            .header("host", host);
        let answer = portvakt_testkit::Answer::read(request.send().await.expect("an answer")).await;
        assert_eq!(answer.member("issuer"), server.issuer(), "{host}");
    }
}
