//! Rows that a person receives in a browser, or that the client receives because of the person.

use portvakt_core::login::refusal::LoginRefusalCode::{self, *};

use super::received;
use crate::harness::{API, APP, Answer, Browser, LoginServer, OTHER_PID, PID, WEB, request};

pub(super) const ROWS: &[LoginRefusalCode] = &[
    Cancelled,
    PersonRefused,
    NothingGranted,
    LoginRequired,
    ConsentRequired,
    TransactionOver,
    SessionMissing,
    LogoutMalformed,
    ForgedForm,
];

/// A login of a client for the API alone, with what the person answers when they are asked.
async fn answered(browser: &mut Browser<'_>, action: &str) -> Answer {
    let mut parameters = request(APP);
    parameters.insert("scope", API.to_owned());
    let to_consent = browser.authorize(&parameters).await;
    let dialog = browser.get(to_consent.header("location")).await;
    browser
        .submit(&dialog, "/consent", &[("action", action)])
        .await
}

async fn silent(browser: &mut Browser<'_>, scope: &str) -> Answer {
    let mut parameters = request(APP);
    parameters.insert("scope", scope.to_owned());
    parameters.insert("prompt", "none".to_owned());
    browser.authorize(&parameters).await
}

async fn receive(server: &LoginServer, code: LoginRefusalCode) -> Answer {
    let mut browser = Browser::new(server);
    match code {
        Cancelled => {
            let selector = browser.authorize(&request(WEB)).await;
            let page = browser.get(selector.header("location")).await;
            browser
                .submit(&page, "/login", &[("action", "cancel")])
                .await
        }
        PersonRefused => {
            browser.code(WEB, OTHER_PID).await;
            server.block(OTHER_PID).await;
            let mut again = Browser::new(server);
            let selector = again.authorize(&request(WEB)).await;
            again.log_in(&selector, OTHER_PID, "substantial").await
        }
        NothingGranted => {
            browser.code(APP, PID).await;
            answered(&mut browser, "decline").await
        }
        LoginRequired => silent(&mut browser, "openid").await,
        ConsentRequired => {
            browser.code(APP, PID).await;
            silent(&mut browser, API).await
        }
        TransactionOver => {
            let selector = browser.authorize(&request(WEB)).await;
            Browser::new(server).get(selector.header("location")).await
        }
        SessionMissing => browser.get("/logout").await,
        LogoutMalformed => browser.get("/logout?state=%0A").await,
        ForgedForm => {
            let selector = browser.authorize(&request(WEB)).await;
            let txn = selector.header("location").split("txn=").nth(1).unwrap();
            let forged = [("txn", txn), ("csrf", txn), ("action", "cancel")];
            browser.post("/login", &forged).await
        }
        other => panic!("{} is no row of people", other.name()),
    }
}

#[tokio::test]
async fn people_and_their_services_receive_each_row() {
    let server = LoginServer::start().await;
    for code in ROWS {
        received(&server, *code, &receive(&server, *code).await).await;
    }
}

/// Spec: idporten §18.3: who is blocked is so at once, with a session, a code or a token.
#[tokio::test]
async fn whoever_is_blocked_goes_on_with_nothing() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let unused = browser.sso_code(APP).await;
    server.block(PID).await;
    let reused = browser.authorize(&request(WEB)).await;
    assert!(
        !reused.location().contains_key("code"),
        "the session is worth nothing: {reused:?}"
    );
    assert_eq!(server.redeem(APP, &unused).await.error(), "invalid_grant");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(APP, refresh).await.error(), "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(access).await.error(), "invalid_token");
}
