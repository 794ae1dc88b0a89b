//! What is asked with a token, or about one: userinfo, introspection, revocation
//! (spec: idporten §12 to §14).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use portvakt_core::login::claims::Userinfo;
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_http::RequestId;

use crate::reading::{Basic, form, one};
use crate::resource::{self, ResourceRequest};
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
        Method::GET | Method::POST => {
            let address = state.provider.issuer().url("userinfo");
            let request = ResourceRequest {
                method: &method,
                query: uri.query().unwrap_or_default(),
                headers: &headers,
                address: &address,
            };
            match person(&state, &request).await {
                Ok(userinfo) => answer::json(StatusCode::OK, &userinfo),
                Err(denied) => {
                    state.tell(request_id, "/userinfo", &denied);
                    resource::refused(&headers, &denied, state.provider.issuer())
                }
            }
        }
        Method::OPTIONS => answer::preflight(&headers, "POST"),
        _ => {
            let denied = Denied::from(LoginRefusalCode::MethodNotAllowed);
            state.tell(request_id, "/userinfo", &denied);
            let mut response = answer::refusal(&denied.refusal);
            let allow = HeaderValue::from_static("GET, POST");
            response.headers_mut().insert(ALLOW, allow);
            response
        }
    };
    resource::readable_by_all(&mut response);
    response
}

async fn person(state: &crate::State, request: &ResourceRequest<'_>) -> Result<Userinfo, Denied> {
    state.provider.userinfo(request.token()?).await
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
        Err(denied) => {
            answer::denied_client(&state, request_id, "/token/introspect", &denied, &basic)
        }
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
        return answer::preflight(&headers, "POST");
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
        Err(denied) => answer::denied_client(&state, request_id, "/token/revoke", &denied, &basic),
    };
    token::let_read(&state, &mut response, &headers, &body).await;
    response
}
