//! What the audit log says of refusals: who, what, whom it concerns, and nothing else.

use std::collections::BTreeMap;

use portvakt_core::audit::AuditFilter;
use portvakt_core::clock::Clock;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, KID, signing_key};
use reqwest::Method;
use serde_json::{Value, json};

use crate::companion;
use crate::dpop::{Holder, bound, text};
use crate::harness::{
    APP, Answer, BARNEHAGE, Browser, LoginServer, PID, SPA, WEB, callback, claims, request,
};

/// The one entry of the request that was answered so, without what is different every time.
async fn entry(server: &LoginServer, answer: &Answer) -> Value {
    let filter = AuditFilter {
        request_id: Some(answer.header("x-request-id").to_owned()),
        ..AuditFilter::default()
    };
    let mut log = server.audit_log(filter).await;
    assert_eq!(log.len(), 1, "{answer:?}");
    let entry = log.pop().unwrap();
    assert_eq!(entry.at, server.clock.now().to_string());
    let mut entry = serde_json::to_value(&entry).unwrap();
    let members = entry.as_object_mut().unwrap();
    for name in ["sequence", "at", "request_id"] {
        members.remove(name);
    }
    entry
}

/// What is said of a refusal at this address.
fn after(refusal: &str, http_status: u16, endpoint: &str, proven: bool) -> Value {
    json!({
        "refusal": refusal, "http_status": http_status, "endpoint": endpoint, "proven": proven,
    })
}

/// A refusal of somebody of whom nothing is known.
fn of_a_stranger(after: &Value) -> Value {
    let endpoint = after["endpoint"].clone();
    json!({
        "actor": {"channel": "login"}, "operation": "login.refuse",
        "object": {"kind": "endpoint", "key": endpoint}, "organizations": [],
        "before": null, "after": after,
    })
}

/// A refusal of somebody who said that they are this client of Havbris.
fn naming(client_id: &str, after: &Value) -> Value {
    json!({
        "actor": {"channel": "login"}, "operation": "login.refuse",
        "object": {"kind": "client", "key": client_id}, "organizations": [HAVBRIS],
        "before": null, "after": after,
    })
}

/// A refusal of this client of Havbris, which proved itself.
fn proven(client_id: &str, after: &Value) -> Value {
    let mut entry = naming(client_id, after);
    entry["actor"]["client_id"] = json!(client_id);
    entry["actor"]["organization"] = json!(HAVBRIS);
    entry
}

/// A request with one parameter otherwise.
fn with(client_id: &str, name: &'static str, value: &str) -> BTreeMap<&'static str, String> {
    let mut parameters = request(client_id);
    parameters.insert(name, value.to_owned());
    parameters
}

#[tokio::test]
async fn what_browsers_bring_is_nobodys_until_a_client_is_named() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let page = browser
        .authorize(&with(WEB, "client_id", "17869010057"))
        .await;
    let unknown = after("ClientUnknown", 400, "/authorize", false);
    assert_eq!(entry(&server, &page).await, of_a_stranger(&unknown));
    let page = browser
        .authorize(&with(WEB, "redirect_uri", "https://ond.no/cb"))
        .await;
    let foreign = after("RedirectUriNotRegistered", 400, "/authorize", false);
    assert_eq!(entry(&server, &page).await, naming(WEB, &foreign));
    let led_back = browser.authorize(&with(WEB, "acr_values", "gull")).await;
    assert_eq!(led_back.location()["error"], "invalid_request");
    let unreachable = after("AcrUnknown", 400, "/authorize", false);
    assert_eq!(entry(&server, &led_back).await, naming(WEB, &unreachable));
}

/// What a client signed, or pushed, is its own whoever brings it; not so what is done with a reference.
#[tokio::test]
async fn what_a_client_signed_or_pushed_is_proven() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let mut object = json!(with(APP, "acr_values", "gull"));
    object["iss"] = json!(APP);
    object["aud"] = json!(server.issuer);
    object["jti"] = json!(server.unique());
    object["iat"] = json!(server.now());
    object["exp"] = json!(server.now() + 30);
    let header = json!({"alg": "RS256", "kid": KID});
    let object = signing_key().sign_compact(&header, &object).unwrap();
    let signed = browser.authorize(&with(APP, "request", &object)).await;
    let refused = after("AcrUnknown", 400, "/authorize", true);
    assert_eq!(entry(&server, &signed).await, proven(APP, &refused));
    let again = browser.authorize(&with(APP, "request", &object)).await;
    let replayed = after("RequestObjectInvalid", 400, "/authorize", false);
    assert_eq!(entry(&server, &again).await, naming(APP, &replayed));

    let parameters = request(APP);
    let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let pushed = server.post_as(APP, "/par", &form).await.json();
    let reference = pushed["request_uri"].as_str().unwrap();
    let by_reference = BTreeMap::from([
        ("client_id", APP.to_owned()),
        ("request_uri", reference.to_owned()),
    ]);
    browser.authorize(&by_reference).await;
    let elsewhere = Browser::new(&server).authorize(&by_reference).await;
    let stolen = after("PushedRequestInvalid", 400, "/authorize", false);
    assert_eq!(entry(&server, &elsewhere).await, naming(APP, &stolen));
}

