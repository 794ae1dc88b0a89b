//! Metadata, keys, and the addresses that answer (spec: idporten §1.1, §2).

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Answer, LoginServer};

async fn get(server: &LoginServer, path: &str) -> Answer {
    let request = server.http.get(format!("{}{path}", server.base));
    Answer::read(request.send().await.unwrap()).await
}

/// Spec: idporten §2.1.
#[tokio::test]
async fn the_metadata_is_that_of_the_specification() {
    let server = LoginServer::start().await;
    let answer = get(&server, "/.well-known/openid-configuration").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=3600");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let metadata = answer.json();
    let url = |path: &str| json!(format!("{}{path}", server.base));
    for (name, value) in [
        ("issuer", url("")),
        ("authorization_endpoint", url("/authorize")),
        ("pushed_authorization_request_endpoint", url("/par")),
        ("token_endpoint", url("/token")),
        ("userinfo_endpoint", url("/userinfo")),
        ("jwks_uri", url("/jwks.json")),
        ("introspection_endpoint", url("/token/introspect")),
        ("revocation_endpoint", url("/token/revoke")),
        ("end_session_endpoint", url("/logout")),
        (
            "scopes_supported",
            json!(["openid", "profile", "no_pid", "eidas"]),
        ),
        ("response_types_supported", json!(["code"])),
        (
            "response_modes_supported",
            json!(["query", "form_post", "query.jwt", "form_post.jwt"]),
        ),
        (
            "grant_types_supported",
            json!(["authorization_code", "refresh_token"]),
        ),
        ("subject_types_supported", json!(["pairwise"])),
        (
            "acr_values_supported",
            json!([
                "idporten-loa-low",
                "idporten-loa-substantial",
                "idporten-loa-high"
            ]),
        ),
        ("ui_locales_supported", json!(["en", "nb", "nn", "se"])),
        (
            "prompt_values_supported",
            json!(["consent", "login", "none"]),
        ),
        ("display_values_supported", json!(["page"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "token_endpoint_auth_methods_supported",
            json!([
                "client_secret_basic",
                "client_secret_post",
                "none",
                "private_key_jwt"
            ]),
        ),
        (
            "token_endpoint_auth_signing_alg_values_supported",
            json!(["RS256", "RS384", "RS512"]),
        ),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        (
            "authorization_signing_alg_values_supported",
            json!(["RS256"]),
        ),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
        ("claims_parameter_supported", json!(false)),
        ("request_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(false)),
        ("frontchannel_logout_supported", json!(true)),
        ("frontchannel_logout_session_supported", json!(true)),
        ("backchannel_logout_supported", json!(true)),
        ("backchannel_logout_session_supported", json!(true)),
        ("check_session_iframe", Value::Null),
        ("registration_endpoint", Value::Null),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
    let alias = get(&server, "/.well-known/oauth-authorization-server").await;
    assert_eq!(alias.json(), metadata);
}

/// Spec: idporten §2.2.
#[tokio::test]
async fn keys_are_public_and_answer_at_every_alias() {
    let server = LoginServer::start().await;
    let keys = get(&server, "/jwks.json").await;
    let set = keys.json();
    let key = &set["keys"][0];
    assert_eq!(
        (&key["kty"], &key["use"], &key["alg"]),
        (&json!("RSA"), &json!("sig"), &json!("RS256"))
    );
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        assert!(key[private].is_null(), "{private}");
    }
    for alias in ["/jwk", "/jwks", "/.well-known/jwks.json"] {
        assert_eq!(get(&server, alias).await.body, keys.body, "{alias}");
    }
    let request = server.http.get(format!("{}/jwks.json", server.base));
    let request = request.header("if-none-match", keys.header("etag"));
    assert_eq!(
        request.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );
}

#[tokio::test]
async fn other_addresses_lead_nowhere_and_the_root_to_the_metadata() {
    let server = LoginServer::start().await;
    let root = get(&server, "/").await;
    assert_eq!(root.status, StatusCode::FOUND);
    assert!(
        root.header("location")
            .ends_with("/.well-known/openid-configuration")
    );
    let nothing = get(&server, "/finnes/ikke").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    assert_eq!(nothing.error(), "invalid_request");
    assert!(!nothing.header("x-request-id").is_empty());
    let post = server.http.post(format!("{}/jwks.json", server.base));
    let post = Answer::read(post.send().await.unwrap()).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.header("allow"), "GET, HEAD");
    assert_eq!(get(&server, "/health").await.body, "OK");
}
