//! Where faults of authorization requests go (spec: idporten §6.2, §19.1).

use reqwest::StatusCode;

use crate::harness::{API, APP, Browser, LoginServer, PID, SPA, WEB, callback, request};

/// Spec: idporten §6.2: nobody is sent anywhere by a request that cannot be trusted.
#[tokio::test]
async fn faults_without_a_trusted_address_are_pages() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    for (name, value) in [
        ("client_id", "ukjent"),
        ("client_id", ""),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.no/cb"),
        ("redirect_uri", "https://eksempel-nettsted.eksempel.no/cb/"),
        ("redirect_uri", "https://eksempel-nettsted.eksempel.no/CB"),
        (
            "redirect_uri",
            "https://eksempel-nettsted.eksempel.no/cb?x=1",
        ),
        (
            "redirect_uri",
            "https://eksempel-nettsted.eksempel.no@evil.no/cb",
        ),
        ("request_uri", "urn:idporten:ukjent"),
        ("request_uri", "https://evil.no/request.jwt"),
    ] {
        let mut parameters = request(WEB);
        parameters.insert(name, value.to_owned());
        let answer = browser.authorize(&parameters).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}={value}");
        assert_eq!(answer.header("location"), "", "{name}={value}");
        assert!(answer.body.contains("<html"), "{name}={value}");
        assert!(!answer.body.contains("evil.no"), "nothing is repeated");
    }
    let repeated = format!("/authorize?client_id={WEB}&client_id={WEB}");
    let answer = browser.get(&repeated).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let large = [("client_id", WEB), ("x", &"a".repeat(17_000))];
    let answer = browser.post("/authorize", &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// Spec: idporten §6.8: `iss` and `state` are in every answer.
#[tokio::test]
async fn every_other_fault_is_told_to_the_client() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let state = r#"{"a": "100%&b+c"}"#;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("scope", "openid finnes:ikke", "invalid_scope"),
        ("scope", API, "invalid_scope"),
        ("scope", "", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("acr_values", "gull", "invalid_request"),
        ("acr_values", "eidas-loa-high", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("onbehalfof", "ukjent", "invalid_request"),
        ("resource", "/relativ", "invalid_target"),
        ("registration", "{}", "registration_not_supported"),
        ("request", "a.b.c", "invalid_request_object"),
    ] {
        let mut parameters = request(WEB);
        parameters.insert("state", state.to_owned());
        parameters.insert(name, value.to_owned());
        let answer = browser.authorize(&parameters).await;
        assert_eq!(
            answer.status,
            StatusCode::FOUND,
            "{name}={value}: {answer:?}"
        );
        assert!(answer.header("location").starts_with(&callback(WEB)));
        let told = answer.location();
        assert_eq!(told["error"], error, "{name}={value}");
        assert_eq!(told["iss"], server.base);
        assert_eq!(told["state"], state, "encoded once");
    }
    let mut public = request(SPA);
    public.insert("state", String::new());
    let told = browser.authorize(&public).await.location();
    assert_eq!(told["error"], "invalid_request");
    assert!(told["error_description"].contains("state"));
}

/// Spec: idporten §6.1: a form may bring the request, too.
#[tokio::test]
async fn a_posted_request_is_answered_with_303() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let parameters = request(WEB);
    let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = browser.post("/authorize", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let with_query = browser.post("/authorize?a=b", &form).await;
    assert_eq!(with_query.status, StatusCode::BAD_REQUEST);
}

/// Spec: idporten §6.9.
#[tokio::test]
async fn answers_travel_as_the_client_asks() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let mut parameters = request(WEB);
    parameters.insert("response_mode", "form_post".to_owned());
    let page = browser.authorize(&parameters).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        &callback(WEB),
        "name=\"code\"",
        "name=\"iss\"",
        "name=\"state\"",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    parameters.insert("response_mode", "query.jwt".to_owned());
    let told = browser.authorize(&parameters).await.location();
    let response = serde_json::json!(told["response"]);
    let signed = crate::harness::claims(&response);
    assert_eq!(signed["iss"], server.base);
    assert_eq!(signed["aud"], WEB);
    assert_eq!(signed["state"], "s1");
    assert!(signed["code"].is_string());
    assert_eq!(signed["exp"], server.now() + 600);
}

/// Spec: idporten §8: a pushed request is never answered with a redirect.
#[tokio::test]
async fn faults_of_pushed_requests_are_json() {
    let server = LoginServer::start().await;
    for (name, value, error) in [
        ("redirect_uri", "https://evil.no/cb", "invalid_request"),
        ("scope", "openid finnes:ikke", "invalid_scope"),
        ("request_uri", "urn:idporten:a", "invalid_request"),
        ("acr_values", "gull", "invalid_request"),
    ] {
        let mut parameters = request(APP);
        parameters.insert(name, value.to_owned());
        let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = server.post_as(APP, "/par", &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}={value}");
        assert_eq!(answer.error(), error, "{name}={value}");
    }
    let unauthenticated = server.post("/par", &[("client_id", APP)]).await;
    assert_eq!(unauthenticated.status, StatusCode::UNAUTHORIZED);
    assert_eq!(unauthenticated.error(), "invalid_client");
}

/// Spec: idporten §6.3: a cancelled login.
#[tokio::test]
async fn whoever_cancels_goes_back_with_access_denied() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(WEB)).await;
    let login = selector.header("location").to_owned();
    let page = browser.get(&login).await;
    let answer = browser
        .submit(&page, "/login", &[("action", "cancel")])
        .await;
    assert_eq!(answer.location()["error"], "access_denied");
    let over = browser.get(&login).await;
    assert_eq!(over.status, StatusCode::GONE, "the login is over");
    let selector = browser.authorize(&request(WEB)).await;
    let testid = selector
        .header("location")
        .replace("/login?", "/login/testid?");
    let form = browser.get(&testid).await;
    let answer = browser
        .submit(&form, "/login/testid", &[("action", "cancel")])
        .await;
    assert_eq!(answer.location()["error"], "access_denied");
}
