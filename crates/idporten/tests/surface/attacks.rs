//! Attacks on requests: what belongs to somebody else, addresses that look like a client's, texts that
//! would be more than text, and parameters that are too much (spec: idporten §20).

use reqwest::StatusCode;

use crate::harness::{
    API, APP, Answer, Browser, LoginServer, OTHER_PID, PID, SPA, WEB, callback, request,
};

/// Addresses that a careless comparison takes for this one, or that a browser reads as another.
fn look_alikes(address: &str) -> Vec<String> {
    let (host, path) = address
        .trim_start_matches("https://")
        .split_once('/')
        .unwrap();
    let upper = host.to_uppercase();
    let mut all: Vec<_> = [
        "http://HOST/PATH",
        "https://HOST./PATH",
        "https://HOST:443/PATH",
        "https://HOST:8443/PATH",
        "https://HOST/PATH/",
        "https://HOST/PATH?",
        "https://HOST/PATH#",
        "https://HOST/PATH%20",
        "https://HOST//PATH",
        "https://HOST/./PATH",
        "https://HOST/x/../PATH",
        "https://HOST/PATH;x=1",
        "https://HOST/PATH?next=https://ond.no",
        "https://HOST@ond.no/PATH",
        "https://HOST:pass@ond.no/PATH",
        "https://ond.no#@HOST/PATH",
        "https://ond.no?HOST/PATH",
        "https://ond.no\\@HOST/PATH",
        "https://HOST\\.ond.no/PATH",
        "https://HOST.ond.no/PATH",
        "https://ondHOST/PATH",
        "https:/HOST/PATH",
        "https:HOST/PATH",
        "//HOST/PATH",
        "https://HOST/PATH\r\nLocation: https://ond.no",
        "https://HOST/PATH\u{0}",
        " https://HOST/PATH",
        "https://HOST/PATH\t",
        "javascript:alert(1)//HOST/PATH",
        "data:text/html,HOST/PATH",
    ]
    .map(|pattern| pattern.replace("HOST", host).replace("PATH", path))
    .into();
    all.push(format!("https://{upper}/{path}"));
    all.push(format!("https://{host}/{}", path.to_uppercase()));
    all.push(address.replace("https", "HTTPS"));
    // A letter that looks like another, as a browser writes it and as it is.
    all.push(address.replacen('e', "\u{435}", 1));
    all.push(format!("https://xn--{host}/{path}"));
    all
}

fn is_page(answer: &Answer) -> bool {
    answer.body.contains("<html") && answer.header("location").is_empty()
}

#[tokio::test]
async fn a_login_returns_to_no_address_that_looks_like_the_clients() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    for address in look_alikes(&callback(WEB)) {
        let mut parameters = request(WEB);
        parameters.insert("redirect_uri", address.clone());
        let answer = browser.authorize(&parameters).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address:?}");
        assert!(is_page(&answer), "{address:?}: {answer:?}");
        assert!(!answer.body.contains("ond.no"), "{address:?}");
    }
    browser.sso_code(WEB).await;
}

#[tokio::test]
async fn a_logout_returns_to_no_address_that_looks_like_the_clients() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    for address in look_alikes(&format!("https://{WEB}.eksempel.no/ut")) {
        browser.code(WEB, PID).await;
        let base = format!("{}/logout", server.base);
        let named = [("client_id", WEB), ("post_logout_redirect_uri", &address)];
        let url = url::Url::parse_with_params(&base, named).unwrap();
        let answer = browser.get(url.as_str()).await;
        let own = format!("{base}?done=nb");
        assert_eq!(answer.header("location"), own, "{address:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_of_another_client_is_worth_nothing_and_stays_the_others() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let code = browser.code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for thief in [WEB, SPA] {
        let answer = server.refresh(thief, refresh).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{thief}");
        assert_eq!(answer.error(), "invalid_grant", "{thief}");
    }
    let answer = server.refresh(APP, refresh).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

/// A client that is led to a malicious server finds the honest one's name in no answer of that, and the
/// honest one's own name in all of its own (RFC 9207).
#[tokio::test]
async fn who_answered_is_in_every_answer() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut silent = request(WEB);
    silent.insert("prompt", "none".to_owned());
    silent.insert("scope", "openid".to_owned());
    for answered in ["error", "code"] {
        let told = browser.authorize(&silent).await.location();
        assert!(told.contains_key(answered), "{told:?}");
        assert_eq!(told["iss"], server.base);
        silent.insert("response_mode", "form_post".to_owned());
        let page = browser.authorize(&silent).await;
        assert_eq!(page.field("iss"), server.base);
        silent.remove("response_mode");
        if answered == "error" {
            browser.code(WEB, PID).await;
        }
    }
}

