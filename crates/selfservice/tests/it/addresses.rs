//! The addresses of login clients (spec: idporten §3.4). The rules themselves are tested beside
//! them in `core`; here is that every address is held to them, and by which policy.

use portvakt_core::client::UriPolicy;
use portvakt_selfservice::Settings;
use serde_json::{Value, json};

use crate::harness::{Api, Checked, but};

async fn api(login_addresses: UriPolicy) -> Api {
    Api::with(Settings {
        login_addresses,
        ..Settings::default()
    })
    .await
}

fn login(application_type: &str, redirect_uri: &str) -> Value {
    json!({
        "integration_type": "api_klient", "application_type": application_type,
        "client_name": "Innlogging", "redirect_uris": [redirect_uri], "scopes": ["openid"],
    })
}

#[tokio::test]
async fn production_wants_encrypted_public_hosts_and_test_does_not() {
    let (production, test) = (api(UriPolicy::Production).await, api(UriPolicy::Test).await);
    for (application_type, uri, in_production, in_test) in [
        ("web", "https://havbris.example/inn", 200, 200),
        ("browser", "https://localhost.evil.example/inn", 200, 200),
        ("web", "http://havbris.example/inn", 400, 200),
        ("browser", "http://localhost:3000/inn", 400, 200),
        ("web", "https://10.0.0.1/inn", 400, 200),
        ("web", "https://localhost/inn", 400, 400),
        ("web", "https://a@havbris.example/inn", 400, 400),
        ("web", "https://havbris.example/inn#", 400, 400),
        ("browser", "no.eksempel.app:/cb", 400, 400),
        ("native", "no.eksempel.app:/cb", 200, 200),
        ("native", "http://127.0.0.1:*/cb", 200, 200),
        ("native", "http://localhost.evil.example/cb", 400, 400),
        ("native", "javascript:alert(1)", 400, 400),
    ] {
        for (api, status) in [(&production, in_production), (&test, in_test)] {
            let body = login(application_type, uri);
            let answer = api.consumer().post("/clients", &body).await;
            if status == 400 {
                answer.refused(400, "redirect_uris[0]");
            } else {
                assert_eq!(answer.ok().body["redirect_uris"], json!([uri]));
            }
        }
    }
}

#[tokio::test]
async fn every_address_is_named_at_once_when_made_and_when_replaced() {
    let api = Api::start().await;
    let consumer = api.consumer();
    let good = login("web", "https://havbris.example/inn");
    let bad = but(
        good.clone(),
        &json!({
            "redirect_uris": ["https://havbris.example/inn", "http://havbris.example/inn"],
            "post_logout_redirect_uris": ["https://havbris.example/", "https://*.example/"],
            "frontchannel_logout_uri": "https://www.havbris.example/ut",
            "backchannel_logout_uri": "http://havbris.example/ut",
            "client_name": "",
        }),
    );
    let expected = [
        "redirect_uris[1]",
        "post_logout_redirect_uris[1]",
        "frontchannel_logout_uri",
        "backchannel_logout_uri",
        "client_name",
    ];
    let answer = consumer.post("/clients", &bad).await;
    assert_eq!(answer.refused(400, "redirect_uris[1]").fields(), expected);
    let made = consumer.post("/clients", &good).await.ok();
    let path = format!("/clients/{}", made.member("client_id"));
    let answer = consumer.put(&path, &bad).await;
    assert_eq!(answer.refused(400, "redirect_uris[1]").fields(), expected);
}

#[tokio::test]
async fn logouts_are_told_to_hosts_that_logins_return_to() {
    let api = Api::start().await;
    let consumer = api.consumer();
    let login = login("web", "https://havbris.example/inn");
    for (uri, status) in [
        ("https://HAVBRIS.example:9443/ut", 200),
        ("https://havbris.example.evil.example/ut", 400),
        ("https://evil.example/?havbris.example", 400),
        ("https://havbris.example@evil.example/", 400),
        ("javascript:alert(1)", 400),
        ("ut", 400),
    ] {
        for member in ["frontchannel_logout_uri", "backchannel_logout_uri"] {
            let answer = consumer
                .post("/clients", &but(login.clone(), &json!({ member: uri })))
                .await;
            if status == 400 {
                answer.refused(400, member);
            } else {
                assert_eq!(answer.ok().member(member), uri);
            }
        }
    }
}

#[tokio::test]
async fn who_is_called_back_is_told_which_session_it_is() {
    let api = Api::start().await;
    let body = but(
        login("web", "https://havbris.example/inn"),
        &json!({
            "backchannel_logout_uri": "https://havbris.example/ut",
            "backchannel_logout_session_required": false,
        }),
    );
    let made = api.consumer().post("/clients", &body).await.ok();
    assert_eq!(made.body["backchannel_logout_session_required"], true);
}
