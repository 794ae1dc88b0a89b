//! Logging in: the request, the answer, the tokens.

use std::sync::Arc;

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Extracted};
use axum::http::HeaderMap;
use axum::response::Response;
use portvakt_core::SystemEntropy;
use portvakt_core::login::Handle;
use portvakt_core::login::pkce::CodeVerifier;
use portvakt_oauth_types::Parameters;
use serde_json::{Map, Value};

use super::State;
use super::page::{self, Fault};
use super::party::Party;
use super::provider::{Expected, Metadata, check};
use super::step::{Check, Step};
use super::visits::{Pending, Session, SharedVisit, Visit, lock};
use super::wire::{Exchange, address, navigation};

/// The scope of an API that people are asked about, and that an API may ask about tokens for.
const API_SCOPE: &str = "kyst:fartoy.read";

/// `POST /login`: makes an authorization request and sends the browser there.
pub(super) async fn begin(
    Extracted(state): Extracted<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let form = Parameters::parse(&body).map_err(|_| Fault::request("this is no form"))?;
    let field = |name| form.one(name).ok().flatten();
    let party = field("client").and_then(Party::from_value);
    let party = party.ok_or(Fault::request("there is no such client"))?;
    let (visit, cookie) = if let Some(visit) = state.visits.find(&headers) {
        (visit, None)
    } else {
        let (visit, cookie) = state.visits.begin()?;
        (visit, Some(cookie))
    };
    *lock(&visit) = Visit {
        party: Some(party),
        ..Visit::default()
    };
    let asked = Asked {
        party,
        acr: match field("acr") {
            Some("high") => "idporten-loa-high",
            _ => "idporten-loa-substantial",
        },
        ui_locales: field("ui_locales").unwrap_or("nb"),
        prompt: field("prompt"),
        with_api: party.has_api() && field("api").is_some(),
    };
    let url = request(&state, &asked, &visit).await?;
    Ok(page::lead_to(&url, cookie.as_deref()))
}

/// What the form asks for.
struct Asked<'a> {
    party: Party,
    acr: &'a str,
    ui_locales: &'a str,
    prompt: Option<&'a str>,
    with_api: bool,
}

