//! Logging out (spec: idporten §15).

use reqwest::StatusCode;

use std::time::Duration;

use portvakt_jose::Jws;
use serde_json::json;

use crate::harness::{API, APP, Browser, LoginServer, OTHER_PID, PID, WEB, claims, request, world};

/// Spec: idporten §15.3 to §15.5.
#[tokio::test]
async fn one_logout_ends_every_group_and_tells_the_clients_that_want_to_know() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid profile {API}"));
    let selector = browser.authorize(&parameters).await;
    let to_consent = browser.log_in(&selector, PID, "substantial").await;
    let dialog = browser.get(to_consent.header("location")).await;
    let answer = browser
        .submit(&dialog, "/consent", &[("action", "accept")])
        .await;
    let app = server.redeem(APP, &answer.location()["code"]).await.json();
    let code = browser.sso_code(WEB).await;
    let web = server.redeem(WEB, &code).await.json();

    let hint = web["id_token"].as_str().unwrap();
    let back = format!("https://{WEB}.eksempel.no/ut");
    let url = url::Url::parse_with_params(
        &format!("{}/logout", server.base),
        [
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", &back),
            ("state", "a&b"),
        ],
    );
    let page = browser.get(url.unwrap().as_str()).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let sid = claims(&app["id_token"])["sid"].as_str().unwrap().to_owned();
    let frame = format!("https://{APP}.eksempel.no/logout?a=b");
    assert!(page.body.contains(&frame), "{}", page.body);
    assert!(page.body.contains(&sid), "with the sid that it knows");
    assert!(page.body.contains(&format!("{back}?state=a%26b")));
    assert!(page.header("content-security-policy").contains("frame-src"));
    assert!(!browser.cookies.contains_key("portvakt-session"));

    assert!(
        browser
            .authorize(&request(WEB))
            .await
            .header("location")
            .contains("/login?txn=")
    );
    let refresh = |tokens: &serde_json::Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    let login_only = server.refresh(WEB, &refresh(&web)).await;
    assert_eq!(
        login_only.error(),
        "invalid_grant",
        "what was only a login is over"
    );
    let with_api = server.refresh(APP, &refresh(&app)).await;
    assert_eq!(
        with_api.status,
        StatusCode::OK,
        "access to an API goes on: {with_api:?}"
    );
}

/// Spec: idporten §15.2.
#[tokio::test]
async fn without_a_session_there_is_nothing_to_log_out_of() {
    let server = LoginServer::start().await;
    let nobody = Browser::new(&server).get("/logout").await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
    // A form of another site comes without the cookie, and the link after it with it.
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let mut without = Browser::new(&server);
    let parked = without.post("/logout", &[("state", "a")]).await;
    assert_eq!(parked.status, StatusCode::SEE_OTHER);
    let link = parked.header("location").to_owned();
    assert!(link.contains("/logout?l="), "{link}");
    let done = browser.get(&link).await;
    assert!(
        done.header("location").ends_with("/logout?done=nb"),
        "{done:?}"
    );
    let page = browser.get(done.header("location")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        browser.get(&link).await.status,
        StatusCode::BAD_REQUEST,
        "taken once"
    );
}

/// Spec: idporten §15.1, §15.3.
#[tokio::test]
async fn nobody_returns_to_an_address_that_is_not_registered() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    for (client_id, uri) in [
        (WEB, "https://evil.no/"),
        (WEB, "https://eksempel-app.eksempel.no/ut"),
        ("ukjent", "https://eksempel-nettsted.eksempel.no/ut"),
    ] {
        browser.code(WEB, PID).await;
        let url = format!("/logout?client_id={client_id}&post_logout_redirect_uri={uri}");
        let done = browser.get(&url).await;
        assert!(
            done.header("location").ends_with("/logout?done=nb"),
            "{done:?}"
        );
    }
    let code = browser.code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    for wrong in [
        format!("/logout?id_token_hint={hint}&client_id={APP}"),
        "/logout?state=%0A".to_owned(),
    ] {
        let page = browser.get(&wrong).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
    }
    browser.sso_code(WEB).await;
}

