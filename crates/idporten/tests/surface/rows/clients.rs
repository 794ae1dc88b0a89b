//! Rows that a client's server receives: of tokens, introspection, revocation and userinfo.

use portvakt_core::login::refusal::LoginRefusalCode::{self, *};
use portvakt_jose::access_token_hash;
use serde_json::json;

use super::received;
use crate::dpop::{Holder, bound, redeem, text, userinfo};
use crate::harness::{
    API, APP, Answer, BARNEHAGE, Browser, LoginServer, PID, SECRET, SPA, VERIFIER, WEB, callback,
    request, world,
};

pub(super) const ROWS: &[LoginRefusalCode] = &[
    GrantTypeUnsupported,
    ClientAuthenticationFailed,
    SeveralAuthenticationMethods,
    ClientIdRequired,
    CodeInvalid,
    CodeMismatch,
    RefreshTokenInvalid,
    NothingLeft,
    IntrospectionScopeRequired,
    DpopProofInvalid,
    DpopKeyMismatch,
    TokenMissing,
    TokenInvalid,
    TokenInQuery,
    ProfileScopeRequired,
    TokenNotProven,
    TokenProofInvalid,
];

async fn receive(server: &LoginServer, code: LoginRefusalCode) -> Answer {
    let holder = Holder::new();
    match code {
        GrantTypeUnsupported => {
            let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")];
            server.post_as(APP, "/token", &form).await
        }
        ClientAuthenticationFailed => {
            let form = [("grant_type", "refresh_token"), ("client_id", "ukjent")];
            server.post("/token", &form).await
        }
        SeveralAuthenticationMethods => {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_secret", SECRET.expose()),
            ];
            server.post_as(WEB, "/token", &form).await
        }
        CodeInvalid => server.redeem(WEB, &"A".repeat(43)).await,
        CodeMismatch => {
            let code = Browser::new(server).code(WEB, PID).await;
            let form = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", "https://ond.no/cb"),
                ("code_verifier", VERIFIER),
            ];
            server.post_as(WEB, "/token", &form).await
        }
        RefreshTokenInvalid => server.refresh(WEB, &"A".repeat(43)).await,
        NothingLeft => nothing_left(server).await,
        IntrospectionScopeRequired => {
            let form = [("token", "x")];
            server.post_as(APP, "/token/introspect", &form).await
        }
        DpopProofInvalid => redeem(server, WEB, "x", &["a.b.c"]).await,
        DpopKeyMismatch => {
            let tokens = bound(server, SPA, &holder).await;
            server.refresh(SPA, text(&tokens, "refresh_token")).await
        }
        TokenMissing | TokenInQuery => {
            let query = if code == TokenInQuery {
                "?access_token=x"
            } else {
                ""
            };
            let asked = server.http.get(format!("{}/userinfo{query}", server.base));
            Answer::read(asked.send().await.unwrap()).await
        }
        TokenInvalid => server.userinfo("x").await,
        ProfileScopeRequired => {
            let mut parameters = request(WEB);
            parameters.insert("scope", "openid".to_owned());
            let mut browser = Browser::new(server);
            let selector = browser.authorize(&parameters).await;
            let answer = browser.log_in(&selector, PID, "substantial").await;
            let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
            server.userinfo(text(&tokens, "access_token")).await
        }
        TokenNotProven => {
            let tokens = bound(server, WEB, &holder).await;
            server.userinfo(text(&tokens, "access_token")).await
        }
        TokenProofInvalid => {
            let tokens = bound(server, WEB, &holder).await;
            let token = text(&tokens, "access_token");
            let mut elsewhere = Holder::claims(server, "GET", "/token");
            elsewhere["ath"] = access_token_hash(token).into();
            let proof = holder.sign(&elsewhere);
            userinfo(server, &format!("DPoP {token}"), &[&proof]).await
        }
        other => panic!("{} is no row of clients", other.name()),
    }
}

/// A login for an API alone, whose access was withdrawn before its code is redeemed.
async fn nothing_left(server: &LoginServer) -> Answer {
    let mut browser = Browser::new(server);
    browser.code(APP, PID).await;
    let mut parameters = request(APP);
    parameters.insert("scope", API.to_owned());
    let to_consent = browser.authorize(&parameters).await;
    let dialog = browser.get(to_consent.header("location")).await;
    let accept = [("action", "accept")];
    let answer = browser.submit(&dialog, "/consent", &accept).await;
    let mut changed = world();
    changed.withdraw(API, portvakt_testkit::HAVBRIS);
    changed.save(server.store.as_ref()).await;
    let refused = server.redeem(APP, &answer.location()["code"]).await;
    world().save(server.store.as_ref()).await;
    refused
}

