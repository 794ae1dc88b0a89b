//! Refusals: one status for each, one body for all (spec: selfservice §3.5, §4).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use portvakt_api_types::{ErrorBody, ErrorItem};
use portvakt_core::Clock;
use portvakt_core::administration::{AdministrationError, FieldFault, RecordKind};
use portvakt_core::bearer::BearerError;
use portvakt_core::ports::StorageError;
use portvakt_http::{RequestId, TransportFault, X_REQUEST_ID, retry_after};

/// Error bodies are short: automation copies them whole into events.
const MAX_ITEMS: usize = 25;
const MAX_MESSAGE_CHARACTERS: usize = 300;
const MAX_FIELD_CHARACTERS: usize = 100;

/// What a refusal is about; `objectName` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Client,
    Scope,
    ScopeAccess,
    Jwks,
    OnBehalfOf,
    Organization,
    Prefix,
    DelegationSource,
    Delegation,
    SigningKey,
    AuditEntry,
    Explanation,
    Audit,
    Changes,
    /// The request itself, where no resource was reached.
    Request,
}

impl Object {
    fn as_str(self) -> &'static str {
        match self {
            Self::Client => "Client",
            Self::Scope => "Scope",
            Self::ScopeAccess => "ScopeAccess",
            Self::Jwks => "Jwks",
            Self::OnBehalfOf => "OnBehalfOf",
            Self::Organization => "Organization",
            Self::Prefix => "Prefix",
            Self::DelegationSource => "DelegationSource",
            Self::Delegation => "Delegation",
            Self::SigningKey => "SigningKey",
            Self::AuditEntry => "AuditEntry",
            Self::Explanation => "Explanation",
            Self::Audit => "Audit",
            Self::Changes => "Changes",
            Self::Request => "Request",
        }
    }
}

/// A request that is not carried out.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    items: Vec<ErrorItem>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// Something is wrong that is no attribute.
    pub(crate) fn new(status: StatusCode, object: Object, message: &str) -> Self {
        Self {
            status,
            items: vec![item(object, message, None)],
            header: None,
        }
    }

    /// One attribute is wrong; `message` says which and why.
    pub(crate) fn field(status: StatusCode, object: Object, field: &str, message: &str) -> Self {
        Self {
            status,
            items: vec![item(object, message, Some(field))],
            header: None,
        }
    }

    /// The resource does not exist as far as the caller may know.
    pub(crate) fn not_found(object: Object) -> Self {
        Self::new(StatusCode::NOT_FOUND, object, "No such resource")
    }

    /// The caller sees the resource and may not do this with it.
    pub(crate) fn forbidden(object: Object, message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, object, message)
    }

    /// `If-Match` names another version.
    pub(crate) fn precondition_failed(object: Object) -> Self {
        let message = "The resource has changed since it was read: read it again";
        Self::new(StatusCode::PRECONDITION_FAILED, object, message)
    }

    /// No caller is proven (RFC 6750 §3.1): without a token the challenge names no error.
    pub(crate) fn unauthenticated(error: &BearerError) -> Self {
        let challenge = match error {
            BearerError::Missing => "Bearer",
            _ => "Bearer error=\"invalid_token\"",
        };
        Self {
            header: Some((WWW_AUTHENTICATE, HeaderValue::from_static(challenge))),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                Object::Request,
                &error.to_string(),
            )
        }
    }

    /// The token has none of the scopes of which one is needed.
    pub(crate) fn insufficient_scope(any_of: &[&str]) -> Self {
        let scopes = any_of.join(" ");
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\"");
        let message = format!("The token needs one of the scopes {scopes}");
        Self {
            header: HeaderValue::try_from(challenge)
                .ok()
                .map(|value| (WWW_AUTHENTICATE, value)),
            ..Self::new(StatusCode::FORBIDDEN, Object::Request, &message)
        }
    }

    /// A use-case was refused: every variant has its status here and nowhere else.
    pub(crate) fn of(error: AdministrationError, object: Object) -> Self {
        let message = error.to_string();
        match error {
            AdministrationError::NotFound { .. } => {
                Self::new(StatusCode::NOT_FOUND, object, &message)
            }
            AdministrationError::AlreadyExists { kind, .. } => match identifying_field(kind) {
                Some(field) => Self::field(StatusCode::CONFLICT, object, field, &message),
                None => Self::new(StatusCode::CONFLICT, object, &message),
            },
            AdministrationError::Invalid(faults) => {
                Self::fields(StatusCode::BAD_REQUEST, object, &faults)
            }
            AdministrationError::Forbidden(faults) => {
                Self::fields(StatusCode::FORBIDDEN, object, &faults)
            }
            AdministrationError::Conflict(_) => Self::new(StatusCode::CONFLICT, object, &message),
            AdministrationError::Storage(error) => Self::storage(&error),
            AdministrationError::Entropy(_) => Self::unavailable(),
        }
    }

    /// A refusal of a use-case as one about `object`.
    pub(crate) fn about(object: Object) -> impl Fn(AdministrationError) -> Self {
        move |error| Self::of(error, object)
    }

    /// The store failed. What it said is for the log.
    pub(crate) fn storage(error: &StorageError) -> Self {
        tracing::error!(%error, "the store failed");
        match error {
            StorageError::Unavailable(_) => Self::unavailable(),
            StorageError::Corrupt { .. } | StorageError::Refused(_) => Self::internal(),
        }
    }

    /// The server is at fault; the log says how.
    pub(crate) fn internal() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, Object::Request, "Internal error")
    }

    fn unavailable() -> Self {
        let message = "The service cannot answer now: try again";
        Self {
            header: Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, Object::Request, message)
        }
    }

    /// The client, or its organization, sends more requests than it may.
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let message = "Too many requests: wait for the seconds that Retry-After says";
        Self {
            header: Some((RETRY_AFTER, retry_after(wait))),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, Object::Request, message)
        }
    }

    /// 412: the state that the caller asks for may come, or never. It is no fault of the server's,
    /// since a caller can ask for any.
    pub(crate) fn too_early(message: &str) -> Self {
        Self {
            header: Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            ..Self::new(StatusCode::PRECONDITION_FAILED, Object::Request, message)
        }
    }

    fn fields(status: StatusCode, object: Object, faults: &[FieldFault]) -> Self {
        let items = faults.iter().take(MAX_ITEMS);
        Self {
            status,
            items: items
                .map(|fault| item(object, &fault.to_string(), Some(&fault.field)))
                .collect(),
            header: None,
        }
    }
}

