//! Tokens, and what is done with them (spec: idporten §9, §10, §12 to §14).

use std::time::Duration;

use portvakt_core::client::RefreshTokenUsage;
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{
    API, APP, Answer, BARNEHAGE, Browser, LoginServer, PID, SPA, VERIFIER, WEB, callback, claims,
    request, world,
};

async fn token_form(server: &LoginServer, client_id: &str, form: &[(&str, &str)]) -> Answer {
    server.post_as(client_id, "/token", form).await
}

/// Spec: idporten §10.1; RFC 6749 §4.1.2.
#[tokio::test]
async fn a_code_that_is_shown_twice_revokes_everything() {
    let server = LoginServer::start().await;
    let code = Browser::new(&server).code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(access).await.status, StatusCode::OK);
    assert_eq!(server.redeem(APP, &code).await.error(), "invalid_grant");
    let userinfo = server.userinfo(access).await;
    assert_eq!(userinfo.status, StatusCode::UNAUTHORIZED);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(APP, refresh).await.error(), "invalid_grant");
}

/// Spec: idporten §7, §10.1.
#[tokio::test]
async fn a_code_is_for_one_client_one_address_and_one_verifier() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let other = callback(WEB);
    for (name, value, error) in [
        ("redirect_uri", other.as_str(), "invalid_grant"),
        (
            "code_verifier",
            &VERIFIER.replace('j', "k"),
            "invalid_grant",
        ),
        ("code_verifier", "", "invalid_grant"),
    ] {
        let code = browser.sso_code(APP).await;
        let redirect_uri = callback(APP);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        form.iter_mut()
            .filter(|(n, _)| *n == name)
            .for_each(|(_, v)| *v = value);
        let answer = token_form(&server, APP, &form).await;
        assert_eq!(answer.error(), error, "{name}={value}");
        let used_up = server.redeem(APP, &code).await;
        assert_eq!(used_up.error(), "invalid_grant", "{name}={value}");
    }
    // Another client can neither use a code nor spoil it.
    let code = browser.sso_code(APP).await;
    let redirect_uri = callback(APP);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(
        token_form(&server, WEB, &form).await.error(),
        "invalid_grant"
    );
    assert_eq!(server.redeem(APP, &code).await.status, StatusCode::OK);
    // A code is over after a minute.
    let code = browser.sso_code(APP).await;
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(server.redeem(APP, &code).await.error(), "invalid_grant");
}

/// RFC 6749 §4.1.2: of many who show a code at once, one gets tokens, and they count for nothing.
#[tokio::test]
async fn of_many_at_once_one_redeems_a_code_and_one_rotates_a_refresh_token() {
    let server = LoginServer::start().await;
    let code = Browser::new(&server).code(APP, PID).await;
    let at_once = (0..8).map(|_| server.redeem(APP, &code));
    let answers = futures_util::future::join_all(at_once).await;
    let redeemed: Vec<_> = answers
        .iter()
        .filter(|a| a.status == StatusCode::OK)
        .collect();
    assert!(redeemed.len() <= 1, "{}", redeemed.len());
    let code = Browser::new(&server).code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let at_once = (0..8).map(|_| server.refresh(APP, refresh));
    let answers = futures_util::future::join_all(at_once).await;
    let rotated: Vec<_> = answers
        .iter()
        .filter(|a| a.status == StatusCode::OK)
        .collect();
    assert!(rotated.len() <= 1, "{}", rotated.len());
    for answer in rotated {
        let newest = answer.json()["refresh_token"].as_str().unwrap().to_owned();
        let revoked = server.refresh(APP, &newest).await;
        assert_eq!(revoked.error(), "invalid_grant", "reuse revoked the family");
    }
}

