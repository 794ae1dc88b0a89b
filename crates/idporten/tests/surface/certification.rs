//! What the certification of the OpenID Foundation tries and no other test does. `docs/conformance.md`
//! says of each of its modules which test covers it.

use std::time::Duration;

use portvakt_core::client::AuthenticationMethod;
use portvakt_jose::{Algorithm, JwkSet, Jws, verify_with_set};
use portvakt_testkit::{KID, signing_key};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{
    APP, Answer, Browser, LoginServer, PID, SECRET, VERIFIER, WEB, callback, claims, request, world,
};

/// A request of the client with these changes, in a browser whose person is logged in.
async fn answer(
    browser: &mut Browser<'_>,
    client_id: &str,
    changes: &[(&'static str, &str)],
) -> Answer {
    let mut parameters = request(client_id);
    for (name, value) in changes {
        parameters.insert(name, (*value).to_owned());
    }
    browser.authorize(&parameters).await
}

/// OpenID Connect Core §2, §3.1.3.7: oidcc-server, oidcc-idtoken-signature.
#[tokio::test]
async fn an_id_token_is_signed_by_a_published_key_that_it_names() {
    let server = LoginServer::start().await;
    let code = Browser::new(&server).code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    let keys = server.http.get(format!("{}/jwks.json", server.base));
    let keys: Value = keys.send().await.unwrap().json().await.unwrap();
    let keys = JwkSet::parse_lenient(&keys).unwrap();
    for name in ["id_token", "access_token"] {
        let jws = Jws::parse(tokens[name].as_str().unwrap()).unwrap();
        assert_eq!(jws.header().algorithm, Algorithm::Rs256, "{name}");
        assert!(verify_with_set(&jws, &keys).is_ok(), "{name}");
    }
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["iss"], server.base);
    assert_eq!(id_token["aud"], WEB);
    assert_eq!(id_token["nonce"], "n1");
    let time = |name: &str| id_token[name].as_i64().unwrap();
    assert!(time("auth_time") <= time("iat"));
    assert_eq!(time("exp"), time("iat") + 120);
    let subject = id_token["sub"].as_str().unwrap();
    assert!(subject.len() <= 255 && subject.is_ascii());
    assert_eq!(code.len(), 43, "256 random bits");
}

/// oidcc-ensure-request-without-nonce-succeeds-for-code-flow, oidcc-ensure-other-scope-order-succeeds,
/// oidcc-display-page, oidcc-display-popup, oidcc-ensure-request-with-unknown-parameter-succeeds,
/// oidcc-login-hint, oidcc-ui-locales, oidcc-claims-locales, oidcc-max-age-10000, oidcc-claims-essential,
/// oidcc-ensure-request-with-acr-values-succeeds, and their like in the FAPI plan.
#[tokio::test]
async fn what_is_optional_or_not_understood_changes_nothing() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    browser.code(WEB, PID).await;
    let (nonce_64, nonce_384, state_1000) = ("n".repeat(64), "n".repeat(384), "s".repeat(1000));
    for (name, value) in [
        ("nonce", ""),
        ("nonce", &nonce_64),
        ("nonce", &nonce_384),
        ("state", ""),
        ("state", &state_1000),
        ("scope", "profile openid"),
        ("display", "page"),
        ("display", "popup"),
        ("extra", "foobar"),
        ("login_hint", "buffy@example.com"),
        ("ui_locales", "se nb"),
        ("claims_locales", "se"),
        ("acr_values", "idporten-loa-substantial idporten-loa-high"),
        ("max_age", "10000"),
        ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
    ] {
        let told = answer(&mut browser, WEB, &[(name, value)]).await.location();
        let code = told.get("code");
        let code = code.unwrap_or_else(|| panic!("{name}={value}: {told:?}"));
        let sent = |asked: &'static str, usual: &str| {
            let value = if name == asked { value } else { usual };
            (!value.is_empty()).then(|| value.to_owned())
        };
        assert_eq!(told.get("state").cloned(), sent("state", "s1"), "{name}");
        let tokens = server.redeem(WEB, code).await.json();
        let id_token = claims(&tokens["id_token"]);
        assert_eq!(id_token["nonce"], json!(sent("nonce", "n1")), "{name}");
        assert!(tokens["scope"].as_str().unwrap().contains("profile"));
    }
    let too_long = "n".repeat(513);
    for (name, value) in [("nonce", &too_long), ("state", &"s".repeat(2049))] {
        let told = answer(&mut browser, WEB, &[(name, value)]).await.location();
        assert_eq!(told["error"], "invalid_request", "{name}");
    }
}

