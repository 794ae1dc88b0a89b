//! Who learns what of a token by introspection (spec: idporten §12; appendix C, line 16).

use portvakt_core::access::AccessState;
use portvakt_core::client::IntegrationType;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, World};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{
    API, APP, Answer, BARNEHAGE, Browser, LoginServer, PID, SPA, WEB, request, world,
};

/// An API of the same owner with another client, and one without any.
const SKOLE: &str = "fjord:skole/elev.read";
const SKOLE_API: &str = "skole-api";
const UNLISTED: &str = "fjord:bibliotek/lan.read";
/// Of another organization, which has the right to introspect too.
const STRANGER: &str = "fremmed-api";
const INTROSPECTION: &str = "idporten:token.introspection";

fn apis() -> World {
    let mut world = world();
    world.scope_mut(API).requires_user_consent = false;
    for name in [SKOLE, UNLISTED] {
        world.scope(name);
        world.grant(name, HAVBRIS);
        let (app, _) = world.client_mut(APP);
        app.scopes.push(name.parse().unwrap());
    }
    for (id, owner) in [(SKOLE_API, FJORDETATEN), (STRANGER, HAVBRIS)] {
        let client = world.client(id, owner, &[INTROSPECTION]);
        client.integration_type = IntegrationType::Maskinporten;
    }
    // Nobody can enter a stranger over any interface; should one be there, it learns nothing.
    let listed = [SKOLE_API, STRANGER].map(|id| id.parse().unwrap());
    world.scope_mut(SKOLE).enforced_aud_for_introspection = listed.to_vec();
    world
}

/// The access token of a login with these scopes.
async fn token(server: &LoginServer, scopes: &str) -> String {
    let mut browser = Browser::new(server);
    let mut parameters = request(APP);
    parameters.insert("scope", scopes.to_owned());
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn introspect(server: &LoginServer, caller: &str, token: &str) -> Answer {
    let form = [("token", token)];
    server.post_as(caller, "/token/introspect", &form).await
}

/// The scopes that the caller is told of; none if the token is not active to it.
async fn told(server: &LoginServer, caller: &str, token: &str) -> Value {
    let answer = introspect(server, caller, token).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let body = answer.json();
    if body["active"] == false {
        assert_eq!(body, json!({"active": false}), "and not a word more");
    }
    body["scope"].clone()
}

#[tokio::test]
async fn a_caller_is_told_of_the_scopes_on_which_it_is_listed() {
    let server = LoginServer::with(apis(), |_| ()).await;
    let both = token(&server, &format!("openid {SKOLE} {API} {UNLISTED}")).await;
    assert_eq!(told(&server, BARNEHAGE, &both).await, API);
    assert_eq!(told(&server, SKOLE_API, &both).await, SKOLE);
    assert_eq!(told(&server, STRANGER, &both).await, Value::Null);

    let one = token(&server, &format!("openid {SKOLE}")).await;
    assert_eq!(told(&server, BARNEHAGE, &one).await, Value::Null);
    let unlisted = token(&server, UNLISTED).await;
    let reserved = token(&server, "openid profile").await;
    for token in [&*unlisted, &reserved, "x", &format!("{both}x")] {
        for caller in [BARNEHAGE, SKOLE_API, STRANGER] {
            assert_eq!(told(&server, caller, token).await, Value::Null, "{caller}");
        }
    }
}

#[tokio::test]
async fn a_caller_that_may_not_introspect_is_told_so() {
    let server = LoginServer::with(apis(), |_| ()).await;
    let token = token(&server, API).await;
    for caller in [APP, WEB] {
        let refused = introspect(&server, caller, &token).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{caller}");
        assert_eq!(refused.error(), "insufficient_scope");
    }
    let public = introspect(&server, SPA, &token).await;
    assert_eq!(public.status, StatusCode::UNAUTHORIZED);
    assert_eq!(public.error(), "invalid_client");
    let missing = server.post_as(BARNEHAGE, "/tokeninfo", &[]).await;
    assert_eq!(missing.error(), "invalid_request");
}

#[tokio::test]
async fn what_is_taken_away_ends_it_at_once() {
    let server = LoginServer::with(apis(), |_| ()).await;
    let token = token(&server, API).await;
    let expect = async |change: fn(&mut World), status, scope: Value| {
        let mut changed = apis();
        change(&mut changed);
        changed.save(server.store.as_ref()).await;
        let answer = introspect(&server, BARNEHAGE, &token).await;
        assert_eq!((answer.status, &answer.json()["scope"]), (status, &scope));
    };
    expect(|_| (), StatusCode::OK, json!(API)).await;
    expect(
        |world| world.scope_mut(API).enforced_aud_for_introspection.clear(),
        StatusCode::OK,
        Value::Null,
    )
    .await;
    expect(
        |world| world.scope_mut(API).active = false,
        StatusCode::OK,
        Value::Null,
    )
    .await;
    expect(
        |world| world.scope_mut(INTROSPECTION).accessible_for_all = false,
        StatusCode::FORBIDDEN,
        Value::Null,
    )
    .await;
    expect(
        |world| {
            world.scope_mut(INTROSPECTION).accessible_for_all = false;
            world.grant(INTROSPECTION, FJORDETATEN).state = AccessState::Approved;
        },
        StatusCode::OK,
        json!(API),
    )
    .await;
}

/// Spec: idporten §12.2, `introspection_owner_fallback`.
#[tokio::test]
async fn a_scope_without_a_list_is_its_owners_if_the_operator_says_so() {
    let fallback = |issuer: &mut portvakt_core::login::issuer::LoginIssuer| {
        issuer.introspection_owner_fallback = true;
    };
    let server = LoginServer::with(apis(), fallback).await;
    let token = token(&server, &format!("{API} {UNLISTED}")).await;
    let expected = format!("{API} {UNLISTED}");
    assert_eq!(told(&server, BARNEHAGE, &token).await, expected);
    assert_eq!(told(&server, SKOLE_API, &token).await, UNLISTED);
    assert_eq!(told(&server, STRANGER, &token).await, Value::Null);
}
