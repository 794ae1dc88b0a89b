//! The companion APIs (spec: companion-apis).

mod audit;
mod authorizations;
mod contacts;
mod foreign;
mod history;
mod level;
mod openapi;
mod revoked;
mod tokens;
mod transport;

use portvakt_core::client::{GrantType, IntegrationType};
use portvakt_core::scope::TokenType;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    APP, Answer, Browser, LoginServer, MACHINE_ISSUER, callback, request, sign_as_machine_issuer,
};

/// Havbris' client that shows people what its other clients may do.
pub(crate) const INSIGHT: &str = "havbris-innsyn";
/// The same of Fjordetaten, which owns the API.
const FJORD_INSIGHT: &str = "fjord-innsyn";
/// The same of an organization that has nothing to do with either.
const STRANGER: &str = "lyngvik-innsyn";
/// A scope that makes tokens opaque.
const OPAQUE: &str = "fjord:skjermet.read";

pub(crate) const AUTHORIZATIONS: &str = "idporten:authorizations";
const READ: &str = "idporten:authorizations.read";
const REVOKE: &str = "idporten:authorizations.revoke";
const HISTORY: &str = "idporten:user.log.read";
pub(crate) const LEVEL: &str = "global/idporten.authlevel.read";

fn world() -> World {
    let mut world = crate::harness::world();
    world.organization(LYNGVIK, "Lyngvik Kafé");
    for name in [AUTHORIZATIONS, READ, REVOKE, HISTORY, LEVEL] {
        let scope = world.scope(name);
        scope.accessible_for_all = true;
        // The operator's, not an API owner's whose view is tested.
        scope.owner_orgno = "991825827".parse().unwrap();
    }
    for name in ["openid", "profile", "no_pid"] {
        world.scope_mut(name).owner_orgno = "991825827".parse().unwrap();
    }
    let opaque = world.scope(OPAQUE);
    opaque.accessible_for_all = true;
    opaque.token_type = TokenType::Opaque;
    let scopes = ["openid", AUTHORIZATIONS, READ, REVOKE, HISTORY, OPAQUE];
    for (client_id, orgno) in [
        (INSIGHT, HAVBRIS),
        (FJORD_INSIGHT, FJORDETATEN),
        (STRANGER, LYNGVIK),
    ] {
        let client = world.client(client_id, orgno, &scopes);
        client.integration_type = IntegrationType::ApiKlient;
        client.grant_types = vec![GrantType::AuthorizationCode];
        client.login.redirect_uris = vec![callback(client_id)];
        client.login.authorization_lifetime = Some(86_400);
        client.access_token_lifetime = Some(3600);
    }
    world.organization("991825827", "Digitaliseringsdirektoratet");
    world
}

pub(crate) async fn server() -> LoginServer {
    LoginServer::with(world(), |_| ()).await
}

/// Logs somebody in and gives the tokens.
async fn log_in(server: &LoginServer, client_id: &str, pid: &str, scope: &str) -> Value {
    log_in_at(server, client_id, pid, scope, "substantial").await
}

async fn log_in_at(
    server: &LoginServer,
    client_id: &str,
    pid: &str,
    scope: &str,
    level: &str,
) -> Value {
    let mut browser = Browser::new(server);
    let mut parameters = request(client_id);
    parameters.insert("scope", scope.to_owned());
    let selector = browser.authorize(&parameters).await;
    let mut answer = browser.log_in(&selector, pid, level).await;
    if answer.header("location").contains("/consent?") {
        let dialog = browser.get(answer.header("location")).await;
        answer = browser
            .submit(&dialog, "/consent", &[("action", "accept")])
            .await;
    }
    let tokens = server.redeem(client_id, &answer.location()["code"]).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    tokens.json()
}

/// An access token of somebody who logged in.
pub(crate) async fn person(
    server: &LoginServer,
    client_id: &str,
    pid: &str,
    scope: &str,
) -> String {
    let scope = format!("openid {scope}");
    let tokens = log_in(server, client_id, pid, scope.trim()).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// The claims of a token of the machine-to-machine issuer.
pub(crate) fn organization_claims(server: &LoginServer, orgno: &str, scope: &str) -> Value {
    json!({
        "iss": MACHINE_ISSUER, "scope": scope, "token_type": "Bearer", "client_id": "maskin",
        "client_amr": "private_key_jwt", "iat": server.now(), "exp": server.now() + 120, "jti": "j",
        "consumer": {"authority": "iso6523-actorid-upis", "ID": format!("0192:{orgno}")},
    })
}

/// An access token of an organization.
pub(crate) async fn organization(server: &LoginServer, orgno: &str, scope: &str) -> String {
    sign_as_machine_issuer(&organization_claims(server, orgno, scope)).await
}

pub(crate) async fn ask(
    server: &LoginServer,
    method: Method,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Answer {
    let mut request = server
        .http
        .request(method, format!("{}{path}", server.base));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    Answer::read(request.send().await.unwrap()).await
}

pub(crate) async fn get(server: &LoginServer, path: &str, token: &str) -> Answer {
    ask(server, Method::GET, path, token, None).await
}

pub(crate) async fn post(server: &LoginServer, path: &str, token: &str, body: &Value) -> Answer {
    ask(server, Method::POST, path, token, Some(body)).await
}

/// Logs somebody in to an app with consent to an API, which outlives the test's clock changes.
async fn app_login(server: &LoginServer, pid: &str) -> Value {
    let scope = format!("openid profile {}", crate::harness::API);
    log_in(server, APP, pid, &scope).await
}
