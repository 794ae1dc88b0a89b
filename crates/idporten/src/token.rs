//! `POST /token` (spec: idporten §10).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use portvakt_core::login::provider::{CodeRequest, Denied, RefreshRequest, Tokens};
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_http::RequestId;
use portvakt_oauth_types::Parameters;
use serde::Serialize;

use crate::answer;
use crate::observer::{Event, Grant};
use crate::reading::{Basic, dpop, form, one};

#[derive(Serialize)]
struct TokenAnswer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    scope: &'a str,
}

/// Parse once, decide, answer.
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
    let mut response = match exchange(&state, &method, &headers, &body, &basic).await {
        Ok(tokens) => {
            tracing::info!(
                %request_id,
                client_id = tokens.client_id,
                scope = tokens.scope,
                jti = tokens.jti,
                "token issued"
            );
            answer::json(StatusCode::OK, &TokenAnswer::from(&tokens))
        }
        Err(denied) => answer::denied_client(&state, request_id, "/token", &denied, &basic),
    };
    let_read(&state, &mut response, &headers, &body).await;
    response
}

impl<'a> From<&'a Tokens> for TokenAnswer<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        let refresh = tokens.refresh_token.as_ref();
        Self {
            access_token: &tokens.access_token,
            token_type: tokens.token_type,
            expires_in: tokens.expires_in,
            refresh_token: refresh.map(|(token, _)| token.as_str()),
            refresh_token_expires_in: refresh.map(|(_, seconds)| *seconds),
            id_token: tokens.id_token.as_deref(),
            scope: &tokens.scope,
        }
    }
}

async fn exchange(
    state: &crate::State,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
    basic: &Basic,
) -> Result<Tokens, Denied> {
    let form = form(method, headers, body)?;
    let credentials = basic.credentials(&form)?;
    let resources: Vec<_> = form.all("resource").collect();
    match one(&form, "grant_type")? {
        Some("authorization_code") => {
            let request = CodeRequest {
                code: one(&form, "code")?,
                redirect_uri: one(&form, "redirect_uri")?,
                code_verifier: one(&form, "code_verifier")?,
                resources: &resources,
                dpop: dpop(headers),
            };
            let tokens = state.provider.redeem(request, credentials).await?;
            state
                .listeners
                .heard(Event::Issued(Grant::AuthorizationCode));
            Ok(tokens)
        }
        Some("refresh_token") => {
            let request = RefreshRequest {
                refresh_token: one(&form, "refresh_token")?,
                scope: one(&form, "scope")?,
                resources: &resources,
                dpop: dpop(headers),
            };
            let tokens = state.provider.refresh(request, credentials).await?;
            state.listeners.heard(Event::Issued(Grant::RefreshToken));
            Ok(tokens)
        }
        Some(_) => Err(LoginRefusalCode::GrantTypeUnsupported.into()),
        None => {
            let missing = LoginRefusalCode::ParameterMissing;
            Err(LoginRefusal::Parameter(missing, "grant_type").into())
        }
    }
}

/// Lets scripts of a browser client's own origin read the answer.
pub(crate) async fn let_read(
    state: &crate::State,
    response: &mut Response,
    headers: &HeaderMap,
    body: &[u8],
) {
    if !headers.contains_key(ORIGIN) {
        return;
    }
    let parameters = Parameters::parse(body).unwrap_or_default();
    let Ok(Some(client_id)) = parameters.one("client_id") else {
        return;
    };
    let client = state.provider.public_registration(client_id).await;
    let client = client.as_ref().map(|record| &record.client);
    answer::readable_by(response, headers, client);
}
