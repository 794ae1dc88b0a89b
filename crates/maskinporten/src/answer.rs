//! Answers: tokens, refusals, and what is said where nothing is.

use axum::http::header::ALLOW;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use portvakt_core::grant::IssuedToken;
use portvakt_core::issuer::Issuer;
use portvakt_core::refusal::Refusal;
use portvakt_http::{
    RequestId, SOON, TransportFault, advise, private, private_json, tell_error_type,
};
use portvakt_oauth_types::{ErrorCode, ErrorResponse, TokenResponse};

use crate::state::Served;

/// 200 with the token (RFC 6749 §5.1; spec: maskinporten §3.1).
pub(crate) fn token(token: IssuedToken) -> Response {
    let body = TokenResponse {
        access_token: token.access_token,
        token_type: TokenResponse::BEARER.to_owned(),
        expires_in_seconds: token.expires_in,
        scope: token.scope,
    };
    private(StatusCode::OK, body.to_json())
}

/// The refusal's status and body (spec: maskinporten §3.2, §11).
pub(crate) fn refusal(refusal: &Refusal, issuer: &Issuer, trace_id: RequestId) -> Response {
    let row = refusal.code().row();
    let error_uri = row
        .mp_code
        .map(|code| issuer.url(&format!("errors/{code}")));
    render(refusal, error_uri, trace_id)
}

/// A fault of transport, for which no issuer was chosen and no national code exists.
pub(crate) fn transport_fault(fault: TransportFault, trace_id: RequestId) -> Response {
    let refusal = match fault {
        // Whoever limits addresses says for how long.
        TransportFault::TooManyRequests => Refusal::TooManyRequests { retry_after: SOON },
        TransportFault::BodyTooLarge => Refusal::BodyTooLarge,
        TransportFault::BodyTimeout => Refusal::RequestTimeout,
        TransportFault::BodyMalformed => Refusal::MalformedRequest(fault.description().to_owned()),
        TransportFault::Overloaded => Refusal::Overloaded,
        TransportFault::HandlerTimeout => Refusal::Unavailable,
        TransportFault::HandlerPanicked => Refusal::Internal,
    };
    render(&refusal, None, trace_id)
}

fn render(refusal: &Refusal, error_uri: Option<String>, trace_id: RequestId) -> Response {
    let row = refusal.code().row();
    tell_error_type(row.mp_code.unwrap_or(row.error.as_str()));
    let description = format!(
        "{} (trace_id: {trace_id})",
        printable(&refusal.description())
    );
    let mut body = ErrorResponse::new(row.error, description);
    if let Some(uri) = error_uri {
        body = body.with_uri(uri);
    }
    let status = StatusCode::from_u16(row.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = private_json(status, &body);
    let wait = match refusal {
        Refusal::TooManyRequests { retry_after } => Some(*retry_after),
        _ => None,
    };
    advise(&mut response, wait);
    response
}

/// Keeps what a stranger wrote from leaving the characters that RFC 6749 §5.2 allows in
/// `error_description`: printable ASCII without quotation mark and backslash. Looser in one thing:
/// the Norwegian letters stay, because scopes have them and a developer must find the scope again.
fn printable(description: &str) -> String {
    let keep = |character: char| match character {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' | 'æ' | 'ø' | 'å' | 'Æ' | 'Ø' | 'Å' => character,
        _ => '?',
    };
    description.chars().map(keep).collect()
}

/// 405 for paths that are only read.
pub(crate) fn only_get(trace_id: RequestId) -> Response {
    let description = format!("This address is only read (trace_id: {trace_id})");
    let body = ErrorResponse::new(ErrorCode::InvalidRequest, description);
    let mut response = private_json(StatusCode::METHOD_NOT_ALLOWED, &body);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// 404 that says where the surface can be read about.
pub(crate) fn not_found(served: &Served, trace_id: RequestId) -> Response {
    let metadata = served.documents.metadata_url();
    let description = format!("Nothing is here; see {metadata} (trace_id: {trace_id})");
    let body = ErrorResponse::new(ErrorCode::InvalidRequest, description);
    private_json(StatusCode::NOT_FOUND, &body)
}
