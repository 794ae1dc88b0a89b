//! Lines of the checklist (spec: idporten, appendix C) that no other test walks over real HTTP.

use std::time::Duration;

use portvakt_core::client::{ApplicationType, AuthenticationMethod};
use portvakt_core::login::issuer::LoginIssuer;
use portvakt_testkit::World;
use reqwest::StatusCode;

use crate::harness::{
    API, APP, Answer, Browser, ISOLATED, LoginServer, PID, SPA, VERIFIER, WEB, callback, claims,
    request, world,
};

async fn server(change: impl FnOnce(&mut World)) -> LoginServer {
    let mut world = world();
    change(&mut world);
    LoginServer::with(world, |_: &mut LoginIssuer| ()).await
}

fn is_login(answer: &Answer) -> bool {
    answer.header("location").contains("/login?txn=")
}

/// Line 2; spec: idporten §3.4, RFC 8252 §7.3.
#[tokio::test]
async fn an_app_may_listen_on_any_port_and_redeems_with_that_one() {
    let server = server(|world| {
        let client = &mut world.client_mut(SPA).0;
        client.application_type = ApplicationType::Native;
        client.login.redirect_uris = vec!["http://127.0.0.1:0/cb".to_owned()];
    })
    .await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(SPA);
    parameters.insert("redirect_uri", "http://127.0.0.1:51004/cb".to_owned());
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let location = answer.header("location");
    assert!(
        location.starts_with("http://127.0.0.1:51004/cb?"),
        "{location}"
    );
    let redeem = async |redirect_uri: &str, code: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        server.post_as(SPA, "/token", &form).await
    };
    let code = &answer.location()["code"];
    let other_port = redeem("http://127.0.0.1:51005/cb", code).await;
    assert_eq!(other_port.error(), "invalid_grant");
    let again = browser.authorize(&parameters).await;
    let same = redeem("http://127.0.0.1:51004/cb", &again.location()["code"]).await;
    assert_eq!(same.status, StatusCode::OK, "{same:?}");
    for wrong in [
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:0x50/cb",
        "http://127.0.0.1:51004@evil.no/cb",
        "http://localhost:51004/cb",
        "https://127.0.0.1:51004/cb",
    ] {
        parameters.insert("redirect_uri", wrong.to_owned());
        let page = browser.authorize(&parameters).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

/// Line 3; spec: idporten §7.
#[tokio::test]
async fn a_client_without_pkce_is_held_to_state_and_nonce_and_to_what_it_sends() {
    let server = server(|world| {
        let login = &mut world.client_mut(APP).0.login;
        login.code_challenge_method = Some("none".to_owned());
    })
    .await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let mut without = request(APP);
    without.remove("code_challenge");
    without.remove("code_challenge_method");
    for missing in ["state", "nonce"] {
        let mut parameters = without.clone();
        parameters.remove(missing);
        let told = browser.authorize(&parameters).await.location();
        assert_eq!(told["error"], "invalid_request", "{missing}");
    }
    let redirect_uri = callback(APP);
    let redeem = async |code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", verifier),
        ];
        server.post_as(APP, "/token", &form).await
    };
    let answer = browser.authorize(&without).await;
    let plain = redeem(&answer.location()["code"], "").await;
    assert_eq!(plain.status, StatusCode::OK, "{plain:?}");
    // RFC 9700 §4.8.2: somebody has taken the challenge out of the request.
    let answer = browser.authorize(&without).await;
    let injected = redeem(&answer.location()["code"], VERIFIER).await;
    assert_eq!(injected.error(), "invalid_grant");
    // A challenge that was sent has to be met, whoever may do without.
    let code = browser.sso_code(APP).await;
    assert_eq!(redeem(&code, "").await.error(), "invalid_grant");
}

/// Line 3.
#[tokio::test]
async fn challenges_and_verifiers_have_their_length_and_alphabet() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let padded = format!("{}=", crate::harness::CHALLENGE);
    for challenge in [padded.as_str(), "short", &"a".repeat(44), &"ø".repeat(22)] {
        let mut parameters = request(APP);
        parameters.insert("code_challenge", challenge.to_owned());
        let told = browser.authorize(&parameters).await.location();
        assert_eq!(told["error"], "invalid_request", "{challenge}");
        assert!(told["error_description"].contains("code_challenge"));
    }
    let redirect_uri = callback(APP);
    for verifier in [
        "a".repeat(42),
        "a".repeat(129),
        format!("{}+", "a".repeat(42)),
    ] {
        let code = browser.sso_code(APP).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &verifier),
        ];
        let answer = server.post_as(APP, "/token", &form).await;
        assert_eq!(answer.error(), "invalid_request", "{verifier}");
    }
}

