//! `GET` and `POST /authorize` (spec: idporten §6).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, Uri};
use axum::response::Response;
use portvakt_core::login::Handle;
use portvakt_core::login::provider::{AuthorizationRequest, Browser, Denied, Step};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::login::request::{AuthorizationParameters, MAX_REQUEST_BYTES};
use portvakt_oauth_types::Parameters;

use crate::reading::{is_form, user_agent};
use crate::view::{Asked, FromBrowser, with_cookie};

/// Reads the request, has it decided, and sends the browser on.
pub(crate) async fn handle(
    State(state): State<Arc<crate::State>>,
    request: FromBrowser,
    body: Bytes,
) -> Response {
    let asked = request.asked();
    let known = state.cookies.browser(asked.headers);
    let is_new = known.is_none();
    let binding = match known.map_or_else(|| Handle::generate(state.provider.entropy()), Ok) {
        Ok(binding) => binding,
        Err(error) => {
            let denied = Denied::from(error);
            return state.refuse(asked, "/authorize", denied).await;
        }
    };
    let browser = Browser {
        session: state.cookies.session(asked.headers),
        user_agent: user_agent(asked.headers),
        binding,
    };
    let cookie = is_new
        .then(|| state.cookies.set_browser(&browser.binding))
        .flatten();
    let response = match authorize(&state, asked, &request.uri, &body, browser).await {
        Ok(step) => state.step(asked, step),
        Err(denied) => state.refuse(asked, "/authorize", denied).await,
    };
    with_cookie(response, cookie)
}

async fn authorize(
    state: &crate::State,
    asked: Asked<'_>,
    uri: &Uri,
    body: &[u8],
    browser: Browser,
) -> Result<Step, Denied> {
    let query = uri.query().unwrap_or_default();
    let encoded = match *asked.method {
        Method::GET => query.as_bytes(),
        Method::POST if query.is_empty() && is_form(asked.headers) => body,
        Method::POST => return Err(LoginRefusalCode::RequestMalformed.into()),
        _ => return Err(LoginRefusalCode::MethodNotAllowed.into()),
    };
    if encoded.len() > MAX_REQUEST_BYTES {
        return Err(LoginRefusalCode::RequestTooLarge.into());
    }
    let parameters = Parameters::parse(encoded);
    let parameters = parameters.map_err(|_| LoginRefusalCode::RequestMalformed)?;
    let request = AuthorizationRequest {
        parameters: AuthorizationParameters::read(&parameters),
        browser,
    };
    state.provider.authorize(request).await
}