/// PKCE is neither left out nor weakened, whichever way the request comes.
#[tokio::test]
async fn a_request_without_a_challenge_is_refused_whichever_way_it_comes() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    for (challenge, method) in [
        ("", ""),
        ("", "S256"),
        ("jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38", ""),
        ("jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38", "plain"),
        ("jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38", "s256"),
        ("ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8=", "S256"),
        ("ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl", "S256"),
    ] {
        let mut parameters = request(APP);
        parameters.insert("code_challenge", challenge.to_owned());
        parameters.insert("code_challenge_method", method.to_owned());
        let told = browser.authorize(&parameters).await.location();
        assert_eq!(told["error"], "invalid_request", "{challenge} {method}");
        let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let pushed = server.post_as(APP, "/par", &form).await;
        assert_eq!(pushed.error(), "invalid_request", "{challenge} {method}");
    }
}

/// CSRF on consent: nobody else says yes, and nobody else says no.
#[tokio::test]
async fn consent_is_given_by_the_form_of_its_page_in_its_browser() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid {API}"));
    let selector = browser.authorize(&parameters).await;
    let to_consent = browser.log_in(&selector, PID, "substantial").await;
    let dialog = browser.get(to_consent.header("location")).await;
    let txn = dialog.field("txn");
    for action in ["accept", "decline"] {
        for csrf in ["", &txn, &"A".repeat(43)] {
            let forged = [("txn", txn.as_str()), ("csrf", csrf), ("action", action)];
            let answer = browser.post("/consent", &forged).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action} {csrf}");
        }
        let mut stranger = Browser::new(&server);
        stranger.code(WEB, OTHER_PID).await;
        let answer = stranger
            .submit(&dialog, "/consent", &[("action", action)])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action}");
    }
    let answer = browser
        .submit(&dialog, "/consent", &[("action", "accept")])
        .await;
    assert!(answer.location().contains_key("code"));
}

/// A cookie that somebody planted before anybody logged in is not taken up.
#[tokio::test]
async fn no_session_is_begun_under_a_cookie_that_was_brought() {
    let server = LoginServer::start().await;
    let planted = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY".to_owned();
    let mut victim = Browser::new(&server);
    let name = "portvakt-session".to_owned();
    victim.cookies.insert(name.clone(), planted.clone());
    victim.code(WEB, PID).await;
    assert_ne!(victim.cookies[&name], planted);
    let mut attacker = Browser::new(&server);
    attacker.cookies.insert(name, planted);
    let answer = attacker.authorize(&request(WEB)).await;
    assert!(answer.header("location").contains("/login?txn="));
}

