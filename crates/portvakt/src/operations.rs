//! What a platform asks a running process: whether it lives, and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use portvakt_core::ports::Store;
use serde_json::json;

/// `GET /health`: the process answers. `GET /ready`: it can also keep what it is told, so traffic
/// may come.
pub(crate) fn probes(store: Arc<dyn Store>) -> Router {
    Router::new()
        .route("/health", get(|| async { "OK" }))
        .route("/ready", get(ready))
        .with_state(store)
}

/// 200 with the registry's revision, or 503. The cause is for the log, not for whoever asks.
async fn ready(State(store): State<Arc<dyn Store>>) -> Response {
    let checked = match store.check().await {
        Ok(()) => store.revision().await,
        Err(error) => Err(error),
    };
    let (status, body) = match checked {
        Ok(revision) => (
            StatusCode::OK,
            json!({ "status": "ready", "revision": revision.0 }),
        ),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({ "status": "unavailable" }),
            )
        }
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
