//! Attacks on browsers and pages (spec: idporten §20).

use std::time::Duration;

use reqwest::StatusCode;

use crate::harness::{API, APP, Browser, LoginServer, PID, WEB, callback, request, world};

/// CSRF on login and consent: a form of another page, and a form that another site sends.
#[tokio::test]
async fn forms_that_are_not_ours_are_refused() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(WEB)).await;
    let testid = selector
        .header("location")
        .replace("/login?", "/login/testid?");
    let form = browser.get(&testid).await;
    let txn = testid.split("txn=").nth(1).unwrap();
    for csrf in ["", "x", &"A".repeat(43), txn] {
        let fields = [
            ("txn", txn),
            ("csrf", csrf),
            ("pid", PID),
            ("action", "login"),
        ];
        let answer = browser.post("/login/testid", &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{csrf}");
    }
    // Another site's form, although it has both values.
    for (name, value) in [
        ("origin", "https://evil.no"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let cookies = browser.cookies.iter().map(|(n, v)| format!("{n}={v}"));
        let cookies: Vec<_> = cookies.collect();
        let csrf = form.body.split("name=\"csrf\"").nth(1).unwrap();
        let csrf = csrf
            .split("value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let sent = server.http.post(format!("{}/login/testid", server.base));
        let sent = sent
            .header("cookie", cookies.join("; "))
            .header(name, value)
            .form(&[
                ("txn", txn),
                ("csrf", csrf),
                ("pid", PID),
                ("action", "login"),
            ]);
        assert_eq!(
            sent.send().await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{name}"
        );
    }
    let answer = browser
        .submit(&form, "/login/testid", &[("pid", PID), ("action", "login")])
        .await;
    assert!(answer.header("location").starts_with(&callback(WEB)));
}

/// Whoever knows the address of somebody's login has nothing of it.
#[tokio::test]
async fn a_login_exists_for_the_browser_that_began_it_alone() {
    let server = LoginServer::start().await;
    let mut victim = Browser::new(&server);
    let selector = victim.authorize(&request(WEB)).await;
    let login = selector.header("location").to_owned();
    let mut stranger = Browser::new(&server);
    stranger.authorize(&request(WEB)).await;
    assert_eq!(stranger.get(&login).await.status, StatusCode::GONE);
    let page = victim.get(&login).await;
    let answer = stranger
        .submit(&page, "/login", &[("action", "cancel")])
        .await;
    assert_ne!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    assert_eq!(victim.get(&login).await.status, StatusCode::OK);
}

/// A session that somebody planted is worth nothing after the login.
#[tokio::test]
async fn a_login_changes_the_sessions_cookie() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let planted = browser.cookies["portvakt-session"].clone();
    let mut parameters = request(WEB);
    parameters.insert("prompt", "login".to_owned());
    let selector = browser.authorize(&parameters).await;
    browser.log_in(&selector, PID, "substantial").await;
    assert_ne!(browser.cookies["portvakt-session"], planted);
    let mut attacker = Browser::new(&server);
    attacker
        .cookies
        .insert("portvakt-session".to_owned(), planted);
    let answer = attacker.authorize(&request(WEB)).await;
    assert!(answer.header("location").contains("/login?txn="));
}

/// The address of a page decides nothing: no step of a login can be skipped.
#[tokio::test]
async fn pages_cannot_be_reached_out_of_turn() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid {API}"));
    let selector = browser.authorize(&parameters).await;
    let login = selector.header("location").to_owned();
    let consent = browser.get(&login.replace("/login?", "/consent?")).await;
    assert_eq!(
        consent.header("location"),
        login,
        "first of all they log in"
    );
    let page = browser.get(&login).await;
    let answer = browser
        .submit(&page, "/consent", &[("action", "accept")])
        .await;
    assert_eq!(answer.header("location"), login, "nobody was asked yet");
    let to_consent = browser.log_in(&selector, PID, "substantial").await;
    assert!(to_consent.header("location").contains("/consent?txn="));
}

