//! A login from the first request to the last token, as a demanding relying party does it
//! (spec: idporten §23, appendix A).

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{
    API, APP, BARNEHAGE, Browser, LoginServer, PID, WEB, callback, claims, request,
};

/// Spec: idporten, appendix A.
#[tokio::test]
async fn the_worked_example() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);

    // 1. Push.
    let mut parameters = request(APP);
    let scope = format!("openid profile {API}");
    parameters.insert("scope", scope.clone());
    parameters.insert("acr_values", "idporten-loa-high".to_owned());
    parameters.insert("ui_locales", "en".to_owned());
    let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let pushed = server.post_as(APP, "/par", &form).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{pushed:?}");
    assert_eq!(pushed.json()["expires_in"], 120);
    let request_uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    assert!(request_uri.starts_with("urn:idporten:"), "{request_uri}");

    // 2. The person logs in and consents.
    let authorize = format!("/authorize?client_id={APP}&request_uri={request_uri}");
    let selector = browser.get(&authorize).await;
    assert_eq!(selector.status, StatusCode::FOUND);
    let to_consent = browser.log_in(&selector, PID, "high").await;
    assert_eq!(to_consent.status, StatusCode::SEE_OTHER, "{to_consent:?}");
    let dialog = browser.get(to_consent.header("location")).await;
    assert!(dialog.body.contains("Barnehageplasser"), "{}", dialog.body);
    assert!(dialog.body.contains("lang=\"en\""));
    let answer = browser
        .submit(&dialog, "/consent", &[("action", "accept")])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    assert!(answer.header("location").starts_with(&callback(APP)));
    let returned = answer.location();
    assert_eq!(returned["iss"], server.base);
    assert_eq!(returned["state"], "s1");

    // 3. Redeem.
    let tokens = server.redeem(APP, &returned["code"]).await;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    assert_eq!(tokens.header("cache-control"), "no-store");
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 120, "the scope's at_max_age");
    assert_eq!(tokens["refresh_token_expires_in"], 600);
    assert_eq!(tokens["scope"], scope);
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["iss"], server.base);
    assert_eq!(id_token["aud"], APP);
    assert_eq!(id_token["nonce"], "n1");
    assert_eq!(id_token["pid"], PID);
    assert_eq!(id_token["acr"], "idporten-loa-high");
    assert_eq!(id_token["amr"], json!(["TestID"]));
    assert_eq!(id_token["locale"], "en");
    assert_eq!(id_token["sid"].as_str().unwrap().len(), 43);
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["sub"], id_token["sub"]);
    assert_eq!(access["client_amr"], "private_key_jwt");
    assert_eq!(access["aud"], "unspecified");

    // 5. The API's owner introspects.
    let token = tokens["access_token"].as_str().unwrap();
    let answer = server
        .post_as(BARNEHAGE, "/token/introspect", &[("token", token)])
        .await;
    let introspected = answer.json();
    assert_eq!(introspected["active"], true, "{introspected}");
    assert_eq!(introspected["scope"], API, "the API's own scopes alone");
    assert_eq!(introspected["pid"], PID);
    let userinfo = server.userinfo(token).await.json();
    assert_eq!(
        userinfo,
        json!({"sub": id_token["sub"], "pid": PID, "locale": "en"})
    );

    // 6. Refresh, and again with what was replaced.
    server.clock.advance(Duration::from_secs(90));
    let old = tokens["refresh_token"].as_str().unwrap();
    let refreshed = server.refresh(APP, old).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
    let refreshed = refreshed.json();
    assert_ne!(refreshed["refresh_token"], old);
    let renewed = claims(&refreshed["id_token"]);
    assert_eq!(renewed["auth_time"], id_token["auth_time"]);
    assert!(renewed["iat"].as_i64() > id_token["iat"].as_i64());
    assert!(renewed["nonce"].is_null());
    let replayed = server.refresh(APP, old).await;
    assert_eq!(replayed.error(), "invalid_grant");
    let newest = refreshed["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(APP, newest).await.error(), "invalid_grant");

    // 7. Single sign-on at another client, ten minutes later.
    server.clock.advance(Duration::from_mins(10));
    let code = browser.sso_code(WEB).await;
    let id_token_2 = claims(&server.redeem(WEB, &code).await.json()["id_token"]);
    assert_eq!(id_token_2["acr"], "idporten-loa-high", "what was reached");
    assert_eq!(id_token_2["auth_time"], id_token["auth_time"]);
    assert_ne!(id_token_2["sub"], id_token["sub"], "subjects are pairwise");
    assert!(id_token_2["sid"].is_null(), "it does not want to know");
}

/// Appendix A, step 4; spec: idporten §17.3.
#[tokio::test]
async fn whoever_declines_is_logged_in_all_the_same() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid profile {API}"));
    let selector = browser.authorize(&parameters).await;
    let to_consent = browser.log_in(&selector, PID, "substantial").await;
    let dialog = browser.get(to_consent.header("location")).await;
    let answer = browser
        .submit(&dialog, "/consent", &[("action", "decline")])
        .await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    assert_eq!(tokens["scope"], "openid profile");
    assert_eq!(tokens["expires_in"], 600);

    // Without openid there is nothing left to grant.
    parameters.insert("scope", API.to_owned());
    let to_consent = browser.authorize(&parameters).await;
    let dialog = browser.get(to_consent.header("location")).await;
    let answer = browser
        .submit(&dialog, "/consent", &[("action", "decline")])
        .await;
    assert_eq!(answer.location()["error"], "access_denied");
}

/// Spec: idporten §6.14.
#[tokio::test]
async fn a_pushed_request_belongs_to_one_browser_and_ends_with_its_login() {
    let server = LoginServer::start().await;
    let parameters = request(WEB);
    let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let pushed = server.post_as(WEB, "/par", &form).await.json();
    let request_uri = pushed["request_uri"].as_str().unwrap();
    let authorize = format!("/authorize?client_id={WEB}&request_uri={request_uri}");

    let mut browser = Browser::new(&server);
    let first = browser.get(&authorize).await;
    let again = browser.get(&authorize).await;
    assert_eq!(
        first.header("location"),
        again.header("location"),
        "a reload resumes"
    );
    let stranger = Browser::new(&server).get(&authorize).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
    let wrong_client = format!("/authorize?client_id={APP}&request_uri={request_uri}");
    let wrong_client = browser.get(&wrong_client).await;
    assert_eq!(wrong_client.status, StatusCode::BAD_REQUEST);
    assert_eq!(wrong_client.header("location"), "");

    let answer = browser.log_in(&first, PID, "substantial").await;
    assert!(answer.location().contains_key("code"));
    assert_eq!(
        browser.get(&authorize).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_pushed_request_is_over_after_two_minutes() {
    let server = LoginServer::start().await;
    let parameters = request(WEB);
    let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let pushed = server.post_as(WEB, "/par", &form).await.json();
    server.clock.advance(Duration::from_mins(2));
    let request_uri = pushed["request_uri"].as_str().unwrap();
    let late = format!("/authorize?client_id={WEB}&request_uri={request_uri}");
    assert_eq!(
        Browser::new(&server).get(&late).await.status,
        StatusCode::BAD_REQUEST
    );
}
