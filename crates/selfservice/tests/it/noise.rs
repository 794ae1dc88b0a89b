//! Every member of every body with every odd value, and odd queries and paths at every address: no
//! answer is undocumented, and none is a fault of the server (spec: selfservice §4).

use portvakt_testkit::{Answer, FJORDETATEN, HAVBRIS, LYNGVIK, signing_key};
use serde_json::{Value, json};

use crate::harness::{
    Api, Caller, Checked, REGISTRATIONS, SCOPES_WRITE, WRITE, but, havbris, registered, send,
    tidevann, with_scope,
};

const CLIENT: [&str; 26] = [
    "client_id",
    "client_name",
    "display_name",
    "description",
    "client_orgno",
    "supplier_orgno",
    "client_uri",
    "integration_type",
    "application_type",
    "token_endpoint_auth_method",
    "grant_types",
    "scopes",
    "redirect_uris",
    "post_logout_redirect_uris",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "access_token_lifetime",
    "authorization_lifetime",
    "refresh_token_lifetime",
    "refresh_token_usage",
    "code_challenge_method",
    "sso_disabled",
    "active",
    "unknown",
];

const SCOPE: [&str; 25] = [
    "name",
    "prefix",
    "subscope",
    "description",
    "long_description",
    "description#en",
    "long_description#nn",
    "description#",
    "#",
    "visibility",
    "accessible_for_all",
    "allowed_integration_types",
    "allowable_integration_types",
    "delegation_source",
    "at_max_age",
    "authorization_max_lifetime",
    "authorization_max_age",
    "requires_user_consent",
    "requires_user_authentication",
    "requires_pseudonymous_tokens",
    "token_type",
    "enforced_aud_for_introspection",
    "active",
    "protected",
    "unknown",
];

const REGISTRATION: [&str; 7] = [
    "onbehalfof",
    "name",
    "display_name",
    "orgno",
    "client_uri",
    "url",
    "description",
];

const KEY: [&str; 9] = ["kty", "use", "kid", "alg", "n", "e", "exp", "x5c", "d"];

fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}"),
        json!("\u{202e}\u{feff}"),
        json!("a".repeat(10_000)),
        json!("'; DROP TABLE clients; --"),
        json!("fjord:tidevann.read"),
        json!([]),
        json!([null]),
        json!([""]),
        json!([[]]),
        json!(["a", 1]),
        json!({}),
        json!({"a": {"b": []}}),
    ]
}

/// A documented answer, in the documented shape.
#[track_caller]
fn documented(answer: Answer, allowed: &[u16], context: &str) {
    let status = answer.status;
    assert!(allowed.contains(&status), "{context}: {}", answer.text);
    if status >= 400 {
        let field = answer.fields().first().cloned().unwrap_or_default();
        answer.refused(status, &field);
    }
}

async fn try_members(caller: &Caller<'_>, at: (&str, &str), base: &Value, members: &[&str]) {
    let (method, path) = at;
    for member in members {
        for value in odd_values() {
            let body = but(base.clone(), &json!({ *member: value }));
            let answer = send(caller.request(method, path).json(&body)).await;
            let context = format!("{method} {path} {member}");
            documented(answer, &[200, 400, 403, 409], &context);
        }
    }
}

#[tokio::test]
async fn odd_members_of_clients() {
    let api = with_scope().await;
    let consumer = api.caller(HAVBRIS, &[WRITE]);
    try_members(&consumer, ("POST", "/clients"), &havbris(), &CLIENT).await;
    let path = format!("/clients/{}", registered(&consumer).await);
    try_members(&consumer, ("PUT", &path), &havbris(), &CLIENT).await;
}

#[tokio::test]
async fn odd_members_of_scopes() {
    let api = with_scope().await;
    let provider = api.caller(FJORDETATEN, &[SCOPES_WRITE]);
    try_members(&provider, ("POST", "/scopes"), &tidevann(), &SCOPE).await;
    let path = "/scopes?scope=fjord:tidevann.read";
    try_members(&provider, ("PUT", path), &tidevann(), &SCOPE).await;
}

#[tokio::test]
async fn odd_members_of_keys_and_registrations() {
    let api = with_scope().await;
    let caller = api.caller(HAVBRIS, &[WRITE, REGISTRATIONS]);
    let path = format!("/clients/{}/jwks", registered(&caller).await);
    try_members(&caller, ("POST", &path), &json!({}), &["keys"]).await;
    for member in KEY {
        for value in odd_values() {
            let key = but(
                signing_key().public_jwk("a").to_json(),
                &json!({ member: value }),
            );
            let answer = caller.post(&path, &json!([key])).await;
            documented(answer, &[200, 400], member);
        }
    }
    let login = json!({
        "integration_type": "idporten", "application_type": "native", "client_name": "Innlogging",
        "redirect_uris": ["no.eksempel.app:/cb"], "scopes": ["openid"],
    });
    try_members(&caller, ("POST", "/clients"), &login, &CLIENT).await;
    let made = caller.post("/clients", &login).await.ok();
    let path = format!("/clients/{}/onbehalfof", made.member("client_id"));
    let body = json!({"onbehalfof": "kafe", "name": "Kafé", "orgno": LYNGVIK});
    try_members(&caller, ("POST", &path), &body, &REGISTRATION).await;
}

#[tokio::test]
async fn odd_queries_and_paths() {
    let api = with_scope().await;
    let scopes = [WRITE, REGISTRATIONS, SCOPES_WRITE];
    let caller = api.caller(FJORDETATEN, &scopes);
    let odd = [
        "",
        "%00",
        "%ff",
        "..",
        "%2e%2e",
        "a%2fb",
        "%F0%9F%90%9F",
        "*",
        "+",
        "%",
        "a".repeat(5000).as_str(),
    ]
    .map(str::to_owned);
    let allowed = [200, 400, 404, 405, 409];
    for text in &odd {
        for (method, path) in [
            ("GET", format!("/clients/{text}")),
            ("PUT", format!("/clients/{text}")),
            ("GET", format!("/clients/{text}/jwks")),
            ("DELETE", format!("/clients/a/onbehalfof/{text}")),
            (
                "PUT",
                format!("/scopes/access/{text}?scope=fjord:tidevann.read"),
            ),
            (
                "DELETE",
                format!("/scopes/access/{text}?scope=fjord:tidevann.read"),
            ),
            ("GET", format!("/scopes?scope={text}")),
            ("DELETE", format!("/scopes?scope={text}")),
            ("GET", format!("/scopes/all?scope={text}&prefix={text}")),
            ("GET", format!("/scopes/all?inactive={text}")),
            (
                "GET",
                format!("/clients?scope={text}&integration_type={text}"),
            ),
            ("GET", format!("/clients?{text}={text}")),
        ] {
            let answer = send(caller.request(method, &path).json(&havbris())).await;
            documented(answer, &allowed, &format!("{method} {path}"));
        }
    }
}

#[tokio::test]
async fn noise_in_place_of_a_token_proves_nobody() {
    let api = Api::start().await;
    let token = api.provider().token;
    for cut in 0..token.len() {
        let path = "/api/v1/scopes";
        let request = api.request("GET", path).bearer_auth(&token[..cut]);
        documented(send(request).await, &[401], "a token cut short");
    }
}
