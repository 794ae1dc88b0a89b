//! Clients' servers hear of logouts, each once, while the person is already on their way.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_jose::{JwkSet, Jws, verify_with_set};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::harness::{Dev, PATIENCE};
use crate::logins::Browser;

/// The server of a client. At `/ended` it takes what it is told.
async fn client_server() -> (u16, UnboundedReceiver<String>) {
    let (told, tells) = unbounded_channel();
    let take = move |body: String| {
        let sent = told.send(body);
        async move { sent.map_or(StatusCode::GONE, |()| StatusCode::OK) }
    };
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
    let listener = listener.unwrap();
    let port = listener.local_addr().port();
    let router = Router::new().route("/ended", post(take));
    tokio::spawn(serve(listener, router, Limits::default(), Shutdown::new()));
    (port, tells)
}

/// A registry with one browser client, whose server is on this port.
fn registry(port: u16) -> String {
    format!(
        r#"
organizations: [{{orgno: "123456789", name: Eksempel}}]
clients:
  - client_id: med-tjener
    client_orgno: "123456789"
    client_name: Med tjener
    integration_type: idporten
    application_type: browser
    token_endpoint_auth_method: none
    grant_types: [authorization_code]
    scopes: [openid, profile]
    redirect_uris: ["http://localhost:{port}/callback"]
    backchannel_logout_uri: "http://localhost:{port}/ended"
"#
    )
}

/// Spec: idporten §15.6.
#[tokio::test]
async fn a_clients_server_is_told_once_of_a_logout() {
    let (port, mut tells) = client_server().await;
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), registry(port)).unwrap();
    let flags = ["--registry", file.path().to_str().unwrap()];
    let mut dev = Dev::start_logging(&flags, "debug").await;
    let mut browser = Browser::new();
    let metadata = browser.metadata(&dev).await;
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
    let callback = format!("http://localhost:{port}/callback");
    browser.code(&metadata, "med-tjener", &callback).await;
    let keys = browser.get(metadata["jwks_uri"].as_str().unwrap()).await;
    let keys = JwkSet::parse(&keys.json().await.unwrap()).unwrap();

    let end = metadata["end_session_endpoint"].as_str().unwrap();
    assert!(browser.get(end).await.status().is_redirection());
    // The server may be stopped at once: it waits for those who are being told.
    dev.signal("TERM");
    let told = tokio::time::timeout(PATIENCE, tells.recv()).await;
    let told = told.unwrap().unwrap();
    let token = told.strip_prefix("logout_token=").unwrap();
    let jws = Jws::parse(token).unwrap();
    verify_with_set(&jws, &keys).unwrap();
    let claims: Value = serde_json::from_slice(jws.payload()).unwrap();
    assert_eq!(claims["aud"], "med-tjener");
    assert_eq!(claims["iss"], metadata["issuer"]);

    assert!(dev.ended().await.success());
    assert!(tells.try_recv().is_err(), "it is told once");
    let log = dev.log();
    assert!(log.contains("back-channel logout"), "{log}");
    assert!(log.contains("delivered"), "{log}");
    assert!(!log.contains(token), "the log holds the token");
    for claim in ["sub", "sid"] {
        let value = claims[claim].as_str().unwrap();
        assert!(!log.contains(value), "the log holds {claim}");
    }
}