/// Spec: idporten §15.3: a hint of another person.
#[tokio::test]
async fn whoever_is_logged_in_is_asked_when_the_hint_is_somebody_elses() {
    let server = LoginServer::start().await;
    let mut other = Browser::new(&server);
    let code = other.code(WEB, OTHER_PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let question = browser.get(&format!("/logout?id_token_hint={hint}")).await;
    assert_eq!(question.status, StatusCode::OK, "{question:?}");
    browser.sso_code(WEB).await;
    assert!(question.body.contains("en annen enn"), "{}", question.body);
    let done = browser
        .submit(&question, "/logout", &[("action", "logout")])
        .await;
    assert!(
        done.header("location").ends_with("/logout?done=nb"),
        "{done:?}"
    );
    assert!(!browser.cookies.contains_key("portvakt-session"));
}

/// Spec: idporten §15.1: `ui_locales` as everywhere, on every page of a logout.
#[tokio::test]
async fn the_last_page_speaks_the_language_that_was_asked_for() {
    let server = LoginServer::start().await;
    for (client_id, scope) in [(WEB, "openid"), (APP, "openid")] {
        let mut browser = Browser::new(&server);
        let mut parameters = request(client_id);
        parameters.insert("scope", scope.to_owned());
        let selector = browser.authorize(&parameters).await;
        browser.log_in(&selector, PID, "substantial").await;
        let answer = browser.get("/logout?ui_locales=fr+se").await;
        // Straight there, or by way of the page that tells the services.
        let next = match answer.header("location") {
            "" => answer.body.split("id=\"continue\" href=\"").nth(1).unwrap(),
            location => location,
        };
        let next = next.split('"').next().unwrap().replace("&#38;", "&");
        let last = browser.get(&next).await;
        assert!(last.body.contains("<html lang=\"se\""), "{}", last.body);
    }
}

/// Spec: idporten §15.6: the server of a client that wants to know is told at once.
#[tokio::test]
async fn a_logout_token_says_whose_session_has_ended_at_the_client() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let code = browser.sso_code(APP).await;
    let tokens = server.redeem(APP, &code).await.json();
    let login = claims(&tokens["id_token"]);
    browser.get("/logout").await;

    let told = server.told.take();
    assert_eq!(
        told.len(),
        1,
        "only one of the two has an address: {told:?}"
    );
    assert_eq!(
        told[0].address(),
        format!("https://{APP}.eksempel.no/ended")
    );
    let token = told[0].token().await.unwrap();
    let header = Jws::parse(&token).unwrap().header().clone();
    assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
    let keys = browser.get("/jwks.json").await.json();
    assert_eq!(header.key_id.as_deref(), keys["keys"][0]["kid"].as_str());
    let mut token = claims(&json!(token));
    let jti = token.as_object_mut().unwrap().remove("jti");
    assert!(jti.is_some_and(|jti| jti.as_str().is_some_and(|jti| jti.len() >= 22)));
    let expected = json!({
        "iss": server.base, "aud": APP, "sub": login["sub"], "sid": login["sid"],
        "iat": server.now(), "exp": server.now() + 300,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    assert_eq!(token, expected, "no nonce, and nobody's number");
}

/// Of several that end a session at the same moment, one tells.
#[tokio::test]
async fn however_often_a_session_is_ended_its_clients_are_told_once() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let at_once = (0..8).map(|_| {
        let mut tab = Browser::new(&server);
        tab.cookies = browser.cookies.clone();
        async move { tab.get("/logout").await }
    });
    futures_util::future::join_all(at_once).await;
    assert_eq!(server.told.take().len(), 1);
}

/// Spec: idporten §15.4: sessions that expire passively notify nobody.
#[tokio::test]
async fn nobody_is_told_that_a_session_has_expired() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    server.clock.advance(Duration::from_mins(30));
    let late = browser.get("/logout").await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    browser.code(APP, PID).await;
    assert!(server.told.take().is_empty());
}

