//! A request to a companion API: who asks, with which parameters and which body.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use portvakt_core::login::companion::{Api, Bearer};
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_core::person::{Pid, PidCheck};
use portvakt_core::refusals::LoginSurfacePart;
use portvakt_http::RequestId;
use portvakt_oauth_types::{Parameters, media_type};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Apis;
use crate::answer;
pub(super) use crate::reading::one;
use crate::refused::Refused;
use crate::resource::{self, ResourceRequest};

/// A request without its body.
pub(super) struct Call {
    apis: Apis,
    request_id: Option<RequestId>,
    /// Who asks, once that is proven.
    bearer: OnceLock<Arc<Bearer>>,
    /// The address with the names of its parts for their values.
    route: Option<MatchedPath>,
    pub(super) headers: HeaderMap,
    method: Method,
    path: String,
    query: String,
}

impl FromRequestParts<Apis> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, apis: &Apis) -> Result<Self, Infallible> {
        Ok(Self {
            route: parts.extensions.get().cloned(),
            bearer: OnceLock::new(),
            apis: apis.clone(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            request_id: parts.extensions.get().copied(),
            headers: parts.headers.clone(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        })
    }
}

impl Call {
    /// The parameters of the address.
    pub(super) fn query(&self) -> Result<Parameters<'_>, LoginRefusal> {
        let query = Parameters::parse(self.query.as_bytes());
        query.map_err(|_| LoginRefusalCode::RequestMalformed.into())
    }

    /// Who asks, and a line in the log about it: ids only.
    pub(super) async fn bearer(
        &self,
        api: Api,
        operation: &'static str,
    ) -> Result<Arc<Bearer>, Denied> {
        self.query()?;
        let companion = &self.apis.companion;
        let request = ResourceRequest {
            method: &self.method,
            query: &self.query,
            headers: &self.headers,
            address: &format!("{}{}", companion.base_url(api), self.path),
        };
        let request_id = self.request_id.map(|id| id.to_string());
        let bearer = companion.bearer(request.token()?, api, request_id);
        let bearer = Arc::new(bearer.await?);
        // It is asked for once.
        let _ = self.bearer.set(Arc::clone(&bearer));
        let caller = &bearer.caller;
        tracing::info!(
            request_id = self.request_id.map(tracing::field::display),
            organization = %caller.organization,
            supplier = caller.supplier.map(tracing::field::display),
            client_id = caller.client_id,
            operation,
            "companion API"
        );
        Ok(bearer)
    }

    /// The body as JSON. What is wrong with it is told without repeating any of it.
    pub(super) fn json<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, LoginRefusal> {
        let content_type = self.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(media_type::is_json) {
            return Err(LoginRefusalCode::JsonRequired.into());
        }
        serde_json::from_slice(body).map_err(|_| LoginRefusalCode::BodyInvalid.into())
    }

    /// Whether the caller takes an answer of this media type.
    pub(super) fn accepts(&self, media_type: &str) -> bool {
        let mut values = self.headers.get_all(ACCEPT).iter().peekable();
        values.peek().is_none() || values.any(|value| names(value.to_str(), media_type))
    }

    /// What came of it as an answer; a refusal is told of first.
    pub(super) async fn answer(&self, outcome: Result<Response, Denied>) -> Response {
        match outcome {
            Ok(response) => response,
            Err(denied) => self.refuse(denied).await,
        }
    }

    async fn refuse(&self, denied: Denied) -> Response {
        let companion = &self.apis.companion;
        let denied = match self.bearer.get() {
            Some(bearer) => companion.denied(bearer, denied).await,
            None => denied,
        };
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        self.apis.listeners.tell(Refused {
            request_id: self.request_id,
            at: companion.provider().now(),
            part: LoginSurfacePart::Companion,
            // As the self-service API has it in the log. A route is for the methods that it knows.
            endpoint: &format!("{route} {}", self.method),
            denied: &denied,
        });
        resource::refused(&self.headers, &denied, companion.provider().issuer())
    }

    /// JSON that nobody may keep, for callers who take JSON.
    pub(super) fn ok(&self, body: &impl Serialize) -> Result<Response, Denied> {
        if self.accepts(media_type::JSON) {
            Ok(answer::json(StatusCode::OK, body))
        } else {
            Err(LoginRefusalCode::NotAcceptable.into())
        }
    }
}

/// Whether a list of media ranges has one that names a type, and does not exclude it
/// (RFC 9110 §12.5.1).
fn names<E>(accept: Result<&str, E>, media_type: &str) -> bool {
    let group = media_type.split('/').next().unwrap_or_default();
    let group = format!("{group}/*");
    accept.is_ok_and(|accept| {
        wants(accept, |range| {
            range == "*/*"
                || range.eq_ignore_ascii_case(&group)
                || range.eq_ignore_ascii_case(media_type)
        })
    })
}

/// Whether a list of alternatives, each perhaps with a weight, has one that fits and whose weight is
/// not nothing (RFC 9110 §12.4.2).
pub(super) fn wants(list: &str, fits: impl Fn(&str) -> bool) -> bool {
    list.split(',').any(|alternative| {
        let mut parts = alternative.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let excluded = parts.any(|parameter| {
            let weight = parameter.strip_prefix("q=");
            weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32))
        });
        fits(name) && !excluded
    })
}

/// A parameter that is none of its values.
pub(super) fn malformed(name: &'static str) -> LoginRefusal {
    LoginRefusal::Parameter(LoginRefusalCode::ParameterMalformed, name)
}

/// The national identity number of a body's member: any kind, with control digits that fit.
pub(super) fn identity_number(text: &str) -> Result<Pid, LoginRefusal> {
    let pid = Pid::parse(text, PidCheck::LengthOnly).ok();
    let pid = pid.filter(|pid| pid.kind().is_some());
    let wrong = "the identity number is not valid";
    pid.ok_or(LoginRefusal::Detail(LoginRefusalCode::BodyInvalid, wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_ranges_name_types() {
        let named = |accept, media_type| names(Ok::<_, Infallible>(accept), media_type);
        for accept in [
            "*/*",
            "application/json",
            "Application/JSON; charset=utf-8",
            "text/html, application/*;q=0.1",
            "application/json;q=1.000",
        ] {
            assert!(named(accept, "application/json"), "{accept}");
        }
        for accept in [
            "",
            "text/*",
            "application/jose",
            "application/json;q=0",
            "*/*; q=0.000",
        ] {
            assert!(!named(accept, "application/json"), "{accept}");
        }
    }
}
