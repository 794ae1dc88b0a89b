//! `POST /token` (spec: maskinporten §3).

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::Response;
use portvakt_core::client::ClientId;
use portvakt_core::grant::{Denied, IssuedToken};
use portvakt_core::organization::OrgNumber;
use portvakt_core::refusal::Refusal;
use portvakt_http::{RequestId, TraceId};
use portvakt_oauth_types::{GrantType, TokenRequest, TokenRequestError, media_type};

use crate::answer;
use crate::observer::Decision;
use crate::shares::member;
use crate::state::{Served, State};

/// Parse once, decide, answer.
pub(crate) async fn handle(
    state: &State,
    served: &Served,
    head: &Parts,
    body: &[u8],
    request_id: RequestId,
) -> Response {
    let result = match assertion(head, body) {
        Ok(request) => served.exchange.exchange(&request.assertion).await,
        Err(refusal) => Err(Denied::from(refusal)),
    };
    let issuer = served.exchange.issuer();
    log(request_id, head.extensions.get().copied(), &result);
    state.observer.decided(&Decision {
        request_id,
        issuer,
        at: served.exchange.now(),
        result: &result,
    });
    let shares = state.shares.as_ref();
    let told = shares.and_then(|shares| Some((shares, proven(&result)?)));
    let mut response = match result {
        Ok(token) => answer::token(token),
        Err(denied) => answer::refusal(&denied.refusal, issuer, request_id),
    };
    if let Some((shares, (client_id, organization))) = told {
        shares.tell(member(&client_id, &organization), response.headers_mut());
    }
    response
}

/// The client that the request proved to be from, and its organization.
fn proven(result: &Result<IssuedToken, Denied>) -> Option<(ClientId, OrgNumber)> {
    let (client_id, consumer, supplier) = match result {
        Ok(token) => {
            let for_whom = token.acting_for;
            (&token.client_id, for_whom.consumer, for_whom.supplier)
        }
        Err(denied) => {
            let sender = denied.proven()?;
            (
                &sender.client_id,
                sender.client_orgno,
                sender.supplier_orgno,
            )
        }
    };
    Some((client_id.clone(), supplier.unwrap_or(consumer)))
}

fn assertion<'a>(head: &Parts, body: &'a [u8]) -> Result<TokenRequest<'a>, Refusal> {
    if head.method != Method::POST {
        return Err(Refusal::MethodNotAllowed);
    }
    let content_type = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(media_type::is_form) {
        return Err(Refusal::UnsupportedMediaType);
    }
    let request = TokenRequest::parse(body).map_err(|error| match error {
        TokenRequestError::UnsupportedGrantType => Refusal::UnsupportedGrantType,
        other => Refusal::MalformedRequest(other.to_string()),
    })?;
    match request.grant_type {
        GrantType::JwtBearer => Ok(request),
    }
}

/// One line for each decision. Ids only: no token, no assertion, no person.
fn log(request_id: RequestId, trace_id: Option<TraceId>, result: &Result<IssuedToken, Denied>) {
    let trace_id = trace_id.map(tracing::field::display);
    match result {
        Ok(token) => tracing::info!(
            %request_id,
            trace_id,
            client_id = %token.client_id,
            scope = token.scope,
            jti = token.jti,
            "token issued"
        ),
        Err(Denied {
            refusal,
            client_id,
            cause: None,
            ..
        }) => tracing::info!(
            %request_id,
            trace_id,
            client_id = client_id.as_deref(),
            refusal = refusal.code().name(),
            "token refused"
        ),
        Err(Denied {
            refusal,
            client_id,
            cause: Some(cause),
            ..
        }) => tracing::error!(
            %request_id,
            trace_id,
            client_id = client_id.as_deref(),
            refusal = refusal.code().name(),
            cause,
            "token request failed"
        ),
    }
}