/// A server that asks before it logs somebody out of whom nothing is proven.
async fn asking() -> LoginServer {
    LoginServer::with(world(), |issuer| issuer.logout_confirm_without_hint = true).await
}

fn is_logged_out(browser: &Browser<'_>) -> bool {
    !browser.cookies.contains_key("portvakt-session")
}

/// Spec: idporten §15.3, `logout_confirm_without_hint`.
#[tokio::test]
async fn without_a_hint_a_deployment_may_ask_first() {
    let server = asking().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    let back = format!("https://{WEB}.eksempel.no/ut");
    let url = format!("/logout?client_id={WEB}&post_logout_redirect_uri={back}&state=a");
    let question = browser.get(&url).await;
    assert_eq!(question.status, StatusCode::OK, "{question:?}");
    assert!(question.body.contains("Vil du logge ut?"));
    let policy = question.header("content-security-policy");
    assert!(
        policy.contains(&format!("https://{WEB}.eksempel.no")),
        "{policy}"
    );
    assert!(server.told.take().is_empty());
    browser.sso_code(WEB).await;
    let done = browser
        .submit(&question, "/logout", &[("action", "logout")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(done.header("location"), format!("{back}?state=a"));
    assert!(is_logged_out(&browser));

    browser.code(WEB, PID).await;
    let hint = tokens["id_token"].as_str().unwrap();
    browser.get(&format!("/logout?id_token_hint={hint}")).await;
    assert!(is_logged_out(&browser), "who has a hint is not asked");
}

#[tokio::test]
async fn whoever_says_no_stays_logged_in() {
    let server = asking().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    for (language, text) in [("nb", "fortsatt innlogget"), ("en", "still logged in")] {
        let question = browser.get(&format!("/logout?ui_locales={language}")).await;
        let page = browser
            .submit(&question, "/logout", &[("action", "cancel")])
            .await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        assert!(page.body.contains(text), "{}", page.body);
        browser.sso_code(WEB).await;
    }
}

/// CSRF on the question: only its own form answers it, in its own browser, once and in time.
#[tokio::test]
async fn a_question_is_answered_by_its_own_form_alone() {
    let server = asking().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let question = browser.get("/logout").await;
    let (txn, csrf) = (question.field("txn"), question.field("csrf"));
    let yes = |txn: &str, csrf: &str| {
        let pairs = [("txn", txn), ("csrf", csrf), ("action", "logout")];
        pairs.map(|(name, value)| (name, value.to_owned()))
    };
    for csrf in ["", "x", &txn, &"A".repeat(43)] {
        let form = yes(&txn, csrf);
        let form: Vec<_> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let refused = browser.post("/logout", &form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{csrf}");
    }
    // Somebody else, whose own browser has a question too, has this one's values.
    let mut stranger = Browser::new(&server);
    stranger.code(WEB, OTHER_PID).await;
    let refused = stranger
        .submit(&question, "/logout", &[("action", "logout")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    // The handle is none of a logout that asks nobody, and no answer is none.
    let linked = browser.get(&format!("/logout?l={txn}")).await;
    assert_eq!(linked.status, StatusCode::BAD_REQUEST);
    let undecided = [("txn", txn.as_str()), ("csrf", csrf.as_str())];
    let undecided = browser.post("/logout", &undecided).await;
    assert_eq!(undecided.status, StatusCode::BAD_REQUEST);
    browser.sso_code(WEB).await;

    browser
        .submit(&question, "/logout", &[("action", "logout")])
        .await;
    assert!(is_logged_out(&browser));
    browser.code(WEB, PID).await;
    let again = browser
        .submit(&question, "/logout", &[("action", "logout")])
        .await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "it was answered");
    let question = browser.get("/logout").await;
    server.clock.advance(Duration::from_mins(30));
    browser.code(WEB, PID).await;
    let late = browser
        .submit(&question, "/logout", &[("action", "logout")])
        .await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST, "it is too late");
}