/// Line 6; spec: idporten §6.3 step 4.
#[tokio::test]
async fn without_a_page_what_is_missing_is_told() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut silent = request(APP);
    silent.insert("prompt", "none".to_owned());
    silent.insert("scope", format!("openid {API}"));
    let nobody = browser.authorize(&silent).await.location();
    assert_eq!(nobody["error"], "login_required");
    browser.code(APP, PID).await;
    let unasked = browser.authorize(&silent).await.location();
    assert_eq!(unasked["error"], "consent_required");
    silent.insert("scope", "openid".to_owned());
    assert!(
        browser
            .authorize(&silent)
            .await
            .location()
            .contains_key("code")
    );
}

/// Line 7; spec: idporten §16.1: what tokens do is not what people do.
#[tokio::test]
async fn tokens_keep_no_session_alive() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(WEB, PID).await;
    let mut tokens = server.redeem(WEB, &code).await.json();
    for _ in 0..4 {
        server.clock.advance(Duration::from_secs(449));
        let refresh = tokens["refresh_token"].as_str().unwrap();
        tokens = server.refresh(WEB, refresh).await.json();
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(server.userinfo(access).await.status, StatusCode::OK);
    }
    server.clock.advance(Duration::from_secs(4));
    assert!(is_login(&browser.authorize(&request(WEB)).await));
}

/// Line 8; spec: idporten §16.3.
#[tokio::test]
async fn every_group_is_alone_and_one_logout_ends_them_all() {
    const SECOND: &str = "eksempel-spa";
    let server = server(|world| {
        world.client_mut(SECOND).0.login.sso_disabled = Some(true);
    })
    .await;
    let openid = |client_id| {
        let mut parameters = request(client_id);
        parameters.insert("scope", "openid".to_owned());
        parameters
    };
    for leaves_at in [WEB, ISOLATED, SECOND] {
        let mut browser = Browser::new(&server);
        for client_id in [WEB, ISOLATED, SECOND] {
            let selector = browser.authorize(&openid(client_id)).await;
            assert!(is_login(&selector), "{client_id} shares with nobody");
            browser.log_in(&selector, PID, "substantial").await;
        }
        for client_id in [WEB, ISOLATED, SECOND] {
            let answer = browser.authorize(&openid(client_id)).await;
            assert!(answer.location().contains_key("code"), "{client_id}");
        }
        browser.get(&format!("/logout?client_id={leaves_at}")).await;
        for client_id in [WEB, ISOLATED, SECOND] {
            let answer = browser.authorize(&openid(client_id)).await;
            assert!(is_login(&answer), "{leaves_at} ends {client_id}");
        }
    }
}

/// Line 9; spec: idporten §17.3.
#[tokio::test]
async fn consent_is_asked_every_time_and_falls_back_to_bokmal() {
    let server = server(|world| {
        let api = world.scope_mut(API);
        let translation = ("description#nn".to_owned(), "Barnehageplassar".to_owned());
        api.translations.extend([translation]);
        api.long_description = Some("**Feit** <script>alert(1)</script>".to_owned());
    })
    .await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    for (locale, shown, marked) in [
        ("nn", "Barnehageplassar", false),
        ("se", "Barnehageplasser", true),
        ("nb", "Barnehageplasser", false),
    ] {
        let mut parameters = request(APP);
        parameters.insert("scope", format!("openid {API}"));
        parameters.insert("ui_locales", locale.to_owned());
        let to_consent = browser.authorize(&parameters).await;
        let dialog = browser.get(to_consent.header("location")).await;
        assert!(dialog.body.contains(shown), "{locale}: {}", dialog.body);
        assert!(dialog.body.contains("<strong>Feit</strong>"));
        assert!(!dialog.body.contains("<script>alert"));
        // A text in another language than the page says so, for those who have it read to them.
        let in_bokmal = format!("lang=\"nb\"><strong><bdi>{shown}");
        assert_eq!(dialog.body.contains(&in_bokmal), marked, "{locale}");
        let accept = [("action", "accept")];
        let answer = browser.submit(&dialog, "/consent", &accept).await;
        assert!(answer.location().contains_key("code"));
    }
}