/// oidcc-response-type-missing; FAPI: response-type-code-idtoken, response-type-token.
#[tokio::test]
async fn there_is_one_type_of_answer() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    for (value, error) in [
        ("", "invalid_request"),
        ("code id_token", "unsupported_response_type"),
        ("token", "unsupported_response_type"),
        ("none", "unsupported_response_type"),
    ] {
        let told = answer(&mut browser, WEB, &[("response_type", value)]).await;
        assert_eq!(told.location()["error"], error, "{value}");
        assert_eq!(told.location()["state"], "s1");
    }
}

/// oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported,
/// oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported.
#[tokio::test]
async fn unsigned_and_remote_request_objects_are_refused() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let unsigned = "eyJhbGciOiJub25lIn0.eyJyZXNwb25zZV90eXBlIjoiY29kZSJ9.";
    let told = answer(&mut browser, APP, &[("request", unsigned)]).await;
    assert_eq!(told.location()["error"], "invalid_request_object");
    let remote = [("request_uri", "https://eksempel-app.eksempel.no/request")];
    let page = answer(&mut browser, APP, &remote).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(page.header("location"), "");
}

/// oidcc-ensure-request-object-with-redirect-uri; FAPI: different state and nonce inside and outside,
/// state only outside.
#[tokio::test]
async fn what_a_client_signed_counts_before_what_stands_beside_it() {
    let mut world = world();
    let second = format!("{}/2", callback(APP));
    let login = &mut world.client_mut(APP).0.login;
    login.redirect_uris.push(second.clone());
    let server = LoginServer::with(world, |_| ()).await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let object = |redirect_uri: &str| {
        let mut claims = json!(request(APP));
        for (name, value) in [
            ("iss", json!(APP)),
            ("aud", json!(server.base)),
            ("iat", json!(server.now())),
            ("exp", json!(server.now() + 60)),
            ("jti", json!(server.unique())),
            ("redirect_uri", json!(redirect_uri)),
            ("nonce", json!("signed")),
        ] {
            claims[name] = value;
        }
        let header = json!({"alg": "RS256", "kid": KID});
        signing_key().sign_compact(&header, &claims).unwrap()
    };
    let (own, evil) = (object(&second), object("https://evil.no/cb"));
    let beside = [
        ("state", "unsigned"),
        ("nonce", "unsigned"),
        ("request", &own),
    ];
    let told = answer(&mut browser, APP, &beside).await;
    assert!(told.header("location").starts_with(&second), "{told:?}");
    assert_eq!(told.location()["state"], "s1");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &told.location()["code"]),
        ("redirect_uri", &second),
        ("code_verifier", VERIFIER),
    ];
    let tokens = server.post_as(APP, "/token", &form).await.json();
    assert_eq!(claims(&tokens["id_token"])["nonce"], "signed");
    // Signed or not, nobody is sent to an address that is not registered.
    let page = answer(&mut browser, APP, &[("request", &evil)]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(page.header("location"), "");
}

/// oidcc-userinfo-get, oidcc-userinfo-post-header, oidcc-userinfo-post-body; FAPI:
/// access-token-type-header-case-sensitivity.
#[tokio::test]
async fn userinfo_takes_the_token_in_the_header_whatever_the_method() {
    let server = LoginServer::start().await;
    let code = Browser::new(&server).code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let userinfo = format!("{}/userinfo", server.base);
    let subject = &claims(&tokens["id_token"])["sub"];
    for method in [Method::GET, Method::POST] {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let request = server.http.request(method.clone(), &userinfo);
            let request = request.header("authorization", format!("{scheme} {token}"));
            let answer = Answer::read(request.send().await.unwrap()).await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {scheme}");
            assert_eq!(&answer.json()["sub"], subject);
        }
    }
    // RFC 6750 §2.2 is optional, and bodies end up in logs as queries do.
    let in_body = server.post("/userinfo", &[("access_token", token)]).await;
    assert!(in_body.status.is_client_error(), "{in_body:?}");
}