#[tokio::test]
async fn clients_receive_each_row() {
    let server = LoginServer::start().await;
    for code in ROWS.iter().filter(|code| **code != ClientIdRequired) {
        received(&server, *code, &receive(&server, *code).await).await;
    }
}

/// Spec: idporten §9.1, `strict_client_id_parameter`.
#[tokio::test]
async fn a_strict_server_wants_client_id_beside_an_assertion() {
    let strict = LoginServer::with(world(), |issuer| issuer.strict_client_id_parameter = true);
    let server = strict.await;
    for path in ["/token", "/par", "/token/introspect", "/token/revoke"] {
        let form = [("grant_type", "refresh_token"), ("token", "x")];
        received(
            &server,
            ClientIdRequired,
            &server.post_as(APP, path, &form).await,
        )
        .await;
    }
    let named = [("client_id", APP), ("token", "x")];
    let done = server.post_as(APP, "/token/revoke", &named).await;
    assert_eq!(done.status, 200, "{done:?}");
}

/// Spec: idporten §9.1: one way at a time, at every endpoint, and the same client everywhere.
#[tokio::test]
async fn two_credentials_are_none() {
    let server = LoginServer::start().await;
    let assertion = server.assertion(APP);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    for path in ["/token", "/par", "/token/introspect", "/token/revoke"] {
        for beside in [
            vec![("client_secret", SECRET.expose())],
            vec![
                ("client_assertion", assertion.as_str()),
                ("client_assertion_type", kind),
            ],
            vec![("client_id", SPA)],
        ] {
            let form = [&[("grant_type", "refresh_token")], &beside[..]].concat();
            let answer = server.post_as(WEB, path, &form).await;
            received(&server, SeveralAuthenticationMethods, &answer).await;
        }
        let both = [
            ("grant_type", "refresh_token"),
            ("client_id", APP),
            ("client_secret", SECRET.expose()),
        ];
        let answer = server.post_as(APP, path, &both).await;
        received(&server, SeveralAuthenticationMethods, &answer).await;
    }
}

/// Spec: idporten §3.1, §10.1, §10.2: what a client is not registered for it neither does nor gets.
#[tokio::test]
async fn a_client_uses_the_grants_that_it_is_registered_for() {
    use portvakt_core::client::{GrantType, IntegrationType};
    let mut world = world();
    world.client_mut(WEB).0.grant_types = vec![GrantType::AuthorizationCode];
    for machine in [APP, BARNEHAGE] {
        world.client_mut(machine).0.integration_type = IntegrationType::Maskinporten;
    }
    let server = LoginServer::with(world, |_| ()).await;
    let code = Browser::new(&server).code(WEB, PID).await;
    let tokens = server.redeem(WEB, &code).await.json();
    for name in ["refresh_token", "refresh_token_expires_in"] {
        assert!(tokens[name].is_null(), "{name}");
    }
    received(&server, GrantNotRegistered, &server.refresh(WEB, "x").await).await;
    let elsewhere = server.redeem(APP, "x").await;
    assert_eq!(elsewhere.status, 400, "{elsewhere:?}");
    assert_eq!(elsewhere.error(), ClientNotServed.row().error.as_str());
    // The machine-to-machine type may introspect here and do nothing else (spec: idporten §4.1).
    let form = [("token", "x")];
    let told = server.post_as(BARNEHAGE, "/token/introspect", &form).await;
    assert_eq!(told.json(), json!({"active": false}));
}

/// Spec: idporten §9.1: whoever sends an `Authorization` header is told the scheme and the issuer.
#[tokio::test]
async fn a_wrong_secret_in_the_header_is_told_the_scheme() {
    let server = LoginServer::start().await;
    let wrong = server.http.post(format!("{}/token", server.base));
    let wrong = wrong.basic_auth(WEB, Some("feil"));
    let redirect_uri = callback(WEB);
    let form = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", &redirect_uri),
    ];
    let answer = Answer::read(wrong.form(&form).send().await.unwrap()).await;
    received(&server, ClientAuthenticationFailed, &answer).await;
    let scheme = format!("Basic realm=\"{}\"", server.base);
    assert_eq!(answer.header("www-authenticate"), scheme);
}