async fn request(state: &State, asked: &Asked<'_>, visit: &SharedVisit) -> anyhow::Result<String> {
    let (metadata, step) = Metadata::read(state).await?;
    lock(visit).tell(step);
    let party = asked.party;
    let generate = || Handle::generate(&SystemEntropy);
    let (answer_state, nonce, code_verifier) = (generate()?, generate()?, generate()?);
    let verifier = CodeVerifier::parse(code_verifier.expose()).context("make a code verifier")?;
    let mut parameters = vec![
        ("response_type", "code".to_owned()),
        ("client_id", party.client_id().to_owned()),
        ("redirect_uri", party.redirect_uri(state)),
        ("scope", scope(asked)),
        ("acr_values", asked.acr.to_owned()),
        ("ui_locales", asked.ui_locales.to_owned()),
        ("state", answer_state.expose().to_owned()),
        ("nonce", nonce.expose().to_owned()),
        ("code_challenge", verifier.challenge().as_str().to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ];
    if let Some(prompt) = asked.prompt.filter(|prompt| !prompt.is_empty()) {
        parameters.push(("prompt", prompt.to_owned()));
    }
    if party.pushes() {
        parameters = push(state, &metadata, party, parameters, visit).await?;
    }
    let url = address(metadata.endpoint("authorization_endpoint")?, &parameters)?;
    let mut step = Step::new(
        "The browser goes to the provider",
        "The person logs in there, and is asked what needs asking. PKCE's challenge is the hash of a \
         verifier that the client keeps; state comes back with the answer, nonce in the id token.",
    );
    step.request = Some(navigation(&url));
    lock(visit).tell(step);
    let pending = Pending {
        party,
        nonce: nonce.expose().to_owned(),
        code_verifier: code_verifier.expose().to_owned(),
        acr: asked.acr.to_owned(),
        visit: Arc::clone(visit),
    };
    state.visits.await_answer(&answer_state, pending);
    Ok(url.into())
}

/// Pushes the request; what is left of it for the browser is a reference (RFC 9126).
async fn push(
    state: &State,
    metadata: &Metadata,
    party: Party,
    mut parameters: Vec<(&'static str, String)>,
    visit: &SharedVisit,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let credentials = party.credentials(state)?;
    // The client is named by its credentials.
    parameters.retain(|(name, _)| *name != "client_id");
    parameters.extend(credentials);
    let endpoint = metadata.endpoint("pushed_authorization_request_endpoint")?;
    let pushed = state.wire.post(endpoint, &parameters).await?;
    let reference = pushed.text("request_uri").map(str::to_owned);
    let step = Step::new(
        "The request is pushed",
        "The server sends it itself, proves who it is, and gets a reference that lasts for two minutes. \
         Nobody can change the request on its way through the browser.",
    );
    lock(visit).tell(told(step, pushed, &parameters));
    let reference = reference.context("the provider refused the request")?;
    Ok(vec![
        ("client_id", party.client_id().to_owned()),
        ("request_uri", reference),
    ])
}

fn scope(asked: &Asked<'_>) -> String {
    let api = if asked.with_api { API_SCOPE } else { "" };
    format!("openid profile {api}").trim_end().to_owned()
}

/// A step with what went over the wire, and the assertion in it opened.
pub(super) fn told(mut step: Step, exchange: Exchange, form: &[(&str, String)]) -> Step {
    step.request = Some(exchange.request);
    step.answer = Some(exchange.answer);
    match form.iter().find(|(name, _)| *name == "client_assertion") {
        Some((_, assertion)) => step.opening("client_assertion", assertion),
        None => step,
    }
}

/// `GET /callback`: the answer to a login of the server or of a page, in the browser that began it.
pub(super) async fn finish(
    Extracted(state): Extracted<Arc<State>>,
    headers: HeaderMap,
    query: RawQuery,
) -> Result<Response, Fault> {
    let visit = state.visits.find(&headers);
    let own = |pending: &Pending| {
        let same = |visit: &SharedVisit| Arc::ptr_eq(visit, &pending.visit);
        pending.party != Party::Native && visit.as_ref().is_some_and(same)
    };
    redeem(&state, query, own).await?;
    Ok(page::lead_to("/", None))
}

/// `GET /app`: the answer to an app, on a port where nothing but the app listens.
pub(super) async fn finish_app(
    Extracted(state): Extracted<Arc<State>>,
    query: RawQuery,
) -> Result<Response, Fault> {
    redeem(&state, query, |pending| pending.party == Party::Native).await?;
    // Not a redirect: the provider's page lets its form lead to the app's address and no further.
    Ok(page::app_has_it(&state))
}

async fn redeem(
    state: &State,
    RawQuery(query): RawQuery,
    belongs: impl FnOnce(&Pending) -> bool,
) -> Result<(), Fault> {
    let query = query.unwrap_or_default();
    let answer = Parameters::parse(query.as_bytes());
    let answer = answer.map_err(|_| Fault::request("this is no answer of a provider"))?;
    let field = |name| answer.one(name).ok().flatten();
    let pending = field("state").and_then(|text| state.visits.take_pending(text));
    let pending = pending.filter(belongs).ok_or(Fault::request(
        "no login of this browser is waiting for this answer",
    ))?;
    let visit = Arc::clone(&pending.visit);
    let mut step = Step::new(
        "The answer arrives",
        "The browser brings it. It counts only with the state that this browser was sent away with, and \
         with the provider's own name in iss, so that no other provider can have sent it (RFC 9207).",
    );
    let received = address(&pending.party.redirect_uri(state), &[])?;
    let received = reqwest::Url::parse(&format!("{received}?{query}"));
    step.request = received.ok().map(|url| navigation(&url));
    let by_issuer = field("iss") == Some(&state.issuer);
    step.checks = vec![
        Check::new("state is one that was sent", true),
        Check::new("iss is the issuer, byte for byte", by_issuer),
    ];
    lock(&visit).tell(step);
    let Some(code) = field("code").filter(|_| by_issuer) else {
        return Ok(());
    };
    exchange(state, &pending, code).await?;
    Ok(())
}

/// Redeems the code and checks what comes back.
async fn exchange(state: &State, pending: &Pending, code: &str) -> anyhow::Result<()> {
    let (metadata, _) = Metadata::read(state).await?;
    let mut form = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", pending.party.redirect_uri(state)),
        ("code_verifier", pending.code_verifier.clone()),
    ];
    form.extend(pending.party.credentials(state)?);
    let answer = state
        .wire
        .post(metadata.endpoint("token_endpoint")?, &form)
        .await?;
    let tokens = answer.body.clone();
    let step = Step::new(
        "The code becomes tokens",
        "Within a minute and once. The verifier shows that whoever redeems the code is who asked for it.",
    );
    let mut step = told(step, answer, &form);
    let (Some(id_token), Some(access_token)) =
        (tokens["id_token"].as_str(), tokens["access_token"].as_str())
    else {
        lock(&pending.visit).tell(step);
        return Ok(());
    };
    step = step
        .opening("id_token", id_token)
        .opening("access_token", access_token);
    let expected = Expected {
        party: pending.party,
        nonce: &pending.nonce,
        acr: &pending.acr,
    };
    let (checks, claims) = check(state, &metadata, id_token, expected).await?;
    step.checks = checks;
    let mut visit = lock(&pending.visit);
    visit.tell(step);
    visit.session = claims.map(|claims| session(pending.party, &claims, &tokens));
    Ok(())
}

fn session(party: Party, claims: &Map<String, Value>, tokens: &Value) -> Session {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    Session {
        party,
        subject: claim("sub").unwrap_or_default(),
        sid: claim("sid"),
        id_token: text(&tokens["id_token"]),
        access_token: text(&tokens["access_token"]),
        refresh_token: tokens["refresh_token"].as_str().map(str::to_owned),
    }
}
