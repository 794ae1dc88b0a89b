//! `POST /par` (RFC 9126; spec: idporten §8).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use portvakt_core::login::provider::{Denied, Pushed};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::login::request::AuthorizationParameters;
use portvakt_http::RequestId;
use serde_json::json;

use crate::reading::{Basic, dpop, form};
use crate::{answer, token};

/// Keeps a request and gives its reference.
pub(crate) async fn handle(
    State(state): State<Arc<crate::State>>,
    Extension(request_id): Extension<RequestId>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method == Method::OPTIONS {
        return answer::preflight(&headers, "POST");
    }
    let basic = Basic::read(&headers);
    let mut response = match push(&state, &method, &headers, &body, &basic).await {
        Ok(pushed) => {
            let body = json!({"request_uri": pushed.request_uri, "expires_in": pushed.expires_in});
            answer::json(StatusCode::CREATED, &body)
        }
        Err(denied) => answer::denied_client(&state, request_id, "/par", &denied, &basic),
    };
    token::let_read(&state, &mut response, &headers, &body).await;
    response
}

async fn push(
    state: &crate::State,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
    basic: &Basic,
) -> Result<Pushed, Denied> {
    let form = form(method, headers, body)?;
    let parameters = AuthorizationParameters::read(&form);
    if let Some("client_id" | "redirect_uri" | "request" | "request_uri") = parameters.repeated() {
        return Err(LoginRefusalCode::RequestMalformed.into());
    }
    let credentials = basic.credentials(&form)?;
    state
        .provider
        .push(parameters, credentials, dpop(headers))
        .await
}