#[tokio::test]
async fn a_client_is_the_actor_if_it_has_authenticated() {
    let server = LoginServer::start().await;
    for (path, refusal) in [
        ("/par", "ResponseTypeUnsupported"),
        ("/token", "CodeInvalid"),
        ("/token/introspect", "IntrospectionScopeRequired"),
        ("/token/revoke", "ParameterMissing"),
    ] {
        let status = if refusal == "IntrospectionScopeRequired" {
            403
        } else {
            400
        };
        let mut parameters = with(APP, "response_type", "token");
        parameters.extend([
            ("grant_type", "authorization_code".to_owned()),
            ("code", "A".repeat(43)),
        ]);
        parameters.remove("client_id");
        for client_id in [APP, WEB] {
            parameters.insert("redirect_uri", callback(client_id));
            let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let answer = server.post_as(client_id, path, &form).await;
            let refused = after(refusal, status, path, true);
            assert_eq!(entry(&server, &answer).await, proven(client_id, &refused));
        }
        let wrong = server.http.post(format!("{}{path}", server.base));
        let wrong = wrong.basic_auth(WEB, Some("feil")).form(&parameters);
        let wrong = Answer::read(wrong.send().await.unwrap()).await;
        let failed = after("ClientAuthenticationFailed", 401, path, false);
        assert_eq!(entry(&server, &wrong).await, naming(WEB, &failed));
        let nobody = server.post(path, &[("client_id", "ukjent")]).await;
        let refused = entry(&server, &nobody).await;
        assert_eq!(refused["object"]["key"], path);
        assert_eq!(refused["actor"], json!({"channel": "login"}));
    }
}

/// A public client has nothing to prove itself by, and whoever shows an assertion again may have seen it.
#[tokio::test]
async fn who_could_be_anybody_is_no_actor() {
    let server = LoginServer::start().await;
    let public = server.refresh(SPA, &"A".repeat(43)).await;
    let refused = after("RefreshTokenInvalid", 400, "/token", false);
    assert_eq!(entry(&server, &public).await, naming(SPA, &refused));
    let assertion = server.assertion(APP);
    let form = [
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &assertion),
        ("token", "x"),
    ];
    assert_eq!(server.post("/token/revoke", &form).await.status, 200);
    let again = server.post("/token/revoke", &form).await;
    let replayed = after("ClientAuthenticationFailed", 401, "/token/revoke", false);
    assert_eq!(entry(&server, &again).await, naming(APP, &replayed));
}

#[tokio::test]
async fn a_token_proves_its_client_and_names_its_person_by_a_pseudonym() {
    let server = LoginServer::start().await;
    let unknown = server.userinfo("x").await;
    let refused = after("TokenInvalid", 401, "/userinfo", false);
    assert_eq!(entry(&server, &unknown).await, of_a_stranger(&refused));

    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&with(APP, "scope", "openid")).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    let lacks = server.userinfo(text(&tokens, "access_token")).await;
    let mut refused = entry(&server, &lacks).await;
    let actor = refused["actor"].as_object_mut().unwrap();
    let person = actor.remove("person").unwrap();
    let lacking = after("ProfileScopeRequired", 403, "/userinfo", true);
    assert_eq!(refused, proven(APP, &lacking));
    assert_eq!(person.as_str().unwrap().len(), 43);
    let claims = claims(&tokens["id_token"]);
    assert!(person != claims["sub"] && person != claims["sid"]);

    // Somebody has the token and not its key.
    let holder = Holder::new();
    let tokens = bound(&server, WEB, &holder).await;
    let taken = server.userinfo(text(&tokens, "access_token")).await;
    let refused = after("TokenNotProven", 401, "/userinfo", false);
    assert_eq!(entry(&server, &taken).await, naming(WEB, &refused));
}