/// A login that was begun long ago, or that has ended, is over.
#[tokio::test]
async fn a_login_is_over_after_half_an_hour_and_when_it_is_answered() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(WEB)).await;
    let login = selector.header("location").to_owned();
    browser.log_in(&selector, PID, "substantial").await;
    assert_eq!(browser.get(&login).await.status, StatusCode::GONE);
    let mut slow = Browser::new(&server);
    let selector = slow.authorize(&request(WEB)).await;
    server.clock.advance(Duration::from_mins(30));
    let late = slow.get(selector.header("location")).await;
    assert_eq!(late.status, StatusCode::GONE);
}

/// Spec: idporten §18.4: nobody real, nobody malformed, and no level that was not offered.
#[tokio::test]
async fn testid_lets_in_who_is_synthetic_at_levels_that_were_asked_for() {
    let server = LoginServer::start().await;
    for (pid, message) in [
        ("1786901005", "11"),
        ("17869010058", ""),
        ("17899010057", ""),
        ("17069010098", ""),
    ] {
        let mut browser = Browser::new(&server);
        let selector = browser.authorize(&request(WEB)).await;
        let again = browser.log_in(&selector, pid, "high").await;
        assert_eq!(again.status, StatusCode::OK, "{pid} {again:?}");
        assert!(again.body.contains("aria-invalid"), "{pid}");
        assert!(again.body.contains(message), "{pid}");
    }
    let mut browser = Browser::new(&server);
    let mut parameters = request(WEB);
    parameters.insert("acr_values", "idporten-loa-high".to_owned());
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "low").await;
    let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
    let acr = &crate::harness::claims(&tokens["id_token"])["acr"];
    assert_eq!(acr, "idporten-loa-high", "the lowest that was asked for");
}

/// XSS by what clients and scopes are called.
#[tokio::test]
async fn names_of_clients_and_scopes_are_shown_and_not_run() {
    const SCRIPT: &str = "<script>alert(1)</script>";
    let mut world = world();
    let api = world.scope_mut(API);
    SCRIPT.clone_into(&mut api.description);
    api.long_description = Some(format!("{SCRIPT} [x](javascript:alert(1))"));
    world.client_mut(APP).0.login.display_name = Some(SCRIPT.to_owned());
    let server = LoginServer::with(world, |_| ()).await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid {API}"));
    let selector = browser.authorize(&parameters).await;
    let page = browser.get(selector.header("location")).await;
    let to_consent = browser.log_in(&selector, PID, "substantial").await;
    let dialog = browser.get(to_consent.header("location")).await;
    for page in [page, dialog] {
        assert!(!page.body.contains(SCRIPT), "{}", page.body);
        assert!(!page.body.contains("href=\"javascript:"), "{}", page.body);
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

/// A provider that lets anybody be anybody is not served where real people log in.
#[tokio::test]
async fn testid_is_refused_in_production() {
    use portvakt_core::login::issuer::Environment;
    let refused = tokio::spawn(async {
        LoginServer::with(world(), |issuer| {
            issuer.environment = Environment::Production;
        })
        .await;
    });
    assert!(refused.await.is_err(), "the surface is not made");
}

/// Threat: an eID provider, or a mistake in one, lets in whom the operator does not want.
#[tokio::test]
async fn a_number_of_a_kind_that_is_not_accepted_logs_nobody_in() {
    use portvakt_core::person::AcceptedNumbers;
    let server = LoginServer::with(world(), |issuer| {
        issuer.accepted_numbers = AcceptedNumbers::RealOnly;
    })
    .await;
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(WEB)).await;
    let refused = browser.log_in(&selector, PID, "substantial").await;
    assert_eq!(refused.location()["error"], "access_denied");
    let again = browser.authorize(&request(WEB)).await;
    assert!(
        again.header("location").contains("/login?txn="),
        "{again:?}"
    );
}
