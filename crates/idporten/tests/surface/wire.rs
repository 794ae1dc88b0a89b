//! Rows of the specification that are about the wire, and that no scenario walks.

use std::collections::BTreeMap;

use portvakt_core::client::OnBehalfOf;
use portvakt_core::clock::Timestamp;
use portvakt_core::login::issuer::LoginIssuer;
use portvakt_jose::{JwkSet, Jws, verify_with_set};
use portvakt_testkit::{HAVBRIS, LYNGVIK, NOW, World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{
    API, APP, Answer, BARNEHAGE, Browser, LoginServer, OTHER_PID, PID, SPA, WEB, claims, request,
    world,
};

pub(crate) async fn server(change: impl FnOnce(&mut World)) -> LoginServer {
    let mut world = world();
    world.scope_mut(API).requires_user_consent = false;
    change(&mut world);
    LoginServer::with(world, |_: &mut LoginIssuer| ()).await
}

pub(crate) fn with(
    client_id: &str,
    changes: &[(&'static str, &str)],
) -> BTreeMap<&'static str, String> {
    let mut parameters = request(client_id);
    for (name, value) in changes {
        parameters.insert(name, (*value).to_owned());
    }
    parameters
}

pub(crate) fn is_login(answer: &Answer) -> bool {
    answer.header("location").contains("/login?txn=")
}

/// Tokens of a request with these changes, by a login or by the session.
pub(crate) async fn tokens(
    server: &LoginServer,
    browser: &mut Browser<'_>,
    client_id: &str,
    changes: &[(&'static str, &str)],
) -> Value {
    let mut answer = browser.authorize(&with(client_id, changes)).await;
    if is_login(&answer) {
        answer = browser.log_in(&answer, PID, "substantial").await;
    }
    let tokens = server.redeem(client_id, &answer.location()["code"]).await;
    assert_eq!(tokens.status, StatusCode::OK, "{changes:?}: {tokens:?}");
    tokens.json()
}

/// Spec: idporten §1.1: older addresses answer as the ones of the metadata do.
#[tokio::test]
async fn older_addresses_answer_the_same() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    let scope = [("scope", API)];
    let first = tokens(&server, &mut browser, APP, &scope).await;
    let form = [("token", first["access_token"].as_str().unwrap())];
    let told = server.post_as(BARNEHAGE, "/token/introspect", &form).await;
    assert_eq!(told.json()["active"], true);
    for alias in ["/tokeninfo", "/tokenintrospect"] {
        assert_eq!(
            server.post_as(BARNEHAGE, alias, &form).await.body,
            told.body
        );
    }
    for path in ["/token/revoke", "/revoke"] {
        let done = server.post_as(APP, path, &form).await;
        assert_eq!(
            (done.status, done.body.as_str()),
            (StatusCode::OK, ""),
            "{path}"
        );
    }
    browser.get(&format!("/endsession?client_id={APP}")).await;
    assert!(
        is_login(&browser.authorize(&request(APP)).await),
        "logged out"
    );
    let metadata = browser.get("/.well-known/openid-configuration").await.body;
    for alias in [
        "tokeninfo",
        "tokenintrospect",
        "/revoke\"",
        "endsession",
        "/jwk\"",
    ] {
        let published = metadata.replace("/token/revoke\"", "");
        assert!(!published.contains(alias), "{alias}");
    }
}

/// Spec: idporten §1.1, CORS for browser clients.
#[tokio::test]
async fn preflights_offer_three_headers_for_ten_minutes_and_no_credentials() {
    let server = server(|_| ()).await;
    let ask = async |path: &str| {
        let request = server
            .http
            .request(Method::OPTIONS, format!("{}{path}", server.base));
        let request = request
            .header("origin", "https://eksempel-spa.eksempel.no")
            .header("access-control-request-method", "POST");
        Answer::read(request.send().await.unwrap()).await
    };
    for path in ["/token", "/par", "/token/revoke", "/userinfo"] {
        let answer = ask(path).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        for (name, value) in [
            (
                "access-control-allow-headers",
                "Authorization, Content-Type, DPoP",
            ),
            ("access-control-max-age", "600"),
            ("access-control-allow-credentials", ""),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
    for path in ["/token/introspect", "/authorize", "/logout", "/login"] {
        let answer = ask(path).await;
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, "", "{path}: {answer:?}");
    }
}

/// Spec: idporten §6.8, §6.5, §16.2: what goes with an answer to a browser.
#[tokio::test]
async fn answers_are_in_order_kept_by_nobody_and_their_cookies_are_the_servers() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&request(WEB)).await;
    let answer = browser.log_in(&begun, PID, "substantial").await;
    let again = browser.authorize(&request(WEB)).await;
    for redirect in [&begun, &answer, &again] {
        assert_eq!(redirect.header("cache-control"), "no-store");
        assert_eq!(redirect.header("referrer-policy"), "no-referrer");
    }
    let url = url::Url::parse(again.header("location")).unwrap();
    let names: Vec<_> = url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["code", "iss", "state"]);
    let cookie = |answer: &Answer, name: &str| {
        let all = answer.headers.get_all("set-cookie").iter();
        let all = all.map(|value| value.to_str().unwrap().to_owned());
        all.into_iter()
            .find(|cookie| cookie.starts_with(name))
            .unwrap_or_default()
    };
    for (answer, name) in [
        (&begun, "portvakt-browser="),
        (&answer, "portvakt-session="),
    ] {
        let set = cookie(answer, name);
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    }
    let begun = browser.authorize(&with(WEB, &[("prompt", "login")])).await;
    let switched = format!("{}&lang=en", begun.header("location"));
    let set = cookie(&browser.get(&switched).await, "IDPORTEN_SELECTED_LANGUAGE=");
    assert_eq!(
        set,
        "IDPORTEN_SELECTED_LANGUAGE=en; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
    );
}

/// Spec: idporten §6.1: a request may come as a form, and then is a request like any other.
#[tokio::test]
async fn a_posted_request_is_a_login() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    let parameters = request(WEB);
    let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let begun = browser.post("/authorize", &form).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    let answer = browser.log_in(&begun, PID, "substantial").await;
    let tokens = server.redeem(WEB, &answer.location()["code"]).await;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    for (name, value) in [("cache-control", "no-store"), ("pragma", "no-cache")] {
        assert_eq!(tokens.header(name), value);
    }
}