#[tokio::test]
async fn refusals_of_companion_apis_say_whose_token_it_was() {
    let server = companion::server().await;
    let path = "/authorizations/17869010057";
    let endpoint = "/authorizations/{authorization_id} DELETE";
    let ask = async |token: &str| companion::ask(&server, Method::DELETE, path, token, None).await;

    let stranger = entry(&server, &ask("").await).await;
    let mut expected = of_a_stranger(&after("TokenMissing", 401, endpoint, false));
    expected["actor"]["channel"] = json!("companion_api");
    expected["operation"] = json!("companion.refuse");
    assert_eq!(stranger, expected);

    let token = companion::organization(&server, FJORDETATEN, companion::AUTHORIZATIONS).await;
    let refused = entry(&server, &ask(&token).await).await;
    let expected = json!({
        "actor": {"channel": "companion_api", "client_id": "maskin", "organization": FJORDETATEN},
        "operation": "companion.refuse", "object": {"kind": "client", "key": "maskin"},
        "organizations": [FJORDETATEN], "before": null,
        "after": after("ResourceNotFound", 404, endpoint, true),
    });
    assert_eq!(refused, expected);

    let insight = companion::INSIGHT;
    let token = companion::person(&server, insight, PID, companion::AUTHORIZATIONS).await;
    let refused = entry(&server, &ask(&token).await).await;
    assert_eq!(refused["actor"]["client_id"], insight);
    // It is who it is in the entries of what was told.
    companion::get(&server, "/clients/authorizations", &token).await;
    let log = server.audit_log(AuditFilter::default()).await;
    assert_eq!(refused["actor"]["person"], log.last().unwrap().object.key);
}

/// Forms that are not ours, logins that are over, and logouts of nobody.
#[tokio::test]
async fn what_is_wrong_at_a_page_is_a_strangers() {
    let server = LoginServer::start().await;
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(WEB)).await;
    let login = selector.header("location").to_owned();
    let txn = login.split("txn=").nth(1).unwrap();
    let forged = [("txn", txn), ("csrf", txn), ("action", "accept")];
    for (path, endpoint) in [
        ("/login", "/login"),
        ("/login/testid", "/login/{eid}"),
        ("/consent", "/consent"),
        ("/logout", "/logout"),
    ] {
        let page = browser.post(path, &forged).await;
        let refused = after("ForgedForm", 403, endpoint, false);
        assert_eq!(entry(&server, &page).await, of_a_stranger(&refused));
    }
    for (address, refusal, status, endpoint) in [
        ("/login?txn=x", "TransactionOver", 410, "/login"),
        ("/consent", "TransactionOver", 410, "/consent"),
        ("/login/finnes-ikke", "NotFound", 404, "/login/{eid}"),
        ("/login?txn=%ff", "RequestMalformed", 400, "/login"),
        ("/logout", "SessionMissing", 400, "/logout"),
        ("/logout?state=%0A", "LogoutMalformed", 400, "/logout"),
        (
            "/authorize/callback/testid?state=x",
            "TransactionOver",
            410,
            "/authorize/callback/{eid}",
        ),
    ] {
        let page = Browser::new(&server).get(address).await;
        let refused = after(refusal, status, endpoint, false);
        assert_eq!(entry(&server, &page).await, of_a_stranger(&refused));
    }
}

/// A person who may not log in is one of whom the log can tell again that it is the same.
#[tokio::test]
async fn whoever_is_blocked_is_known_by_a_pseudonym() {
    let server = LoginServer::start().await;
    Browser::new(&server).code(WEB, PID).await;
    server.block(PID).await;
    let mut people = Vec::new();
    for client_id in [WEB, APP] {
        let mut browser = Browser::new(&server);
        let selector = browser.authorize(&request(client_id)).await;
        let refused = browser.log_in(&selector, PID, "substantial").await;
        assert_eq!(refused.location()["error"], "access_denied");
        let mut refused = entry(&server, &refused).await;
        let actor = refused["actor"].as_object_mut().unwrap();
        people.push(actor.remove("person").unwrap());
        let turned_away = after("PersonRefused", 403, "/login/{eid}", false);
        assert_eq!(refused, naming(client_id, &turned_away));
    }
    assert_eq!(people[0].as_str().unwrap().len(), 43);
    assert_eq!(people[0], people[1]);
}

#[tokio::test]
async fn what_succeeds_leaves_nothing() {
    let server = LoginServer::start().await;
    let code = Browser::new(&server).code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let form = [("token", text(&tokens, "access_token"))];
    for told in [
        server.userinfo(form[0].1).await,
        server.post_as(BARNEHAGE, "/token/introspect", &form).await,
        server.post_as(APP, "/token/revoke", &form).await,
    ] {
        assert_eq!(told.status, 200, "{told:?}");
    }
    assert_eq!(server.audit_log(AuditFilter::default()).await, []);
}
