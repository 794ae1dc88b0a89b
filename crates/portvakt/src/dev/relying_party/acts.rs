//! What can be done with tokens, and the end of a session.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State as Extracted};
use axum::http::HeaderMap;
use axum::response::Response;
use portvakt_core::SystemEntropy;
use portvakt_core::login::Handle;
use portvakt_oauth_types::Parameters;

use super::State;
use super::login::told;
use super::page::{self, Fault};
use super::party::{Party, assertion};
use super::provider::Metadata;
use super::step::{Check, Step};
use super::visits::{Session, SharedVisit, lock};
use super::wire::{address, navigation};

/// The API that the web server's scope is for.
const API_CLIENT: &str = "kyst-fartoy";

/// `POST /act`: one of the buttons.
pub(super) async fn act(
    Extracted(state): Extracted<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let form = Parameters::parse(&body).map_err(|_| Fault::request("this is no form"))?;
    let (visit, session) = logged_in(&state, &headers)?;
    let (metadata, _) = Metadata::read(&state).await?;
    let step = match form.one("act").ok().flatten() {
        Some("userinfo") => userinfo(&state, &metadata, &session).await?,
        Some("refresh") => refresh(&state, &metadata, &session, &visit).await?,
        Some("introspect") => introspect(&state, &metadata, &session).await?,
        Some("revoke") => revoke(&state, &metadata, &session).await?,
        _ => return Err(Fault::request("there is no such act")),
    };
    lock(&visit).tell(step);
    Ok(page::lead_to("/", None))
}

fn logged_in(state: &State, headers: &HeaderMap) -> Result<(SharedVisit, Session), Fault> {
    let nobody = || Fault::request("nobody is logged in here");
    let visit = state.visits.find(headers).ok_or_else(nobody)?;
    let session = lock(&visit).session.clone().ok_or_else(nobody)?;
    Ok((visit, session))
}

async fn userinfo(state: &State, metadata: &Metadata, session: &Session) -> anyhow::Result<Step> {
    let endpoint = metadata.endpoint("userinfo_endpoint")?;
    let exchange = state
        .wire
        .get(endpoint, Some(&session.access_token))
        .await?;
    let same = exchange.text("sub") == Some(&session.subject);
    let mut step = Step::new(
        "Userinfo",
        "What the provider knows of the person, for a token with the scope profile. sub must be that of \
         the id token.",
    );
    if exchange.status.is_success() {
        step.checks
            .push(Check::new("sub is that of the id token", same));
    }
    Ok(told(step, exchange, &[]))
}

async fn refresh(
    state: &State,
    metadata: &Metadata,
    session: &Session,
    visit: &SharedVisit,
) -> anyhow::Result<Step> {
    let Some(refresh_token) = session.refresh_token.clone() else {
        return Ok(Step::new("Refresh", "The client has no refresh token."));
    };
    let mut form = vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", refresh_token),
    ];
    form.extend(session.party.credentials(state)?);
    let exchange = state
        .wire
        .post(metadata.endpoint("token_endpoint")?, &form)
        .await?;
    let tokens = exchange.body.clone();
    let step = Step::new(
        "Refresh",
        "New tokens without the person. The refresh token is replaced, and whoever shows the old one again \
         ends everything that came of this login.",
    );
    let mut step = told(step, exchange, &form);
    let text = |name: &str| tokens[name].as_str();
    if let Some(id_token) = text("id_token") {
        step = step.opening("id_token", id_token);
    }
    if let Some(access_token) = text("access_token") {
        step = step.opening("access_token", access_token);
        if let Some(session) = &mut lock(visit).session {
            access_token.clone_into(&mut session.access_token);
            let renewed = |name: &str| text(name).map(str::to_owned);
            session.refresh_token = renewed("refresh_token").or(session.refresh_token.take());
            if let Some(id_token) = renewed("id_token") {
                session.id_token = id_token;
            }
        }
    }
    Ok(step)
}

