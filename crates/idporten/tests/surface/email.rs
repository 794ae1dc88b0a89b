//! Logging in with an address of e-mail (spec: idporten §18.6).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portvakt_core::login::issuer::{Environment, LoginIssuer};
use portvakt_idporten::eid::{EidProvider, EmailProvider};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{APP, Answer, Browser, LoginServer, WEB, claims, request, testid, world};

const PATH: &str = "/login/email";

fn email() -> Arc<dyn EidProvider> {
    Arc::new(EmailProvider)
}

async fn start() -> LoginServer {
    LoginServer::with_eids(world(), |_| (), |store, _| vec![testid(store), email()]).await
}

fn parameters(client_id: &str) -> BTreeMap<&'static str, String> {
    let mut parameters = request(client_id);
    parameters.insert("acr_values", "selfregistered-email".to_owned());
    parameters
}

/// The code that the page shows instead of sending it.
fn shown(page: &Answer) -> String {
    let mut digits = page.body.split(|c: char| !c.is_ascii_digit());
    let code = digits.find(|digits| digits.len() == 8);
    code.unwrap_or_else(|| panic!("no code: {page:?}"))
        .to_owned()
}

/// Begins a login and asks for a code; gives the page that waits for it.
async fn ask(browser: &mut Browser<'_>, client_id: &str, address: &str) -> Answer {
    let begun = browser.authorize(&parameters(client_id)).await;
    assert!(
        begun.header("location").contains("/login/email?txn="),
        "{begun:?}"
    );
    let form = browser.get(begun.header("location")).await;
    let fields = [("email", address), ("action", "send")];
    browser.submit(&form, PATH, &fields).await
}

async fn type_code(browser: &mut Browser<'_>, page: &Answer, code: &str) -> Answer {
    let fields = [("code", code), ("action", "login")];
    browser.submit(page, PATH, &fields).await
}

async fn tokens(server: &LoginServer, client_id: &str, address: &str) -> Value {
    let mut browser = Browser::new(server);
    let page = ask(&mut browser, client_id, address).await;
    let answer = type_code(&mut browser, &page, &shown(&page)).await;
    server
        .redeem(client_id, &answer.location()["code"])
        .await
        .json()
}

#[tokio::test]
async fn an_address_and_its_code_are_a_login_without_a_number() {
    let server = start().await;
    let tokens_of = |address| tokens(&server, WEB, address);
    let first = tokens_of("kari@eksempel.no").await;
    let id_token = claims(&first["id_token"]);
    assert_eq!(id_token["acr"], "selfregistered-email");
    assert_eq!(id_token["amr"], json!(["Selfregistered-email"]));
    assert_eq!(id_token["email"], "kari@eksempel.no");
    assert_eq!(id_token["pid"], Value::Null);
    let access = claims(&first["access_token"]).to_string();
    assert!(!access.contains("kari"), "{access}");
    let userinfo = server
        .userinfo(first["access_token"].as_str().unwrap())
        .await
        .json();
    assert_eq!(userinfo["email"], "kari@eksempel.no");
    assert_eq!(userinfo["sub"], id_token["sub"]);

    let same = claims(&tokens_of(" Kari@Eksempel.NO").await["id_token"]);
    assert_eq!(same["sub"], id_token["sub"]);
    let other = claims(&tokens_of("ola@eksempel.no").await["id_token"]);
    assert_ne!(other["sub"], id_token["sub"]);
    let elsewhere = tokens(&server, APP, "kari@eksempel.no").await;
    assert_ne!(claims(&elsewhere["id_token"])["sub"], id_token["sub"]);
}

#[tokio::test]
async fn it_is_offered_to_nobody_who_did_not_ask_for_it() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&request(WEB)).await;
    let selector = browser.get(begun.header("location")).await;
    assert!(!selector.body.contains("/login/email"), "{selector:?}");
    let direct = begun.header("location").replace("/login?", "/login/email?");
    assert_eq!(browser.get(&direct).await.status, StatusCode::NOT_FOUND);
    let url = format!("{}/.well-known/openid-configuration", server.base);
    let metadata = Answer::read(server.http.get(url).send().await.unwrap())
        .await
        .json();
    let holds =
        |name: &str, value: &str| metadata[name].as_array().unwrap().contains(&json!(value));
    assert!(holds("acr_values_supported", "selfregistered-email"));
    assert!(holds("claims_supported", "email"));
}

