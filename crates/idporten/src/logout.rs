//! Logging out (spec: idporten §15).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use portvakt_core::login::provider::{
    Browser, Denied, LogoutOutcome, LogoutQuestion, LogoutRequest, LogoutStep, ReasonToAsk,
};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::login::{Handle, Locale};
use portvakt_oauth_types::Parameters;

use crate::observer::Event;
use crate::pages::{
    Frame, Interaction, LocalPath, LoggedOut, LogoutConfirmation, LogoutOf, Onward, ReturnAddress,
    Service, StillLoggedIn,
};
use crate::reading::{is_form, one, user_agent};
use crate::view::{Asked, FromBrowser, csrf, language, locale, redirect, show, with_cookie};
use crate::visit::check_form;

/// The page that says that it is done, in the language of the logout.
fn done_path(locale: Locale) -> String {
    format!("/logout?done={locale}")
}

/// `GET /logout`
pub(crate) async fn get(state: State<Arc<crate::State>>, request: FromBrowser) -> Response {
    post(state, request, Bytes::new()).await
}

/// `POST /logout`
pub(crate) async fn post(
    State(state): State<Arc<crate::State>>,
    request: FromBrowser,
    body: Bytes,
) -> Response {
    let asked = request.asked();
    match log_out(&state, asked, &request.uri, &body).await {
        Ok(response) => response,
        Err(denied) => state.refuse(asked, "/logout", denied).await,
    }
}

async fn log_out(
    state: &crate::State,
    asked: Asked<'_>,
    uri: &Uri,
    body: &[u8],
) -> Result<Response, Denied> {
    let query = uri.query().unwrap_or_default();
    let is_post = asked.method == Method::POST;
    if is_post && !is_form(asked.headers) {
        return Err(LoginRefusalCode::RequestMalformed.into());
    }
    let encoded = if is_post { body } else { query.as_bytes() };
    let parameters = Parameters::parse(encoded);
    let parameters = parameters.map_err(|_| LoginRefusalCode::RequestMalformed)?;
    if let Some(code) = one(&parameters, "done")?.filter(|_| !is_post) {
        return Ok(done(state, asked, code.parse().ok()));
    }
    let browser = Browser {
        session: state.cookies.session(asked.headers),
        user_agent: user_agent(asked.headers),
        // Whoever has logged in here has one; nothing is bound to it before there is a question.
        binding: match state.cookies.browser(asked.headers) {
            Some(binding) => binding,
            None => Handle::generate(state.provider.entropy())?,
        },
    };
    if let Some(handle) = one(&parameters, "txn")?.filter(|_| is_post) {
        return answered(state, asked, &parameters, handle, &browser).await;
    }
    let parked = match one(&parameters, "l")? {
        Some(text) => Some(Handle::parse(text).map_err(|_| LoginRefusalCode::SessionMissing)?),
        None => None,
    };
    let request = match &parked {
        Some(handle) => state.provider.take_logout(handle).await?,
        None => read(state, &parameters)?,
    };
    // Another site's form does not carry the session's cookie; a link does.
    if is_post && parked.is_none() && browser.session.is_none() {
        let handle = state.provider.park_logout(&request).await?;
        let path = format!("logout?l={}", handle.expose());
        return Ok(redirect(&state.provider.issuer().login_url(&path), asked));
    }
    match state.provider.log_out(request, &browser).await? {
        LogoutStep::NoSession => Err(LoginRefusalCode::SessionMissing.into()),
        LogoutStep::Ask(question) => Ok(ask(state, asked, &question, &browser)),
        LogoutStep::Ended(outcome) => Ok(finish(state, asked, &outcome)),
    }
}

