//! Single sign-on, step-up, and what ends them (spec: idporten §6.3 to §6.7, §16).

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{
    APP, Answer, Browser, ISOLATED, LoginServer, OTHER_PID, PID, WEB, claims, request,
};

fn is_login(answer: &Answer) -> bool {
    answer.header("location").contains("/login?txn=")
}

async fn with(
    browser: &mut Browser<'_>,
    client_id: &str,
    name: &'static str,
    value: &str,
) -> Answer {
    let mut parameters = request(client_id);
    parameters.insert(name, value.to_owned());
    if name == "prompt" || name == "max_age" {
        parameters.insert("scope", "openid".to_owned());
    }
    browser.authorize(&parameters).await
}

/// Spec: idporten §16.1; appendix C, line 7.
#[tokio::test]
async fn a_session_is_idle_after_thirty_minutes_and_over_after_two_hours() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    for _ in 0..4 {
        server.clock.advance(Duration::from_secs(29 * 60 + 59));
        browser.sso_code(APP).await;
    }
    // 119 minutes and 56 seconds: the absolute limit is near, whatever is used.
    server.clock.advance(Duration::from_secs(4));
    assert!(is_login(&browser.authorize(&request(APP)).await));

    let mut idle = Browser::new(&server);
    idle.code(WEB, PID).await;
    server.clock.advance(Duration::from_mins(30));
    assert!(is_login(&idle.authorize(&request(WEB)).await));
}

/// Spec: idporten §6.4.
#[tokio::test]
async fn a_higher_level_is_another_login_and_then_counts_for_everybody() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let stepped_up = with(&mut browser, APP, "acr_values", "Level4").await;
    assert!(is_login(&stepped_up));
    let answer = browser.log_in(&stepped_up, PID, "high").await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    assert_eq!(claims(&tokens["id_token"])["acr"], "idporten-loa-high");
    let code = browser.sso_code(WEB).await;
    let tokens = server.redeem(WEB, &code).await.json();
    assert_eq!(claims(&tokens["id_token"])["acr"], "idporten-loa-high");
}

/// Spec: idporten §6.6, §6.7.
#[tokio::test]
async fn clients_can_have_people_log_in_anew_or_not_at_all() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let nobody = with(&mut browser, WEB, "prompt", "none").await.location();
    assert_eq!(nobody["error"], "login_required");
    assert_eq!(nobody["iss"], server.base);
    browser.code(WEB, PID).await;
    let silent = with(&mut browser, APP, "prompt", "none").await;
    assert!(silent.location().contains_key("code"));
    server.clock.advance(Duration::from_secs(61));
    for (name, value, again) in [
        ("prompt", "login", true),
        ("max_age", "0", true),
        ("max_age", "60", true),
        ("max_age", "61", false),
    ] {
        let answer = with(&mut browser, WEB, name, value).await;
        assert_eq!(is_login(&answer), again, "{name}={value}");
    }
}

/// Spec: idporten §16.3.
#[tokio::test]
async fn an_isolated_client_shares_with_itself_alone() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let mut isolated = request(ISOLATED);
    isolated.insert("scope", "openid".to_owned());
    let selector = browser.authorize(&isolated).await;
    assert!(is_login(&selector), "the shared login does not count");
    browser.log_in(&selector, PID, "substantial").await;
    let again = browser.authorize(&isolated).await;
    assert!(again.location().contains_key("code"));

    let mut other = Browser::new(&server);
    let selector = other.authorize(&isolated).await;
    other.log_in(&selector, PID, "substantial").await;
    assert!(is_login(&other.authorize(&request(WEB)).await));
}

/// Spec: idporten §16.2: all groups of a session belong to one person.
#[tokio::test]
async fn another_person_ends_the_session_and_begins_one() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(APP, PID).await;
    let first = claims(&server.redeem(APP, &code).await.json()["id_token"]);
    let selector = with(&mut browser, APP, "prompt", "login").await;
    let page = browser.log_in(&selector, OTHER_PID, "substantial").await;

    // The former person's services are told: at their servers, and by this page.
    let told = server.told.take();
    assert_eq!(told.len(), 1, "{told:?}");
    let token = claims(&json!(told[0].token().await.unwrap()));
    assert_eq!(
        (&token["sub"], &token["sid"]),
        (&first["sub"], &first["sid"])
    );
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let frame = format!("https://{APP}.eksempel.no/logout?a=b");
    assert!(page.body.contains(&frame), "{}", page.body);
    assert!(page.body.contains(first["sid"].as_str().unwrap()));

    // And then the login goes on, without another question.
    let onward = selector.header("location");
    let path = onward.strip_prefix(&server.base).unwrap();
    assert!(
        page.body.contains(&format!("href=\"{path}\"")),
        "{}",
        page.body
    );
    let answer = browser.get(onward).await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    let second = claims(&tokens["id_token"]);
    assert_eq!(second["pid"], OTHER_PID);
    assert_ne!(second["sub"], first["sub"]);
    assert_ne!(second["sid"], first["sid"]);
}

/// OpenID Connect Core §3.1.2.1, `id_token_hint`.
#[tokio::test]
async fn a_hint_at_somebody_else_asks_them_to_log_in() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let hint = tokens["id_token"].as_str().unwrap().to_owned();
    let mut parameters = request(APP);
    parameters.insert("id_token_hint", hint);
    let same = browser.authorize(&parameters).await;
    assert!(same.location().contains_key("code"));
    let mut other = Browser::new(&server);
    other.code(APP, OTHER_PID).await;
    assert!(is_login(&other.authorize(&parameters).await));
    parameters.insert("prompt", "none".to_owned());
    let refused = other.authorize(&parameters).await.location();
    assert_eq!(refused["error"], "login_required");
}

/// Spec: idporten §6.5.
#[tokio::test]
async fn the_language_that_a_person_chooses_outvotes_the_clients() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let selector = with(&mut browser, WEB, "ui_locales", "nn").await;
    let login = selector.header("location").to_owned();
    assert!(browser.get(&login).await.body.contains("<html lang=\"nn\""));
    let switched = browser.get(&format!("{login}&lang=se")).await;
    assert_eq!(switched.header("location"), login);
    assert_eq!(browser.cookies["IDPORTEN_SELECTED_LANGUAGE"], "se");
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
    assert_eq!(claims(&tokens["id_token"])["locale"], "se");
}

/// Spec: idporten §15.4, §16.2: who logs in again is told of nothing, and neither are their services.
#[tokio::test]
async fn the_same_person_ends_nothing_by_logging_in_again() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let selector = with(&mut browser, APP, "prompt", "login").await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    assert!(answer.location().contains_key("code"));
    assert!(server.told.take().is_empty());
}