async fn introspect(state: &State, metadata: &Metadata, session: &Session) -> anyhow::Result<Step> {
    let mut form = vec![("token", session.access_token.clone())];
    form.extend(assertion(state, API_CLIENT)?);
    let endpoint = metadata.endpoint("introspection_endpoint")?;
    let exchange = state.wire.post(endpoint, &form).await?;
    let step = Step::new(
        "Introspection",
        "The API asks whose token it got: kyst-fartoy, with a key of its own. It is told of its own \
         scopes alone; of a token without any it hears that it is not active.",
    );
    Ok(told(step, exchange, &form))
}

async fn revoke(state: &State, metadata: &Metadata, session: &Session) -> anyhow::Result<Step> {
    let token = session
        .refresh_token
        .as_ref()
        .unwrap_or(&session.access_token);
    let mut form = vec![("token", token.clone())];
    form.extend(session.party.credentials(state)?);
    let endpoint = metadata.endpoint("revocation_endpoint")?;
    let exchange = state.wire.post(endpoint, &form).await?;
    let step = Step::new(
        "Revocation",
        "Ends every token of this login. The session at the provider goes on: the next login shows no page.",
    );
    Ok(told(step, exchange, &form))
}

/// `POST /logout`: ends the session here and sends the browser to end it at the provider.
pub(super) async fn log_out(
    Extracted(state): Extracted<Arc<State>>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let (visit, session) = logged_in(&state, &headers)?;
    let (metadata, _) = Metadata::read(&state).await?;
    let after = session.party.post_logout_redirect_uri(&state);
    let leaving = Handle::generate(&SystemEntropy).map_err(anyhow::Error::from)?;
    let parameters = [
        ("id_token_hint", session.id_token.clone()),
        ("post_logout_redirect_uri", after),
        ("state", leaving.expose().to_owned()),
    ];
    let url = address(metadata.endpoint("end_session_endpoint")?, &parameters)?;
    let mut step = Step::new(
        "Logout",
        "The browser is sent to end the session at the provider, which tells every service of it in a hidden \
         frame, this one too, and leads back to an address that is registered.",
    );
    step.request = Some(navigation(&url));
    lock(&visit).tell(step);
    state.visits.await_return(&leaving, visit);
    Ok(page::lead_to(url.as_str(), None))
}

/// `GET /after`: back from the provider.
pub(super) async fn after(
    Extracted(state): Extracted<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let query = query.unwrap_or_default();
    let parameters = Parameters::parse(query.as_bytes()).ok();
    let leaving = parameters
        .as_ref()
        .and_then(|parameters| parameters.one("state").ok()?);
    let visit = leaving.and_then(|leaving| state.visits.take_leaving(leaving));
    let visit = visit.ok_or(Fault::request(
        "no logout of this page is waiting for this return",
    ))?;
    let mut visit = lock(&visit);
    visit.session = None;
    visit.tell(Step::new(
        "Back from the logout",
        "The provider's session is over, and so are the tokens of everything that was only a login.",
    ));
    Ok(match visit.party {
        Some(Party::Native) => page::app_has_it(&state),
        _ => page::lead_to("/", None),
    })
}

/// `GET /frontchannel`: the provider tells, in a hidden frame, that a session is over.
pub(super) async fn notified(
    Extracted(state): Extracted<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    if let Ok(parameters) = Parameters::parse(query.as_bytes()) {
        let field = |name| parameters.one(name).ok().flatten();
        // Whoever does not name the issuer is not believed.
        if let Some(sid) = field("sid").filter(|_| field("iss") == Some(&state.issuer)) {
            let mut step = Step::new(
                "Front-channel logout",
                "The provider says which session is over. A service finds it by sid alone, for browsers send \
                 no cookies into a frame of another site.",
            );
            step.request = Some(format!("GET /frontchannel?iss={}&sid={sid}", state.issuer));
            state.visits.end_sessions(sid, &step);
        }
    }
    page::framed(&state)
}
