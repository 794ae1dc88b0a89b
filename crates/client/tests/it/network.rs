//! Proxies on the way, and servers that do not answer.

use std::time::Duration;

use portvakt_client::{
    AuthorizationServer, ClientError, Clock, Credentials, Grant, HttpClient, HttpSettings,
    TokenSource, Tokens,
};
use portvakt_testkit::{NOW, signing_key};

use crate::scripted::{Scripted, default, metadata, quick, reply};

/// A name that nothing answers to: what asks for it has used the proxy.
const ISSUER: &str = "http://maskinporten.invalid";

#[tokio::test]
async fn everything_goes_through_the_proxy_that_is_named() {
    let proxy = Scripted::start(|asked, _| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => reply(200, &metadata(ISSUER)),
        _ => default(),
    })
    .await;
    let http = HttpClient::new(&HttpSettings {
        proxy: Some(proxy.url.clone()),
        allow_plain_http: true,
        ..HttpSettings::default()
    });
    let source = TokenSource {
        server: AuthorizationServer::discover(&http.unwrap(), ISSUER)
            .await
            .unwrap(),
        credentials: Credentials::with_key_id("client", signing_key().clone(), "k"),
        clock: Clock::new(|| NOW),
        retry: quick(),
    };
    Tokens::new(source)
        .get(&Grant::for_scopes(["a:b"]))
        .await
        .unwrap();
    let asked = proxy.asked("/token");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].headers["host"], "maskinporten.invalid");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    // It accepts connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let http = HttpClient::new(&HttpSettings {
        no_proxy: true,
        timeout: Duration::from_millis(100),
        ..HttpSettings::default()
    });
    let refused = AuthorizationServer::discover(&http.unwrap(), &url)
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, ClientError::Broken { reason, .. } if reason == "the time is up"),
        "{refused:?}"
    );
}