/// Spec: idporten §10.1.
#[tokio::test]
async fn refreshing_slides_the_idle_limit_below_the_authorizations_end() {
    let server = LoginServer::start().await;
    let code = Browser::new(&server).code(APP, PID).await;
    let mut tokens = server.redeem(APP, &code).await.json();
    for _ in 0..11 {
        server.clock.advance(Duration::from_secs(599));
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let answer = server.refresh(APP, refresh).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        tokens = answer.json();
    }
    // 6589 seconds have passed of 7200.
    server.clock.advance(Duration::from_secs(590));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let last = server.refresh(APP, refresh).await.json();
    assert_eq!(last["refresh_token_expires_in"], 21);
    assert_eq!(last["expires_in"], 21);
    server.clock.advance(Duration::from_secs(21));
    let refresh = last["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(APP, refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_may_stay_and_is_never_a_public_clients() {
    let mut world = world();
    let reuse = Some(RefreshTokenUsage::Reuse);
    world.client_mut(APP).0.login.refresh_token_usage = reuse;
    world.client_mut(SPA).0.login.refresh_token_usage = reuse;
    let server = LoginServer::with(world, |_| ()).await;
    let mut browser = Browser::new(&server);
    let code = browser.code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for _ in 0..3 {
        server.clock.advance(Duration::from_secs(1));
        let again = server.refresh(APP, refresh).await.json();
        assert_eq!(again["refresh_token"], refresh);
    }
    let code = browser.sso_code(SPA).await;
    let tokens = server.redeem(SPA, &code).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    server.clock.advance(Duration::from_secs(1));
    let rotated = server.refresh(SPA, refresh).await.json();
    assert_ne!(rotated["refresh_token"], refresh);
    assert_eq!(claims(&rotated["access_token"])["client_amr"], "none");
}

/// Spec: idporten §9.1; appendix C, line 14.
#[tokio::test]
async fn clients_prove_themselves_as_they_are_registered_everywhere() {
    let server = LoginServer::start().await;
    for path in ["/token", "/par", "/token/introspect", "/token/revoke"] {
        for form in [
            vec![("client_id", APP)],
            vec![
                ("client_id", WEB),
                ("client_secret", crate::harness::SECRET.expose()),
            ],
            vec![("client_id", "ukjent"), ("client_secret", "x")],
        ] {
            let mut form = form;
            form.push(("grant_type", "authorization_code"));
            form.push(("token", "x"));
            let answer = server.post(path, &form).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {form:?}");
            assert_eq!(answer.error(), "invalid_client");
            assert_eq!(answer.header("www-authenticate"), "");
        }
        let wrong = server.http.post(format!("{}{path}", server.base));
        let wrong = wrong
            .basic_auth(WEB, Some("feil"))
            .form(&[("grant_type", "authorization_code"), ("token", "x")]);
        let answer = Answer::read(wrong.send().await.unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(
            answer
                .header("www-authenticate")
                .starts_with("Basic realm=")
        );
    }
}

/// Spec: idporten §9.3.
#[tokio::test]
async fn an_assertion_counts_once_at_whichever_endpoint() {
    let server = LoginServer::start().await;
    let assertion = server.assertion(APP);
    let form = [
        ("token", "x"),
        ("client_assertion", assertion.as_str()),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
    ];
    let first = server.post("/token/revoke", &form).await;
    assert_eq!(first.status, StatusCode::OK, "{first:?}");
    for path in ["/token/revoke", "/par"] {
        assert_eq!(server.post(path, &form).await.error(), "invalid_client");
    }
}

#[tokio::test]
async fn requests_that_are_none_are_refused() {
    let server = LoginServer::start().await;
    let get = server.http.get(format!("{}/token", server.base));
    let get = Answer::read(get.send().await.unwrap()).await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get.header("allow"), "POST");
    let json = server.http.post(format!("{}/token", server.base));
    let json = Answer::read(json.json(&json!({})).send().await.unwrap()).await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let jwt_bearer = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")];
    let answer = token_form(&server, APP, &jwt_bearer).await;
    assert_eq!(answer.error(), "unsupported_grant_type");
    for form in [vec![], vec![("grant_type", "authorization_code")]] {
        let answer = token_form(&server, APP, &form).await;
        assert_eq!(answer.error(), "invalid_request");
    }
}

/// Spec: idporten §13.
#[tokio::test]
async fn userinfo_wants_a_token_with_profile_in_the_header() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let missing = server.http.get(format!("{}/userinfo", server.base));
    let missing = Answer::read(missing.send().await.unwrap()).await;
    assert_eq!(missing.status, StatusCode::UNAUTHORIZED);
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    for wrong in ["x", "a.b.c", &"A".repeat(43)] {
        let answer = server.userinfo(wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.header("www-authenticate").contains("invalid_token"));
    }
    let in_query = server
        .http
        .get(format!("{}/userinfo?access_token=x", server.base));
    let in_query = Answer::read(in_query.send().await.unwrap()).await;
    assert_eq!(in_query.status, StatusCode::BAD_REQUEST);
    let mut parameters = request(WEB);
    parameters.insert("scope", "openid".to_owned());
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
    let answer = server
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    // An id token is signed by the same key and is no access token.
    let answer = server.userinfo(tokens["id_token"].as_str().unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// Spec: idporten §14.
#[tokio::test]
async fn revoking_one_token_ends_all_of_its_login_and_not_the_session() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let foreign = server
        .post_as(WEB, "/token/revoke", &[("token", refresh)])
        .await;
    assert_eq!(foreign.status, StatusCode::OK);
    assert_eq!(
        server.userinfo(access).await.status,
        StatusCode::OK,
        "no effect"
    );
    let revoked = server.post_as(APP, "/revoke", &[("token", refresh)]).await;
    assert_eq!(
        (revoked.status, revoked.body.as_str()),
        (StatusCode::OK, "")
    );
    assert_eq!(
        server.userinfo(access).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(server.refresh(APP, refresh).await.error(), "invalid_grant");
    browser.sso_code(APP).await;
}

/// Spec: idporten §5.1 rule 6; appendix C, line 20.
#[tokio::test]
async fn a_right_that_is_withdrawn_is_in_no_new_token() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid {API}"));
    let selector = browser.authorize(&parameters).await;
    let consent = browser.log_in(&selector, PID, "substantial").await;
    let dialog = browser.get(consent.header("location")).await;
    let answer = browser
        .submit(&dialog, "/consent", &[("action", "accept")])
        .await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    assert_eq!(tokens["scope"], format!("openid {API}"));
    let mut changed = world();
    changed.withdraw(API, portvakt_testkit::HAVBRIS);
    changed.save(server.store.as_ref()).await;
    server.clock.advance(Duration::from_secs(1));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let refreshed = server.refresh(APP, refresh).await.json();
    assert_eq!(refreshed["scope"], "openid");
}

/// Spec: idporten §5.3, §5.4, §10.3; appendix C, lines 10 and 11.
#[tokio::test]
async fn pseudonymous_and_opaque_tokens_keep_the_person_to_themselves() {
    let mut world = world();
    let api = world.scope_mut(API);
    api.requires_pseudonymous_tokens = true;
    api.requires_user_consent = false;
    api.token_type = portvakt_core::scope::TokenType::Opaque;
    let server = LoginServer::with(world, |_| ()).await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid profile {API}"));
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(access.len(), 43, "opaque");
    assert!(claims(&tokens["id_token"])["pid"].is_null());
    assert!(server.userinfo(access).await.json()["pid"].is_null());
    let told = server
        .post_as(BARNEHAGE, "/token/introspect", &[("token", access)])
        .await
        .json();
    assert_eq!(told["pid"], PID, "the API that is entitled to it learns it");

    parameters.insert("scope", "openid profile no_pid".to_owned());
    let answer = browser.authorize(&parameters).await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    for token in ["id_token", "access_token"] {
        assert!(claims(&tokens[token])["pid"].is_null(), "{token}");
    }
}

/// Spec: idporten §1.1.
#[tokio::test]
async fn scripts_of_a_browser_clients_own_origin_may_read_answers() {
    let server = LoginServer::start().await;
    let send = async |client_id: &str, origin: &str| {
        let request = server.http.post(format!("{}/token", server.base));
        let request = request
            .header("origin", origin)
            .form(&[("client_id", client_id), ("grant_type", "refresh_token")]);
        Answer::read(request.send().await.unwrap()).await
    };
    let own = "https://eksempel-spa.eksempel.no";
    let allowed = send(SPA, own).await;
    assert_eq!(allowed.header("access-control-allow-origin"), own);
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    for (client_id, origin) in [(SPA, "https://evil.no"), (APP, own), ("ukjent", own)] {
        let refused = send(client_id, origin).await;
        assert_eq!(refused.header("access-control-allow-origin"), "");
    }
}