/// Clickjacking: whatever the address, what is shown cannot be framed.
#[tokio::test]
async fn no_page_can_be_framed() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid {API}"));
    let selector = browser.authorize(&parameters).await;
    let login = selector.header("location").to_owned();
    let testid = login.replace("/login?", "/login/testid?");
    let mut pages = vec![browser.get(&login).await, browser.get(&testid).await];
    let to_consent = browser.log_in(&selector, PID, "substantial").await;
    pages.push(browser.get(to_consent.header("location")).await);
    for path in ["/logout?done=nb", "/logout?state=%0A", "/authorize"] {
        pages.push(browser.get(path).await);
    }
    for page in pages {
        assert!(is_page(&page), "{page:?}");
        assert_eq!(page.header("x-frame-options"), "DENY");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

/// XSS by what a request says: none of it is repeated, except to the client, as a field's value.
#[tokio::test]
async fn what_a_request_says_is_in_no_page_as_markup() {
    const SCRIPT: &str = "\"><script>alert(1)</script>";
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    for name in [
        "state",
        "nonce",
        "ui_locales",
        "login_hint",
        "claims",
        "acr_values",
        "display",
        "client_id",
        "redirect_uri",
        "scope",
        "prompt",
        "response_type",
        "response_mode",
        "onbehalfof",
        "id_token_hint",
        SCRIPT,
    ] {
        let url = format!("{}/authorize", server.base);
        let mut parameters: Vec<_> = request(WEB).into_iter().collect();
        parameters.retain(|(known, _)| *known != name);
        parameters.push(("response_mode", "form_post".to_owned()));
        parameters.retain(|(known, _)| *known != name);
        parameters.push((name, SCRIPT.to_owned()));
        let url = url::Url::parse_with_params(&url, parameters).unwrap();
        let mut answer = browser.get(url.as_str()).await;
        if answer.header("location").starts_with(&server.base) {
            let login = answer.header("location").to_owned();
            answer = browser.get(&login).await;
        }
        assert!(!answer.body.contains("<script>alert"), "{name}: {answer:?}");
        assert!(!answer.status.is_server_error(), "{name}");
    }
    for path in [
        "/logout?state=",
        "/logout?done=",
        "/logout?ui_locales=",
        "/logout?l=",
        "/login?txn=",
        "/login/testid?txn=",
        "/consent?txn=",
        "/finnes-ikke/",
    ] {
        let script: String = url::form_urlencoded::byte_serialize(SCRIPT.as_bytes()).collect();
        let answer = browser.get(&format!("{path}{script}")).await;
        assert!(!answer.body.contains("<script>alert"), "{path}: {answer:?}");
        assert!(!answer.status.is_server_error(), "{path}");
    }
}

/// Too much, and what cannot be read: refused as documented, and never a fault of the server.
#[tokio::test]
async fn too_much_and_nonsense_are_refused() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let long = |length| "a".repeat(length);
    let scopes = |count: usize| {
        let scopes: Vec<_> = (0..count).map(|number| format!("a:{number}")).collect();
        scopes.join(" ")
    };
    for (name, value, error) in [
        ("state", long(2049), "invalid_request"),
        ("state", "\u{7f}".to_owned(), "invalid_request"),
        ("state", "æ".to_owned(), "invalid_request"),
        ("nonce", long(513), "invalid_request"),
        ("scope", scopes(101), "invalid_request"),
        ("scope", format!("openid {}", long(4090)), "invalid_request"),
        ("scope", "openid \"profile\"".to_owned(), "invalid_scope"),
        ("max_age", long(30), "invalid_request"),
        ("max_age", "1e3".to_owned(), "invalid_request"),
        ("code_challenge", long(128), "invalid_request"),
        ("resource", "ikke en adresse".to_owned(), "invalid_target"),
    ] {
        let mut parameters = request(APP);
        parameters.insert(name, value);
        let answer = browser.authorize(&parameters).await;
        let told = answer.location();
        let told = told.get("error").map(String::as_str);
        assert_eq!(told, Some(error), "{name}: {answer:?}");
    }
    for query in [
        "client_id=%ff%fe".to_owned(),
        "client_id=%".to_owned(),
        "client_id=%00".to_owned(),
        format!("client_id={WEB}&{}", "a=b&".repeat(200)),
        "&".repeat(2000),
        "=".repeat(100),
    ] {
        for path in ["/authorize", "/logout", "/login", "/consent"] {
            let answer = browser.get(&format!("{path}?{query}")).await;
            let status = answer.status;
            assert!(status.is_client_error(), "{path}?{query}: {answer:?}");
        }
        let form = server.http.post(format!("{}/token", server.base));
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let answer = Answer::read(form.body(query.clone()).send().await.unwrap()).await;
        assert!(answer.status.is_client_error(), "{query}: {answer:?}");
    }
    browser.code(WEB, PID).await;
    let state = format!("/logout?state={}", long(2049));
    assert_eq!(browser.get(&state).await.status, StatusCode::BAD_REQUEST);
    browser.sso_code(WEB).await;
}