#[tokio::test]
async fn what_is_no_address_is_asked_for_again() {
    let server = start().await;
    for address in [
        "",
        "kari",
        "kari@eksempel",
        "<b>@eksempel.no",
        "k@e.no\r\nBcc: a@b.no",
    ] {
        let mut browser = Browser::new(&server);
        let again = ask(&mut browser, WEB, address).await;
        assert!(
            again.body.contains("id=\"email-error\""),
            "{address:?} {again:?}"
        );
        assert!(!again.body.contains("<b>"), "{address:?}");
    }
}

/// A few attempts for each code, and a few codes for each login.
#[tokio::test]
async fn codes_cannot_be_tried_out() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let page = ask(&mut browser, WEB, "kari@eksempel.no").await;
    let code = shown(&page);
    let wrong = if code == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    for attempt in 1..5 {
        let again = type_code(&mut browser, &page, wrong).await;
        assert!(
            again.body.contains("id=\"code-error\""),
            "{attempt} {again:?}"
        );
        assert!(!again.body.contains(&code), "{attempt}");
    }
    for typed in [wrong, &code] {
        let over = type_code(&mut browser, &page, typed).await;
        assert!(over.body.contains("id=\"email-error\""), "{over:?}");
    }
    let send = [("email", "kari@eksempel.no"), ("action", "send")];
    for _ in 0..2 {
        let next = browser.submit(&page, PATH, &send).await;
        assert_eq!(next.status, StatusCode::OK, "{next:?}");
    }
    let refused = browser.submit(&page, PATH, &send).await;
    assert_eq!(
        refused.status,
        StatusCode::SEE_OTHER,
        "the selector says that it failed"
    );
    // Neither beginning anew nor another way in between gives new codes.
    let selector = refused.header("location");
    for between in ["/login/email?", "/login/testid?"] {
        browser.get(&selector.replace("/login?", between)).await;
        let form = browser
            .get(&selector.replace("/login?", "/login/email?"))
            .await;
        assert_eq!(form.status, StatusCode::OK, "{form:?}");
        let again = browser.submit(&form, PATH, &send).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{between}: {again:?}");
    }
}

/// Each attempt is made on the state that the one before left, so that many at once are one.
#[tokio::test]
async fn many_attempts_at_once_are_one() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let page = ask(&mut browser, WEB, "kari@eksempel.no").await;
    let code = shown(&page);
    let mut tries: Vec<_> = (0..9).map(|number| format!("{number:08}")).collect();
    tries.retain(|typed| *typed != code);
    let attempts = tries.iter().map(|typed| {
        let mut same = Browser::new(&server);
        same.cookies.clone_from(&browser.cookies);
        let page = &page;
        async move { type_code(&mut same, page, typed).await.status }
    });
    let statuses = futures_util::future::join_all(attempts).await;
    let counted = statuses.iter().filter(|status| **status == StatusCode::OK);
    assert!(counted.count() <= 5, "{statuses:?}");
}

#[tokio::test]
async fn a_code_is_for_ten_minutes_one_browser_and_one_login() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let page = ask(&mut browser, WEB, "kari@eksempel.no").await;
    server.clock.advance(Duration::from_mins(10));
    let over = type_code(&mut browser, &page, &shown(&page)).await;
    assert!(over.body.contains("id=\"email-error\""), "{over:?}");

    let page = ask(&mut browser, WEB, "kari@eksempel.no").await;
    let elsewhere = type_code(&mut Browser::new(&server), &page, &shown(&page)).await;
    assert_eq!(elsewhere.status, StatusCode::GONE);
    let other = ask(&mut browser, WEB, "ola@eksempel.no").await;
    if shown(&other) != shown(&page) {
        let wrong = type_code(&mut browser, &other, &shown(&page)).await;
        assert!(wrong.body.contains("id=\"code-error\""), "{wrong:?}");
    }
    // Once it was used, the login is over.
    let answer = type_code(&mut browser, &page, &shown(&page)).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
    let again = type_code(&mut browser, &page, &shown(&page)).await;
    assert_eq!(again.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_form_without_a_code_asked_for_and_a_cancelled_one_log_nobody_in() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&parameters(WEB)).await;
    let form = browser.get(begun.header("location")).await;
    let over = type_code(&mut browser, &form, "12345678").await;
    assert!(over.body.contains("id=\"email-error\""), "{over:?}");
    let gone = browser.submit(&form, PATH, &[("action", "cancel")]).await;
    assert_eq!(gone.location()["error"], "access_denied");
}

/// What shows its codes to everybody is not served where real people log in.
#[tokio::test]
async fn email_is_refused_in_production() {
    let refused = tokio::spawn(async {
        let production = |issuer: &mut LoginIssuer| issuer.environment = Environment::Production;
        LoginServer::with_eids(world(), production, |_, _| vec![email()]).await;
    });
    assert!(refused.await.is_err(), "the surface is not made");
}
