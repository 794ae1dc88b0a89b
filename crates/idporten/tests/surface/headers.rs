//! The headers of every answer: all addresses are asked in every way, and what comes is held to one rule.

use std::collections::BTreeSet;

use portvakt_idporten::pages::Asset;
use portvakt_idporten::{COMPANION_ROUTES, ROUTES};
use reqwest::Method;

use crate::harness::{API, APP, Answer, Bounds, Browser, LoginServer, PID, request};

/// What scripts of any origin may read: documents that are for everybody, and what a token of its bearer opens.
const OPEN: [&str; 9] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks.json",
    "/jwk",
    "/jwks",
    "/.well-known/jwks.json",
    "/userinfo",
    "/revokelist",
    "/idporten-oidc-provider/revokelist",
];

/// Where a browser is told that a script may send what it wants to; an answer is readable for registered
/// origins alone.
const ASKED_BEFORE: [&str; 7] = [
    "/par",
    "/token",
    "/token/revoke",
    "/revoke",
    "/userinfo",
    "/rest/v1/person",
    "/rest/v2/person",
];

const STRANGER: &str = "https://fremmed.eksempel.no";

/// Every address, an asset, and two that nobody knows.
fn addresses() -> Vec<String> {
    let routes = ROUTES.iter().chain(COMPANION_ROUTES);
    let routes = routes.map(|route| route.replace("{eid}", "testid"));
    let asset = Asset::all().next().expect("pages have a style sheet");
    let others = [asset.path, "/nowhere", "/rest/nowhere"].map(str::to_owned);
    routes.chain(others).collect()
}

fn is_open(path: &str) -> bool {
    OPEN.contains(&path) || path.ends_with("/openapi.json")
}

/// The one rule.
fn check(method: &Method, path: &str, answer: &Answer) {
    let said = || format!("{method} {path}: {answer:?}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.header(name), value, "{name} of {}", said());
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{}", said());
    assert!(policy.contains("frame-ancestors 'none'"), "{}", said());
    assert!(!policy.contains("unsafe"), "{}", said());
    if answer.header("content-type").starts_with("text/html") {
        let opener = answer.header("cross-origin-opener-policy");
        assert_eq!(opener, "same-origin", "{}", said());
        assert!(
            answer.headers.contains_key("permissions-policy"),
            "{}",
            said()
        );
    }
    let is_public = answer.status.is_success() && (is_open(path) || path.starts_with("/assets/"));
    if answer.header("cache-control") != "no-store" {
        assert!(is_public && path != "/userinfo", "kept: {}", said());
        assert!(answer.header("set-cookie").is_empty(), "{}", said());
    }
    let shared = answer.header("access-control-allow-origin");
    let may_be = match *method {
        Method::OPTIONS if ASKED_BEFORE.contains(&path) => ["", STRANGER, "*"].contains(&shared),
        _ if is_open(path) => ["", "*"].contains(&shared),
        _ => shared.is_empty(),
    };
    assert!(may_be, "shared: {}", said());
    let credentials = answer
        .headers
        .contains_key("access-control-allow-credentials");
    assert!(!credentials, "{}", said());
}

async fn ask(server: &LoginServer, method: &Method, path: &str, body: Option<&str>) -> Answer {
    let address = format!("{}{path}", server.base);
    let request = server.http.request(method.clone(), address);
    let request = request.header("origin", STRANGER);
    let request = match body {
        Some(body) => {
            let form = "application/x-www-form-urlencoded";
            request.header("content-type", form).body(body.to_owned())
        }
        None => request,
    };
    Answer::read(request.send().await.unwrap()).await
}

/// The statuses that came, so that a test cannot have asked in vain.
async fn ask_everything(server: &LoginServer, body: Option<&str>) -> BTreeSet<u16> {
    let mut statuses = BTreeSet::new();
    for path in addresses() {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            let answer = ask(server, &method, &path, body).await;
            check(&method, &path, &answer);
            statuses.insert(answer.status.as_u16());
        }
    }
    statuses
}

#[tokio::test]
async fn every_answer_of_every_address_is_defended() {
    let server = LoginServer::start().await;
    let mut statuses = ask_everything(&server, None).await;
    statuses.extend(ask_everything(&server, Some("client_id=nobody&token=x")).await);
    for expected in [200, 204, 302, 400, 401, 404, 405] {
        assert!(statuses.contains(&expected), "{expected}: {statuses:?}");
    }
}

#[tokio::test]
async fn so_is_what_the_limits_answer() {
    let server = LoginServer::start().await;
    let large = "a".repeat(1024 * 1024 + 1);
    for path in addresses() {
        let answer = ask(&server, &Method::POST, &path, Some(&large)).await;
        check(&Method::POST, &path, &answer);
        assert_eq!(answer.status, 413, "{path}");
    }
    let mut bounds = Bounds::default();
    bounds.limits.max_requests = 0;
    let overloaded = LoginServer::bounded(bounds).await;
    let statuses = ask_everything(&overloaded, None).await;
    assert_eq!(statuses, BTreeSet::from([503]));
}

#[tokio::test]
async fn so_is_every_step_of_a_login_and_what_comes_of_it() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid {API}"));
    let selector = browser.authorize(&parameters).await;
    check(&Method::GET, "/authorize", &selector);
    let to_consent = browser.log_in(&selector, PID, "substantial").await;
    check(&Method::POST, "/login/testid", &to_consent);
    let consent = browser.get(to_consent.header("location")).await;
    check(&Method::GET, "/consent", &consent);
    let done = browser
        .submit(&consent, "/consent", &[("action", "accept")])
        .await;
    check(&Method::POST, "/consent", &done);
    let code = done.location()["code"].clone();
    let tokens = server.redeem(APP, &code).await;
    check(&Method::POST, "/token", &tokens);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let logout = browser.get("/logout").await;
    check(&Method::GET, "/logout", &logout);
}