/// Spec: idporten §6.6, §6.7: who was asked to log in anew has a newer `auth_time`, at every service.
#[tokio::test]
async fn a_login_that_was_asked_for_is_newer() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    let mut last = claims(&tokens(&server, &mut browser, WEB, &[]).await["id_token"]);
    for change in [("prompt", "login"), ("max_age", "1"), ("max_age", "0")] {
        server.clock.advance(std::time::Duration::from_secs(5));
        let begun = browser.authorize(&with(WEB, &[change])).await;
        assert!(is_login(&begun), "{change:?}");
        let answer = browser.log_in(&begun, PID, "substantial").await;
        let fresh = server.redeem(WEB, &answer.location()["code"]).await.json();
        let fresh = claims(&fresh["id_token"]);
        assert!(
            fresh["auth_time"].as_i64() > last["auth_time"].as_i64(),
            "{change:?}"
        );
        assert_eq!(fresh["sub"], last["sub"]);
        last = fresh;
    }
    let reused = claims(&tokens(&server, &mut browser, APP, &[]).await["id_token"]);
    assert_eq!(reused["auth_time"], last["auth_time"]);
}

/// OpenID Connect Core §3.1.2.1: a hint at whoever is logged in needs no page.
#[tokio::test]
async fn a_hint_at_the_person_is_answered_without_a_page() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    let first = tokens(&server, &mut browser, WEB, &[]).await;
    let hint = first["id_token"].as_str().unwrap();
    server.clock.advance(std::time::Duration::from_mins(20));
    let silent = [("id_token_hint", hint), ("prompt", "none")];
    let again = tokens(&server, &mut browser, WEB, &silent).await;
    assert_eq!(
        claims(&again["id_token"])["sub"],
        claims(&first["id_token"])["sub"]
    );
    let mut other = Browser::new(&server);
    other.code(WEB, OTHER_PID).await;
    let told = other.authorize(&with(WEB, &silent)).await.location();
    assert_eq!(told["error"], "login_required");
    let nonsense = [("id_token_hint", "a.b.c"), ("prompt", "none")];
    let ignored = browser.authorize(&with(WEB, &nonsense)).await.location();
    assert!(ignored.contains_key("code"), "{ignored:?}");
}

/// Spec: idporten §6.10.
#[tokio::test]
async fn a_login_on_behalf_of_a_customer_names_the_customer_and_stays_the_clients() {
    let now = Timestamp::from_seconds(NOW);
    let server = server(|world| {
        world.organization(LYNGVIK, "Lyngvik Kafé");
        world.on_behalf_of.push(OnBehalfOf {
            client_id: APP.parse().unwrap(),
            onbehalfof: "kafe".to_owned(),
            name: "Kaféen".to_owned(),
            orgno: LYNGVIK.parse().unwrap(),
            client_uri: Some("https://kafe.eksempel.no/".to_owned()),
            description: None,
            active: true,
            created: now,
            last_updated: now,
        });
    })
    .await;
    let mut browser = Browser::new(&server);
    let begun = browser
        .authorize(&with(APP, &[("onbehalfof", "kafe")]))
        .await;
    let selector = browser.get(begun.header("location")).await;
    assert!(selector.body.contains("Kaféen"), "{}", selector.body);
    let answer = browser.log_in(&begun, PID, "substantial").await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    let id_token = claims(&tokens["id_token"]);
    for name in ["client_onbehalfof", "aud_onbehalfof"] {
        assert_eq!(id_token[name], "kafe", "{id_token}");
    }
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["consumer"]["ID"], format!("0192:{HAVBRIS}"));
    let own = claims(&tokens_of_sso(&server, &mut browser).await["id_token"]);
    assert!(own["client_onbehalfof"].is_null() && own["aud_onbehalfof"].is_null());
}

