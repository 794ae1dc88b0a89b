//! Carries scripts out, in front of the surface.

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};

use super::{Fault, Faults};
use crate::dev::signing_keys::SigningKeys;
use crate::dev::surface_name::SurfaceName;

/// How much of a request is read before it is failed. What a client has not got rid of when the
/// connection closes can cost it the answer.
const MAX_READ_BYTES: usize = 1024 * 1024;

/// What the layer works with.
#[derive(Clone)]
pub(crate) struct Faulty {
    /// The surface behind it.
    pub(crate) surface: SurfaceName,
    /// What waits.
    pub(crate) faults: Arc<Faults>,
    /// What is rotated.
    pub(crate) keys: Arc<SigningKeys>,
}

/// Middleware: carries out the next script for the endpoint, or none.
pub(crate) async fn inject(State(faulty): State<Faulty>, request: Request, next: Next) -> Response {
    let Some(fault) = faulty.faults.take(faulty.surface, request.uri().path()) else {
        return next.run(request).await;
    };
    tracing::info!(path = request.uri().path(), ?fault, "scripted fault");
    match fault {
        Fault::Status(status, body) => {
            swallow(request).await;
            answer(status, body)
        }
        Fault::DropConnection => {
            swallow(request).await;
            no_answer()
        }
        Fault::Delay(delay) => {
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Fault::RotateKeys => match faulty.keys.rotate().await {
            Ok(_) => next.run(request).await,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "cannot rotate the signing keys"
                );
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
    }
}

async fn swallow(request: Request) {
    // A body that cannot be read to its end changes nothing: the call fails anyhow.
    let _ = axum::body::to_bytes(request.into_body(), MAX_READ_BYTES).await;
}

fn answer(status: StatusCode, body: Option<Value>) -> Response {
    let body = body.unwrap_or_else(
        || json!({ "error": "scripted_fault", "error_description": "A fault on purpose" }),
    );
    match body {
        Value::String(text) => (status, text).into_response(),
        other => (status, Json(other)).into_response(),
    }
}

/// An answer whose body fails before its first byte: the connection is closed while the status line
/// is still in memory, so the client gets nothing at all.
fn no_answer() -> Response {
    let failure = stream::once(async { Err::<Vec<u8>, _>(io::Error::other("dropped on purpose")) });
    Body::from_stream(failure).into_response()
}
