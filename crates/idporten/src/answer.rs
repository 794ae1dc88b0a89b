//! Answers to clients, and what the router says without a handler (spec: idporten §19.2).

use axum::Extension;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, ORIGIN, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use portvakt_core::client::{ApplicationType, Client};
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
pub(crate) use portvakt_http::private_json as json;
use portvakt_http::{RequestId, SOON, TransportFault, advise};
use portvakt_oauth_types::ErrorResponse;

use crate::reading::Basic;

/// A refusal as JSON.
pub(crate) fn refusal(refusal: &LoginRefusal) -> Response {
    let row = refusal.code().row();
    let body = ErrorResponse::new(row.error, refusal.description());
    let status = status_of(refusal.code());
    let mut response = json(status, &body);
    let wait = match refusal {
        LoginRefusal::TooManyRequests { retry_after } => Some(*retry_after),
        _ => None,
    };
    advise(&mut response, wait);
    response
}

/// Says in a page's headers what [`refusal`] says in those of JSON.
pub(crate) fn advise_browser(response: &mut Response) {
    advise(response, None);
    if response.headers().contains_key(ALLOW) {
        let allow = HeaderValue::from_static("GET, POST");
        response.headers_mut().insert(ALLOW, allow);
    }
}

/// The status of a page or of JSON.
pub(crate) fn status_of(code: LoginRefusalCode) -> StatusCode {
    let status = StatusCode::from_u16(code.row().http_status);
    status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Tells of what was denied to a client and answers it. One that sent an `Authorization` header is told the
/// scheme (RFC 6749 §5.2).
pub(crate) fn denied_client(
    state: &crate::State,
    request_id: RequestId,
    endpoint: &'static str,
    denied: &Denied,
    basic: &Basic,
) -> Response {
    state.tell(request_id, endpoint, denied);
    let mut response = refusal(&denied.refusal);
    if basic.is_there() && response.status() == StatusCode::UNAUTHORIZED {
        let issuer = &state.provider.issuer().identifier;
        let challenge = HeaderValue::try_from(format!("Basic realm=\"{issuer}\""));
        if let Ok(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
    }
    response
}

/// A fault of transport.
pub(crate) fn transport_fault(fault: TransportFault, _: RequestId) -> Response {
    let code = match fault {
        TransportFault::TooManyRequests => {
            return refusal(&LoginRefusal::TooManyRequests { retry_after: SOON });
        }
        TransportFault::BodyTooLarge => LoginRefusalCode::BodyTooLarge,
        TransportFault::BodyTimeout => LoginRefusalCode::RequestTimeout,
        TransportFault::BodyMalformed => LoginRefusalCode::RequestMalformed,
        TransportFault::Overloaded | TransportFault::HandlerTimeout => {
            LoginRefusalCode::Unavailable
        }
        TransportFault::HandlerPanicked => LoginRefusalCode::Internal,
    };
    refusal(&code.into())
}

/// 405 for paths that are only read.
pub(crate) async fn only_get(Extension(_): Extension<RequestId>) -> Response {
    let mut response = refusal(&LoginRefusalCode::MethodNotAllowed.into());
    let allow = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allow);
    response
}

/// The answer to a browser that asks whether it may send what a page's script wants to send, by these
/// methods. No credentials of the browser ever go with it, so that the question itself needs no secret answer;
/// who may read the answer is for [`readable_by`] to say.
pub(crate) fn preflight(headers: &HeaderMap, methods: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    if let Some(origin) = headers.get(ORIGIN) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, DPoP",
        ),
        (ACCESS_CONTROL_MAX_AGE, "600"),
        (VARY, "Origin"),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets scripts of a browser client's own origin read an answer, and nobody else's.
pub(crate) fn readable_by(response: &mut Response, headers: &HeaderMap, client: Option<&Client>) {
    let browser_client =
        client.filter(|client| client.application_type == ApplicationType::Browser);
    let (Some(client), Some(origin)) = (browser_client, headers.get(ORIGIN)) else {
        return;
    };
    let is_registered = origin.to_str().is_ok_and(|origin| {
        let mut uris = client.login.redirect_uris.iter();
        uris.any(|uri| origin_of(uri).as_deref() == Some(origin))
    });
    let answer = response.headers_mut();
    answer.insert(VARY, HeaderValue::from_static("Origin"));
    if is_registered {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
}

/// The origin of an address as browsers write it.
pub(crate) fn origin_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    Some(url.origin().ascii_serialization()).filter(|origin| origin != "null")
}