/// Line 10; spec: idporten §5.3: the registration alone makes every login pseudonymous.
#[tokio::test]
async fn no_pid_counts_when_it_is_only_registered() {
    let server = server(|world| {
        let client = &mut world.client_mut(WEB).0;
        client.scopes.push("no_pid".parse().unwrap());
    })
    .await;
    let code = Browser::new(&server).code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    assert_eq!(tokens["scope"], "openid profile", "it was not asked for");
    for name in ["id_token", "access_token"] {
        assert!(claims(&tokens[name])["pid"].is_null(), "{name}");
    }
    let userinfo = server.userinfo(tokens["access_token"].as_str().unwrap());
    assert!(userinfo.await.json()["pid"].is_null());
}

/// Line 17; spec: idporten §15.1: an id token is a hint for longer than it is a token.
#[tokio::test]
async fn an_expired_hint_still_says_who_asks() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    server.clock.advance(Duration::from_mins(20));
    let back = format!("https://{WEB}.eksempel.no/ut");
    let hint = tokens["id_token"].as_str().unwrap();
    let url = format!("/logout?id_token_hint={hint}&post_logout_redirect_uri={back}");
    let ended = browser.get(&url).await;
    assert_eq!(ended.header("location"), back);
}

/// Line 17; spec: idporten §15.4: without the flag a service hears that somebody left, and not who.
#[tokio::test]
async fn a_service_hears_iss_and_sid_only_if_it_registered_for_them() {
    let server = server(|world| {
        let login = &mut world.client_mut(WEB).0.login;
        login.frontchannel_logout_uri = Some(format!("https://{WEB}.eksempel.no/logout"));
    })
    .await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let code = browser.sso_code(APP).await;
    let tokens = server.redeem(APP, &code).await.json();
    let sid = claims(&tokens["id_token"])["sid"]
        .as_str()
        .unwrap()
        .to_owned();
    let page = browser.get(&format!("/logout?client_id={WEB}")).await;
    let frames: Vec<_> = page.body.split("<iframe ").skip(1).collect();
    assert_eq!(frames.len(), 2, "the one who leaves is told too");
    for frame in frames {
        let with_sid = frame.contains(&sid);
        let of_app = frame.contains(&format!("https://{APP}.eksempel.no/logout?a=b&"));
        assert_eq!(with_sid, of_app, "{frame}");
        assert_eq!(frame.contains("iss="), of_app, "{frame}");
    }
}

/// Line 20; spec: idporten §5.1 rule 6.
#[tokio::test]
async fn what_is_withdrawn_between_code_and_token_is_in_neither() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let mut parameters = request(APP);
    let consented = async |browser: &mut Browser<'_>, parameters: &_| {
        let to_consent = browser.authorize(parameters).await;
        let dialog = browser.get(to_consent.header("location")).await;
        let accept = [("action", "accept")];
        let answer = browser.submit(&dialog, "/consent", &accept).await;
        answer.location()["code"].clone()
    };
    parameters.insert("scope", format!("openid {API}"));
    let with_login = consented(&mut browser, &parameters).await;
    parameters.insert("scope", API.to_owned());
    let alone = consented(&mut browser, &parameters).await;
    let mut changed = world();
    changed.withdraw(API, portvakt_testkit::HAVBRIS);
    changed.save(server.store.as_ref()).await;
    let tokens = server.redeem(APP, &with_login).await.json();
    assert_eq!(tokens["scope"], "openid");
    let nothing_left = server.redeem(APP, &alone).await;
    assert_eq!(nothing_left.error(), "invalid_grant");
}

/// Line 14; spec: idporten §9.6: a public client has nothing to prove, and says who it is everywhere.
#[tokio::test]
async fn a_public_client_uses_no_credentials_of_others() {
    let server = server(|world| {
        let none = AuthenticationMethod::None;
        assert_eq!(world.client_mut(SPA).0.token_endpoint_auth_method, none);
    })
    .await;
    let code = Browser::new(&server).code(SPA, PID).await;
    let redirect_uri = callback(SPA);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let as_another = server.post_as(APP, "/token", &form).await;
    assert_eq!(as_another.error(), "invalid_grant");
    let anonymous = server.post("/token", &form).await;
    assert_eq!(anonymous.error(), "invalid_client");
    assert_eq!(server.redeem(SPA, &code).await.status, StatusCode::OK);
    let introspect = [("token", "x"), ("client_id", SPA)];
    let refused = server.post("/token/introspect", &introspect).await;
    assert_eq!(refused.error(), "invalid_client");
}
