//! What is asked with a token, or about one: userinfo, introspection, revocation
//! (spec: idporten §12 to §14).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_http::RequestId;
use portvakt_oauth_types::Parameters;

use crate::reading::{Basic, Bearer, form, one};
use crate::{answer, token};

/// `GET` or `POST /userinfo`.
pub(crate) async fn userinfo(
    State(state): State<Arc<crate::State>>,
    Extension(request_id): Extension<RequestId>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut response = match method {
        Method::GET | Method::POST => match person(&state, &uri, &headers).await {
            Ok(response) => response,
            Err(denied) => {
                answer::log(request_id, "userinfo", &denied);
                challenge(&denied)
            }
        },
        Method::OPTIONS => answer::preflight(&headers),
        _ => {
            let mut response = answer::refusal(&LoginRefusalCode::MethodNotAllowed.into());
            let allow = HeaderValue::from_static("GET, POST");
            response.headers_mut().insert(ALLOW, allow);
            response
        }
    };
    let everybody = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
    response
}

async fn person(state: &crate::State, uri: &Uri, headers: &HeaderMap) -> Result<Response, Denied> {
    let query = Parameters::parse(uri.query().unwrap_or_default().as_bytes());
    if query.is_ok_and(|query| query.contains("access_token")) {
        return Err(LoginRefusalCode::TokenInQuery.into());
    }
    match Bearer::read(headers) {
        Bearer::Missing => Err(LoginRefusalCode::TokenMissing.into()),
        Bearer::Malformed => Err(LoginRefusalCode::TokenInvalid.into()),
        Bearer::Token(token) => {
            let userinfo = state.provider.userinfo(token).await?;
            Ok(answer::json(StatusCode::OK, &userinfo))
        }
    }
}

/// RFC 6750 §3: who sent no token is told how, and nothing more.
pub(crate) fn challenge(denied: &Denied) -> Response {
    let code = denied.refusal.code();
    let mut response = answer::refusal(&denied.refusal);
    if let LoginRefusal::OneOf(scopes) = &denied.refusal {
        let scopes = scopes.join(" ");
        let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scopes}""#);
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        return response;
    }
    let challenge = match code {
        LoginRefusalCode::TokenMissing => "Bearer",
        LoginRefusalCode::TokenInvalid => r#"Bearer error="invalid_token""#,
        LoginRefusalCode::ProfileScopeRequired => {
            r#"Bearer error="insufficient_scope", scope="profile""#
        }
        _ => return response,
    };
    let headers = response.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// `POST /token/introspect`
pub(crate) async fn introspect(
    State(state): State<Arc<crate::State>>,
    Extension(request_id): Extension<RequestId>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let basic = Basic::read(&headers);
    let asked = async {
        let form = form(&method, &headers, &body)?;
        let credentials = basic.credentials(&form)?;
        let token = one(&form, "token")?;
        state.provider.introspect(token, credentials).await
    };
    match asked.await {
        Ok(body) => answer::json(StatusCode::OK, &body),
        Err(denied) => answer::denied_client(&state, request_id, "introspect", &denied, &basic),
    }
}

/// `POST /token/revoke`
pub(crate) async fn revoke(
    State(state): State<Arc<crate::State>>,
    Extension(request_id): Extension<RequestId>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method == Method::OPTIONS {
        return answer::preflight(&headers);
    }
    let basic = Basic::read(&headers);
    let asked = async {
        let form = form(&method, &headers, &body)?;
        let credentials = basic.credentials(&form)?;
        let token = one(&form, "token")?;
        state.provider.revoke(token, credentials).await
    };
    let mut response = match asked.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(denied) => answer::denied_client(&state, request_id, "revoke", &denied, &basic),
    };
    token::let_read(&state, &mut response, &headers, &body).await;
    response
}
