//! Logging out (spec: idporten §15).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use portvakt_core::login::provider::{Browser, Denied, LogoutOutcome, LogoutRequest};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::login::{Handle, Locale};
use portvakt_http::RequestId;
use portvakt_oauth_types::Parameters;

use crate::pages::{
    Frame, Interaction, LocalPath, LoggedOut, LogoutConfirmation, LogoutProgress, Name, Notified,
    Onward, ReturnAddress,
};
use crate::reading::{is_form, one, user_agent};
use crate::view::{Asked, language, locale, redirect, show, with_cookie};

/// The page that says that it is done, in the language of the logout.
fn done_path(locale: Locale) -> String {
    format!("/logout?done={locale}")
}

/// `GET /logout`
pub(crate) async fn get(
    state: State<Arc<crate::State>>,
    request_id: Extension<RequestId>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    post(state, request_id, method, uri, headers, Bytes::new()).await
}

/// `POST /logout`
pub(crate) async fn post(
    State(state): State<Arc<crate::State>>,
    Extension(request_id): Extension<RequestId>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked {
        request_id,
        method: &method,
        headers: &headers,
    };
    match log_out(&state, asked, &uri, &body).await {
        Ok(response) => response,
        Err(denied) => state.refuse(asked, "logout", denied).await,
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
    let parked = match one(&parameters, "l")? {
        Some(text) => Some(Handle::parse(text).map_err(|_| LoginRefusalCode::SessionMissing)?),
        None => None,
    };
    let came_back = parked.is_some();
    let request = match &parked {
        Some(handle) => state.provider.parked_logout(handle).await?,
        None => read(state, &parameters)?,
    };
    let browser = Browser {
        session: state.cookies.session(asked.headers),
        user_agent: user_agent(asked.headers),
        // Whoever has logged in here has one; nothing is bound to it before there is a question.
        binding: match state.cookies.browser(asked.headers) {
            Some(binding) => binding,
            None => Handle::generate(state.provider.entropy())?,
        },
    };
    match state
        .provider
        .logout_is_of_another(&request, &browser)
        .await?
    {
        // Another site's form does not carry the session's cookie; a link does.
        None if is_post && !came_back && browser.session.is_none() => {
            let handle = state.provider.park_logout(&request).await?;
            let address = state
                .provider
                .issuer()
                .login_url(&format!("logout?l={}", handle.expose()));
            Ok(redirect(&address, asked))
        }
        None => Err(LoginRefusalCode::SessionMissing.into()),
        Some(true) => Ok(ask(state, asked, &request)),
        Some(_) => {
            let outcome = state.provider.log_out(&request, &browser).await?;
            tracing::info!(request_id = %asked.request_id, "logged out");
            let response = finish(state, asked, &request, &outcome);
            Ok(with_cookie(response, state.cookies.clear_session()))
        }
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

/// Somebody else is logged in than the one whose id token was sent: they are asked. The form of the
/// question is a logout of whoever is here, without a hint and without a way back to a service; it
/// needs no proof, because any page may ask for that.
fn ask(state: &crate::State, asked: Asked<'_>, request: &LogoutRequest) -> Response {
    let page = LogoutConfirmation {
        frame: Frame::new(&state.site, language(page_locale(asked, request))),
        interaction: Interaction {
            transaction: "",
            csrf: "",
            returns_to: None,
        },
        other_person: true,
    };
    show(StatusCode::OK, page.page())
}

fn finish(
    state: &crate::State,
    asked: Asked<'_>,
    request: &LogoutRequest,
    outcome: &LogoutOutcome,
) -> Response {
    let notified: Vec<_> = outcome
        .notifications
        .iter()
        .filter_map(|notification| {
            Some(Notified {
                name: Name::new(&notification.service.name),
                address: state.web_address(&notification.address)?,
            })
        })
        .collect();
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
    let Some(onward) = onward else {
        return state.error(asked, &LoginRefusalCode::Internal.into());
    };
    let page = LogoutProgress {
        frame: Frame::new(&state.site, language(page_locale(asked, request))),
        services: &notified,
        onward: &onward,
    };
    show(StatusCode::OK, page.page())
}

fn done(state: &crate::State, asked: Asked<'_>, preferred: Option<Locale>) -> Response {
    let page = LoggedOut {
        frame: Frame::new(&state.site, language(locale(asked.headers, preferred))),
        return_to: None,
    };
    show(StatusCode::OK, page.page())
}

fn page_locale(asked: Asked<'_>, request: &LogoutRequest) -> Locale {
    let preferred = request.ui_locales.as_deref().and_then(Locale::preferred);
    locale(asked.headers, preferred)
}