async fn tokens_of_sso(server: &LoginServer, browser: &mut Browser<'_>) -> Value {
    let code = browser.sso_code(APP).await;
    server.redeem(APP, &code).await.json()
}

/// Spec: idporten §6.9: signed answers verify with the published keys, an error too, in both ways.
#[tokio::test]
async fn signed_answers_verify_with_the_published_keys() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    let keys = browser.get("/jwks.json").await.json();
    let keys = JwkSet::parse_lenient(&keys).unwrap();
    let silent = [("prompt", "none"), ("scope", "openid")];
    for told in ["error", "code"] {
        for mode in ["jwt", "query.jwt", "form_post.jwt"] {
            let mut parameters = with(SPA, &silent);
            parameters.insert("response_mode", mode.to_owned());
            let answer = browser.authorize(&parameters).await;
            let response = if mode == "form_post.jwt" {
                assert_eq!(answer.status, StatusCode::OK);
                answer.field("response")
            } else {
                let location = answer.location();
                assert_eq!(location.len(), 1, "nothing beside it: {location:?}");
                location["response"].clone()
            };
            let jws = Jws::parse(&response).unwrap();
            assert!(verify_with_set(&jws, &keys).is_ok(), "{mode}");
            let signed = claims(&json!(response));
            assert!(signed[told].is_string(), "{mode}: {signed}");
            assert_eq!(
                (&signed["iss"], &signed["aud"]),
                (&json!(server.base), &json!(SPA))
            );
            assert_eq!(signed["state"], "s1");
            // It is no id token, no access token and no hint.
            assert_eq!(server.userinfo(&response).await.error(), "invalid_token");
        }
        if told == "error" {
            browser.code(SPA, PID).await;
        }
    }
}

/// Spec: idporten §18.4: somebody made up, and somebody whom the client suggests.
#[tokio::test]
async fn testid_makes_people_up_and_takes_suggestions() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    let hint = format!("testid:{PID}");
    for (hint, listed) in [(hint.as_str(), true), ("testid:41857430008", false)] {
        let begun = browser.authorize(&with(WEB, &[("login_hint", hint)])).await;
        assert!(is_login(&begun), "a suggestion submits nothing");
        let testid = begun
            .header("location")
            .replace("/login?", "/login/testid?");
        let form = browser.get(&testid).await;
        let pid = hint.trim_start_matches("testid:");
        let chosen = format!("<option value=\"{pid}\" selected");
        assert_eq!(form.body.contains(&chosen), listed, "{}", form.body);
        assert_eq!(form.field("pid"), if listed { "" } else { pid });
        let random = [("action", "random")];
        let mut numbers = Vec::new();
        for _ in 0..2 {
            let form = browser.submit(&form, "/login/testid", &random).await;
            numbers.push(form.field("pid"));
        }
        assert_ne!(numbers[0], numbers[1]);
        let fields = [("pid", numbers[0].as_str()), ("action", "login")];
        let answer = browser.submit(&form, "/login/testid", &fields).await;
        let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
        assert_eq!(claims(&tokens["id_token"])["pid"], numbers[0].as_str());
        browser = Browser::new(&server);
    }
}

/// Spec: idporten §17.5, §6.5: the page of a fault names the service and speaks its language.
#[tokio::test]
async fn an_error_page_leads_to_the_service_in_the_language_that_was_asked_for() {
    let server = server(|world| {
        let login = &mut world.client_mut(WEB).0.login;
        login.client_uri = Some("https://eksempel-nettsted.eksempel.no/".to_owned());
    })
    .await;
    let mut browser = Browser::new(&server);
    let wrong = [("redirect_uri", "https://ond.no/"), ("ui_locales", "fr se")];
    let page = browser.authorize(&with(WEB, &wrong)).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    for part in [
        "<html lang=\"se\"",
        "href=\"https://eksempel-nettsted.eksempel.no/\"",
        "Tjenesten eksempel-nettsted",
        page.header("x-request-id"),
        "<code>eksempel-nettsted</code>",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    // Nobody is led anywhere by a client that nobody knows.
    let unknown = [("client_id", "ukjent"), ("redirect_uri", "https://ond.no/")];
    let page = browser.authorize(&with(WEB, &unknown)).await;
    assert!(!page.body.contains("ond.no") && !page.body.contains("ukjent"));
}
