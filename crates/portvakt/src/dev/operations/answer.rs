//! Answers, and what is wrong with questions.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use portvakt_http::{RequestId, TransportFault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Why a control was not carried out; an OAuth-like error in JSON.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Problem {
    /// 400: what was sent is not what the control takes.
    pub(super) fn bad_request(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            description: description.into(),
        }
    }

    /// 403: the caller may be a web page.
    pub(super) fn forbidden(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            error: "access_denied",
            description: description.into(),
        }
    }

    /// 404.
    pub(super) fn not_found(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error: "not_found",
            description: description.into(),
        }
    }

    /// 415: another `Content-Type` is needed.
    pub(super) fn unsupported_media_type(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            error: "invalid_request",
            description: description.into(),
        }
    }

    /// 500, with the cause in the log alone.
    pub(super) fn internal(cause: &anyhow::Error) -> Self {
        tracing::error!(error = format!("{cause:#}"), "a control failed");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: "server_error",
            description: "Internal error; the log says more".to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        (self.status, NO_STORE, Json(body)).into_response()
    }
}

const NO_STORE: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// 200 with a document that nobody may keep.
pub(super) fn document(value: &impl Serialize) -> Response {
    (NO_STORE, Json(value)).into_response()
}

/// Reads a body in JSON, whose members must all be known.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    // An array would be read as the members in their order, which nobody means.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::bad_request("the body is not a JSON object"));
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("the body is not what is expected: {error}")))
}

pub(super) async fn not_found() -> Problem {
    Problem::not_found("Nothing is here; see docs/dev.md")
}

pub(super) async fn method_not_allowed() -> Response {
    let description = "This address has other methods; see docs/dev.md".to_owned();
    let body = json!({ "error": "invalid_request", "error_description": description });
    (StatusCode::METHOD_NOT_ALLOWED, NO_STORE, Json(body)).into_response()
}

pub(super) fn transport_fault(fault: TransportFault, _: RequestId) -> Response {
    let error = if fault.status().is_server_error() {
        "server_error"
    } else {
        "invalid_request"
    };
    let body = json!({ "error": error, "error_description": fault.description() });
    (fault.status(), NO_STORE, Json(body)).into_response()
}