/// oidcc-codereuse-30seconds.
#[tokio::test]
async fn time_does_not_make_a_code_good_again() {
    let server = LoginServer::start().await;
    let code = Browser::new(&server).code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    server.clock.advance(Duration::from_secs(30));
    assert_eq!(server.redeem(WEB, &code).await.error(), "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    let userinfo = server.userinfo(access).await;
    assert_eq!(userinfo.status, StatusCode::UNAUTHORIZED);
}

/// oidcc-server-client-secret-post.
#[tokio::test]
async fn a_secret_may_be_registered_for_the_form() {
    let mut world = world();
    let post = AuthenticationMethod::ClientSecretPost;
    world.client_mut(WEB).0.token_endpoint_auth_method = post;
    let server = LoginServer::with(world, |_| ()).await;
    let mut browser = Browser::new(&server);
    let code = browser.code(WEB, PID).await;
    let redirect_uri = callback(WEB);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_id", WEB),
        ("client_secret", SECRET.expose()),
    ];
    let tokens = server.post("/token", &form).await;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    let access = claims(&tokens.json()["access_token"]);
    assert_eq!(access["client_amr"], "client_secret_post");
    // As it is registered, and no other way.
    let code = browser.sso_code(WEB).await;
    assert_eq!(server.redeem(WEB, &code).await.error(), "invalid_client");
}

/// FAPI: par-ensure-pkce-required, par-plain-pkce-rejected, par-attempt-invalid-http-method,
/// ensure-request-object-without-redirect-uri-fails, ensure-client-id-in-token-endpoint.
#[tokio::test]
async fn pushed_requests_are_held_to_the_same_rules() {
    let server = LoginServer::start().await;
    for (name, value) in [
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
        ("redirect_uri", ""),
        ("response_type", "code id_token"),
        ("client_id", WEB),
    ] {
        let mut parameters = request(APP);
        parameters.insert(name, value.to_owned());
        let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = server.post_as(APP, "/par", &form).await;
        assert!(answer.status.is_client_error(), "{name}={value}");
        assert!(!answer.error().is_empty(), "{name}={value}: {answer:?}");
    }
    for method in [Method::GET, Method::PUT] {
        let request = server.http.request(method, format!("{}/par", server.base));
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), "POST");
    }
    let code = Browser::new(&server).code(APP, PID).await;
    let redirect_uri = callback(APP);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_id", WEB),
    ];
    let mixed = server.post_as(APP, "/token", &form).await;
    assert_eq!(mixed.error(), "invalid_request", "{mixed:?}");
}

/// oidcc-rp-initiated-logout and its ten variations.
#[tokio::test]
async fn only_a_logout_that_is_sure_of_its_client_leads_back() {
    let server = LoginServer::start().await;
    let back = format!("https://{WEB}.eksempel.no/ut");
    let added = format!("{back}?foo=bar");
    for (hint, uri, state, returns) in [
        ("own", back.as_str(), "s 1", true),
        ("own", &back, "", true),
        ("own", "", "s1", false),
        ("own", "https://evil.no/ut", "s1", false),
        ("own", &added, "s1", false),
        ("modified", &back, "s1", false),
        ("bad", &back, "s1", false),
        ("", &back, "s1", false),
        ("", "", "s1", false),
        ("", "", "", false),
    ] {
        let mut browser = Browser::new(&server);
        let code = browser.code(WEB, PID).await;
        let tokens = server.redeem(WEB, &code).await.json();
        let own = tokens["id_token"].as_str().unwrap().to_owned();
        let hint = match hint {
            "own" => own,
            "modified" => own.replacen('.', ".e", 1),
            other => other.to_owned(),
        };
        let parameters = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", uri),
            ("state", state),
        ];
        let given = parameters.iter().filter(|(_, value)| !value.is_empty());
        let url = url::Url::parse_with_params(&format!("{}/logout", server.base), given);
        let url = url.unwrap();
        let ended = browser.get(url.as_str()).await;
        let location = ended.header("location");
        if returns {
            assert!(location.starts_with(&back), "{url}: {ended:?}");
            let told = ended.location().get("state").cloned();
            assert_eq!(told.unwrap_or_default(), state);
        } else {
            assert!(location.contains("/logout?done="), "{url}: {ended:?}");
        }
        let again = browser.authorize(&request(WEB)).await;
        let again = again.header("location").to_owned();
        assert!(again.contains("/login?txn="), "{url}: the session is over");
    }
}
