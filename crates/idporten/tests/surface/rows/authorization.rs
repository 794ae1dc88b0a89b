//! Rows that an authorization request receives: by a browser, and pushed by its client.

use std::collections::BTreeMap;

use portvakt_core::client::{GrantType, IntegrationType};
use portvakt_core::login::refusal::LoginRefusalCode::{self, *};
use portvakt_core::login::refusal::Shown;
use portvakt_testkit::World;
use reqwest::StatusCode;

use super::received;
use crate::harness::{APP, Answer, Browser, LoginServer, SPA, WEB, callback, request, world};

/// Exempt from PKCE.
const EXEMPT: &str = "eksempel-unntatt";
/// Has the scope `eidas`.
const FOREIGN: &str = "eksempel-eidas";
/// May refresh and not begin.
const REFRESHER: &str = "eksempel-fornyer";
/// Of the machine-to-machine issuer.
const MACHINE: &str = "eksempel-maskin";

/// A row: its client, and what its request says otherwise than one with nothing wrong.
type Row = (
    LoginRefusalCode,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const ROWS: &[Row] = &[
    (
        PushedRequestInvalid,
        WEB,
        &[(
            "request_uri",
            "urn:idporten:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        )],
    ),
    (ClientUnknown, WEB, &[("client_id", "ukjent")]),
    (ClientNotServed, MACHINE, &[]),
    (
        RedirectUriNotRegistered,
        WEB,
        &[("redirect_uri", "https://ond.no/cb")],
    ),
    (
        ResponseModeUnsupported,
        WEB,
        &[("response_mode", "fragment")],
    ),
    (ParameterMissing, WEB, &[("response_type", "")]),
    (ParameterMalformed, WEB, &[("max_age", "-1")]),
    (StateRequired, SPA, &[("state", "")]),
    (NonceRequired, EXEMPT, &[("nonce", "")]),
    (CodeChallengeRequired, WEB, &[("code_challenge", "")]),
    (
        CodeChallengeMethod,
        WEB,
        &[("code_challenge_method", "plain")],
    ),
    (
        CodeChallengeMalformed,
        WEB,
        &[(
            "code_challenge",
            "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8=",
        )],
    ),
    (PromptUnsupported, WEB, &[("prompt", "select_account")]),
    (AcrUnknown, WEB, &[("acr_values", "gull")]),
    (AcrUnreachable, WEB, &[("acr_values", "eidas-loa-high")]),
    (OnBehalfOfUnknown, WEB, &[("onbehalfof", "ukjent")]),
    (ClaimsMalformed, FOREIGN, &[("claims", "[]")]),
    (ResponseTypeUnsupported, WEB, &[("response_type", "token")]),
    (ScopeMissing, WEB, &[("scope", "")]),
    (ScopeRefused, WEB, &[("scope", "openid finnes:ikke")]),
    (TargetInvalid, WEB, &[("resource", "/relativ")]),
    (GrantNotRegistered, REFRESHER, &[]),
    (RequestObjectInvalid, APP, &[("request", "a.b.c")]),
    (RegistrationNotSupported, WEB, &[("registration", "{}")]),
];

/// Rows whose requests are no list of parameters.
const OTHERS: &[LoginRefusalCode] = &[
    RequestTooLarge,
    RequestMalformed,
    ParameterRepeated,
    ScopesTooMany,
    RequestObjectsOff,
    RequestUriNotAllowed,
];

pub(super) fn rows() -> Vec<LoginRefusalCode> {
    let listed = ROWS.iter().map(|(code, ..)| *code);
    listed.chain(OTHERS.iter().copied()).collect()
}

fn registrations() -> World {
    let mut world = world();
    world.scope("eidas").accessible_for_all = true;
    for (id, kind, scope) in [
        (EXEMPT, IntegrationType::ApiKlient, "profile"),
        (FOREIGN, IntegrationType::ApiKlient, "eidas"),
        (REFRESHER, IntegrationType::ApiKlient, "profile"),
        (MACHINE, IntegrationType::Maskinporten, "profile"),
    ] {
        let client = world.client(id, portvakt_testkit::HAVBRIS, &["openid", "profile", scope]);
        client.integration_type = kind;
        client.grant_types = vec![GrantType::AuthorizationCode];
        client.login.redirect_uris = vec![callback(id)];
    }
    let exempt = &mut world.client_mut(EXEMPT).0.login;
    exempt.code_challenge_method = Some("none".to_owned());
    let refresher = &mut world.client_mut(REFRESHER).0;
    refresher.grant_types = vec![GrantType::RefreshToken];
    world
}

fn parameters(client_id: &str, changes: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    let mut parameters = request(client_id);
    for (name, value) in changes {
        parameters.insert(name, (*value).to_owned());
    }
    parameters
}

async fn push(
    server: &LoginServer,
    client_id: &str,
    parameters: &BTreeMap<&'static str, String>,
) -> Answer {
    let mut form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    // Who it is comes with the proof, which of a public client is nothing else.
    form.retain(|(name, value)| *name != "client_id" || *value != client_id);
    server.post_as(client_id, "/par", &form).await
}

/// Spec: idporten §6.2, §19.1: a page while the address cannot be trusted, and a redirect from then on.
#[tokio::test]
async fn browsers_receive_each_row_where_it_belongs() {
    let server = LoginServer::with(registrations(), |_| ()).await;
    let mut browser = Browser::new(&server);
    for (code, client_id, changes) in ROWS {
        let answer = browser.authorize(&parameters(client_id, changes)).await;
        received(&server, *code, &answer).await;
        let redirected = answer.header("location").starts_with(&callback(client_id));
        assert_eq!(redirected, code.row().shown == Shown::Client, "{answer:?}");
    }
}

/// Spec: idporten §8, §19.2: the same faults are JSON for whoever pushes them.
#[tokio::test]
async fn clients_receive_each_row_as_json_when_they_push() {
    let server = LoginServer::with(registrations(), |_| ()).await;
    for (code, client_id, changes) in ROWS {
        if code.row().shown != Shown::Client {
            continue;
        }
        let answer = push(&server, client_id, &parameters(client_id, changes)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
        received(&server, *code, &answer).await;
    }
    let by_reference = parameters(WEB, &[("request_uri", "urn:idporten:a")]);
    received(
        &server,
        RequestUriNotAllowed,
        &push(&server, WEB, &by_reference).await,
    )
    .await;
    // An address that is not registered is a page for nobody here.
    let elsewhere = parameters(WEB, &[("redirect_uri", "https://ond.no/cb")]);
    let answer = push(&server, WEB, &elsewhere).await;
    assert_eq!(
        answer.error(),
        RedirectUriNotRegistered.row().error.as_str()
    );
}

#[tokio::test]
async fn requests_that_are_no_list_of_parameters_receive_theirs() {
    let server = LoginServer::with(registrations(), |_| ()).await;
    let mut browser = Browser::new(&server);
    let large = [("client_id", WEB), ("x", &"a".repeat(17_000))];
    received(
        &server,
        RequestTooLarge,
        &browser.post("/authorize", &large).await,
    )
    .await;
    for malformed in [
        format!("/authorize?client_id={WEB}&client_id={WEB}"),
        format!("/authorize?client_id={WEB}&state=%ff"),
        format!("/authorize?client_id={WEB}{}", "&a=b".repeat(100)),
    ] {
        received(&server, RequestMalformed, &browser.get(&malformed).await).await;
    }
    let url = format!("{}/authorize", server.base);
    for name in request(WEB)
        .keys()
        .copied()
        .chain(["acr_values", "prompt", "max_age", "claims"])
    {
        let twice = [(name, "a"), (name, "a")];
        let mut url = url::Url::parse_with_params(&url, request(WEB)).unwrap();
        url.query_pairs_mut().extend_pairs(twice);
        let answer = browser.get(url.as_str()).await;
        match name {
            "client_id" | "redirect_uri" => received(&server, RequestMalformed, &answer).await,
            _ => received(&server, ParameterRepeated, &answer).await,
        }
    }
    let many: Vec<_> = (0..101).map(|number| format!("a:{number}")).collect();
    let answer = browser
        .authorize(&parameters(WEB, &[("scope", &many.join(" "))]))
        .await;
    received(&server, ScopesTooMany, &answer).await;
}

#[tokio::test]
async fn request_objects_that_are_switched_off_are_told_so() {
    let server = LoginServer::with(world(), |issuer| issuer.request_objects = false).await;
    let mut browser = Browser::new(&server);
    let answer = browser
        .authorize(&parameters(APP, &[("request", "a.b.c")]))
        .await;
    received(&server, RequestObjectsOff, &answer).await;
    let metadata = browser
        .get("/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(metadata["request_parameter_supported"], false);
    assert!(metadata["request_object_signing_alg_values_supported"].is_null());
}

/// Spec: idporten §7, `require_state_and_nonce`.
#[tokio::test]
async fn a_strict_server_wants_state_and_nonce_of_everybody() {
    let server = LoginServer::with(world(), |issuer| issuer.require_state_and_nonce = true).await;
    let mut browser = Browser::new(&server);
    for (code, missing) in [(StateRequired, "state"), (NonceRequired, "nonce")] {
        let answer = browser.authorize(&parameters(WEB, &[(missing, "")])).await;
        received(&server, code, &answer).await;
    }
}