/// The attribute that makes a record the one that exists already.
fn identifying_field(kind: RecordKind) -> Option<&'static str> {
    match kind {
        RecordKind::Scope => Some("subscope"),
        RecordKind::Client => Some("client_id"),
        RecordKind::OnBehalfOf => Some("onbehalfof"),
        RecordKind::Key => Some("kid"),
        RecordKind::Prefix => Some("prefix"),
        RecordKind::DelegationSource => Some("issuer"),
        RecordKind::Organization
        | RecordKind::Access
        | RecordKind::Person
        | RecordKind::Delegation
        | RecordKind::SystemUser
        | RecordKind::Consent
        | RecordKind::IdentityMatch => None,
    }
}

fn item(object: Object, message: &str, field: Option<&str>) -> ErrorItem {
    ErrorItem {
        error_message: clip(message, MAX_MESSAGE_CHARACTERS),
        is_field_error: field.is_some(),
        object_name: object.as_str().to_owned(),
        field_identifier: field.map(|field| clip(field, MAX_FIELD_CHARACTERS)),
    }
}

/// The beginning of a text that may quote a stranger, without what could steer a terminal.
fn clip(text: &str, characters: usize) -> String {
    let printable = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c });
    printable.take(characters).collect()
}

/// The problems of an answer whose body [`finish`] writes.
#[derive(Clone)]
struct Items(Vec<ErrorItem>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(Items(self.items));
        response
    }
}

/// A request that was answered without its handler.
pub(crate) fn transport_fault(fault: TransportFault, _: RequestId) -> Response {
    let problem = Problem::new(fault.status(), Object::Request, fault.description());
    let mut response = problem.into_response();
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Writes the body of every refusal, also of those that the router makes by itself, and says of
/// every answer that does not say otherwise that nobody may keep it.
pub(crate) async fn finish(
    State(clock): State<Arc<dyn Clock>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        response = with_body(response, clock.as_ref());
    }
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn with_body(mut response: Response, clock: &dyn Clock) -> Response {
    let status = response.status();
    let items = match response.extensions_mut().remove::<Items>() {
        Some(Items(items)) => items,
        None => vec![item(Object::Request, by_itself(status), None)],
    };
    let request_id = response.headers().get(X_REQUEST_ID);
    let request_id = request_id
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let body = ErrorBody::new(
        status.as_u16(),
        clock.now().to_string(),
        request_id.to_owned(),
        items,
    );
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    response.map(|_| Body::from(bytes))
}

/// What the router means when it answers without a handler.
fn by_itself(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Nothing is at this address",
        StatusCode::METHOD_NOT_ALLOWED => "The address does not offer this method: see Allow",
        _ => "The request cannot be read",
    }
}
