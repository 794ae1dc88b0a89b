//! Metadata, keys, and the addresses that answer (spec: idporten §1.1, §2).

use portvakt_jose::JwkSet;
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Answer, LoginServer, rotated_ring};

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
    let url = |path: &str| format!("{}{path}", server.base);
    let national = ["RS256", "RS384", "RS512"];
    let confidential = [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ];
    let all = [
        "client_secret_basic",
        "client_secret_post",
        "none",
        "private_key_jwt",
    ];
    // Whole: `check_session_iframe`, `registration_endpoint` and whatever else is not here is not there.
    let mut expected = json!({
        "issuer": url(""),
        "authorization_endpoint": url("/authorize"),
        "pushed_authorization_request_endpoint": url("/par"),
        "token_endpoint": url("/token"),
        "userinfo_endpoint": url("/userinfo"),
        "jwks_uri": url("/jwks.json"),
        "introspection_endpoint": url("/token/introspect"),
        "revocation_endpoint": url("/token/revoke"),
        "end_session_endpoint": url("/logout"),
    });
    let supported = json!({
        "scopes_supported": ["openid", "profile", "no_pid", "eidas"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post", "query.jwt", "form_post.jwt"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["pairwise"],
        "acr_values_supported": [
            "idporten-loa-low", "idporten-loa-substantial", "idporten-loa-high",
        ],
        "ui_locales_supported": ["en", "nb", "nn", "se"],
        "prompt_values_supported": ["consent", "login", "none"],
        "display_values_supported": ["page"],
        "code_challenge_methods_supported": ["S256"],
    });
    let proofs = json!({
        "token_endpoint_auth_methods_supported": all,
        "token_endpoint_auth_signing_alg_values_supported": national,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": national,
        "revocation_endpoint_auth_methods_supported": all,
        "revocation_endpoint_auth_signing_alg_values_supported": national,
        "id_token_signing_alg_values_supported": ["RS256"],
        "authorization_signing_alg_values_supported": ["RS256"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": true,
        "request_object_signing_alg_values_supported": national,
        "request_uri_parameter_supported": false,
        "require_pushed_authorization_requests": false,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "dpop_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "sub", "pid", "acr", "amr", "auth_time", "locale", "sid", "iss", "aud", "exp", "iat",
            "jti", "nonce",
        ],
    });
    for part in [supported, proofs] {
        let members = part.as_object().unwrap().clone();
        expected.as_object_mut().unwrap().extend(members);
    }
    assert_eq!(metadata, expected);
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
    // Nothing private, and nothing else: the key's id is its thumbprint (RFC 7638).
    let members: Vec<_> = key.as_object().unwrap().keys().collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use", "x5c"]);
    let published = JwkSet::parse(&set).unwrap();
    assert_eq!(key["kid"], published.keys()[0].thumbprint());
    assert_eq!(keys.header("cache-control"), "public, max-age=3600");
    // The certificate holds the key, or it would not have been read; and the key signed it.
    let published = &published.keys()[0];
    let certificate = published.certificates().expect("a chain of one")[0].clone();
    published.clone().with_own_certificate(certificate).unwrap();
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

/// Clients compare an id token's algorithm with what the metadata says.
#[tokio::test]
async fn the_metadata_follows_a_rotation_to_another_algorithm() {
    let server = LoginServer::start().await;
    let signing = || async {
        let metadata = get(&server, "/.well-known/openid-configuration")
            .await
            .json();
        metadata["id_token_signing_alg_values_supported"].clone()
    };
    assert_eq!(signing().await, json!(["RS256"]));
    server.keys.replace(rotated_ring());
    assert_eq!(signing().await, json!(["ES256", "RS256"]));
}
