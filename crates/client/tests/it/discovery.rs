//! Metadata is used only if it is the configured issuer's (RFC 8414 §3.3).

use portvakt_client::{AuthorizationServer, ClientError};
use serde_json::json;

use crate::scripted::{Scripted, default, http, metadata, reply};

#[tokio::test]
async fn an_issuer_is_what_was_configured_byte_for_byte() {
    let server = Scripted::start(|_, _| default()).await;
    let found = AuthorizationServer::discover(&http(), &server.url)
        .await
        .unwrap();
    assert_eq!(found.issuer(), server.url);
    assert_eq!(
        found.token_endpoint().as_str(),
        format!("{}/token", server.url)
    );
    let with_slash = format!("{}/", server.url);
    let refused = AuthorizationServer::discover(&http(), &with_slash).await;
    assert!(
        matches!(refused, Err(ClientError::IssuerMismatch { .. })),
        "{refused:?}"
    );
}

/// Row 4 of the threats: who serves the metadata must not choose whom grants are made out to.
#[tokio::test]
async fn metadata_that_names_another_issuer_gets_no_grant_signed() {
    let victim = "https://maskinporten.no/";
    let server = Scripted::start(move |asked, _| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => reply(200, &metadata(victim)),
        _ => default(),
    })
    .await;
    let refused = AuthorizationServer::discover(&http(), &server.url)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains(victim), "{refused}");
    assert!(server.asked("/token").is_empty());
}

#[tokio::test]
async fn endpoints_must_be_encrypted_or_on_this_machine() {
    for endpoint in [
        "http://maskinporten.example/token",
        "ftp://a/token",
        "/token",
    ] {
        let server = Scripted::start(move |asked, _| {
            let base = format!("http://{}", asked.headers["host"].to_str().unwrap());
            let mut document = metadata(&base);
            document["token_endpoint"] = json!(endpoint);
            reply(200, &document)
        })
        .await;
        let refused = AuthorizationServer::discover(&http(), &server.url).await;
        assert!(
            matches!(refused, Err(ClientError::Address { .. })),
            "{refused:?}"
        );
    }
}