/// The person has answered the question. The form proves that it is ours, like those of a login.
async fn answered(
    state: &crate::State,
    asked: Asked<'_>,
    form: &Parameters<'_>,
    handle: &str,
    browser: &Browser,
) -> Result<Response, Denied> {
    let handle = Handle::parse(handle).map_err(|_| LoginRefusalCode::RequestMalformed)?;
    check_form(state, asked.headers, form, &handle, &browser.binding)?;
    match one(form, "action")? {
        Some("logout") => {
            let outcome = state.provider.confirm_logout(&handle, browser).await?;
            Ok(finish(state, asked, &outcome))
        }
        Some("cancel") => {
            let declined = state.provider.decline_logout(&handle, browser).await?;
            let (request, service) = declined;
            let service = service.map(|service| state.service(&service));
            let page = StillLoggedIn {
                frame: surroundings(state, asked, &request, service.as_ref()),
            };
            Ok(show(StatusCode::OK, page.page()))
        }
        _ => Err(LoginRefusalCode::RequestMalformed.into()),
    }
}

fn read(state: &crate::State, parameters: &Parameters<'_>) -> Result<LogoutRequest, Denied> {
    let text = |name| Ok::<_, Denied>(one(parameters, name)?.map(str::to_owned));
    let request = LogoutRequest {
        client_id: text("client_id")?,
        post_logout_redirect_uri: text("post_logout_redirect_uri")?,
        state: text("state")?,
        ui_locales: text("ui_locales")?,
        hinted: None,
    };
    let hint = one(parameters, "id_token_hint")?;
    state.provider.logout_request(hint, request)
}

/// Asks whether the person means it. The answer comes by a form of this page, from this browser.
fn ask(
    state: &crate::State,
    asked: Asked<'_>,
    question: &LogoutQuestion,
    browser: &Browser,
) -> Response {
    let service = question.service.as_ref();
    let service = service.map(|service| state.service(service));
    let returns_to = question.returns_to.as_deref();
    let returns_to = returns_to.and_then(ReturnAddress::parse);
    let proof = csrf(&question.handle, &browser.binding);
    let page = LogoutConfirmation {
        frame: surroundings(state, asked, &question.request, service.as_ref()),
        interaction: Interaction {
            transaction: question.handle.expose(),
            csrf: proof.expose(),
            returns_to: returns_to.as_ref(),
        },
        other_person: question.reason == ReasonToAsk::OtherPerson,
    };
    let response = show(StatusCode::OK, page.page());
    with_cookie(response, state.cookies.set_browser(&browser.binding))
}

/// The session is over: the browser goes on, by way of those who are told in it.
fn finish(state: &crate::State, asked: Asked<'_>, outcome: &LogoutOutcome) -> Response {
    tracing::info!(request_id = %asked.request_id, "logged out");
    state.listeners.heard(Event::LoggedOut);
    let response = onward(state, asked, outcome);
    with_cookie(response, state.cookies.clear_session())
}

fn onward(state: &crate::State, asked: Asked<'_>, outcome: &LogoutOutcome) -> Response {
    let request = &outcome.request;
    let notified = state.notified(&outcome.notifications);
    let returns_to = outcome.returns_to.as_deref();
    let done = done_path(page_locale(asked, request));
    if notified.is_empty() {
        let own = || {
            state
                .provider
                .issuer()
                .login_url(done.trim_start_matches('/'))
        };
        let address = returns_to.map_or_else(own, str::to_owned);
        return redirect(&address, asked);
    }
    let done = || LocalPath::parse(&done).map(Onward::Here);
    let onward = returns_to
        .and_then(ReturnAddress::parse)
        .map(Onward::Service)
        .or_else(done);
    let frame = surroundings(state, asked, request, None);
    state.progress(asked, frame, &notified, onward, LogoutOf::Oneself)
}

fn done(state: &crate::State, asked: Asked<'_>, preferred: Option<Locale>) -> Response {
    let page = LoggedOut {
        frame: Frame::new(&state.site, language(locale(asked.headers, preferred))),
        return_to: None,
    };
    show(StatusCode::OK, page.page())
}

fn surroundings<'a>(
    state: &'a crate::State,
    asked: Asked<'_>,
    request: &LogoutRequest,
    service: Option<&'a Service>,
) -> Frame<'a> {
    let frame = Frame::new(&state.site, language(page_locale(asked, request)));
    match service {
        Some(service) => frame.with_service(service),
        None => frame,
    }
}

fn page_locale(asked: Asked<'_>, request: &LogoutRequest) -> Locale {
    let preferred = request.ui_locales.as_deref().and_then(Locale::preferred);
    locale(asked.headers, preferred)
}
