//! What a platform asks a running process: whether it lives, and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use portvakt_core::ports::{Revision, Store};
use portvakt_core::revision::{WaitError, wait_for};
use portvakt_http::min_revision;
use serde_json::{Value, json};

/// `GET /health`: the process answers. `GET /ready`: it can also keep what it is told, so traffic
/// may come; with `Portvakt-Min-Revision`, once it has come that far.
pub(crate) fn probes(store: Arc<dyn Store>) -> Router {
    Router::new()
        .route("/health", get(|| async { "OK" }))
        .route("/ready", get(ready))
        .with_state(store)
}

/// 200 with the registry's revision, or 503. The cause is for the log, not for whoever asks.
async fn ready(State(store): State<Arc<dyn Store>>, headers: HeaderMap) -> Response {
    let wanted = match min_revision(&headers) {
        Ok(wanted) => Revision(wanted.unwrap_or_default()),
        Err(error) => {
            let body = json!({ "status": "invalid_request", "message": error.to_string() });
            return answer(StatusCode::BAD_REQUEST, body);
        }
    };
    match check(store.as_ref(), wanted).await {
        Ok(Revision(revision)) => {
            let body = json!({ "status": "ready", "revision": revision });
            answer(StatusCode::OK, body)
        }
        Err(WaitError::NotReached { present, .. }) => {
            let body = json!({ "status": "behind", "revision": present });
            answer(StatusCode::SERVICE_UNAVAILABLE, body)
        }
        Err(WaitError::Storage(error)) => {
            tracing::warn!(%error, "not ready");
            let body = json!({ "status": "unavailable" });
            answer(StatusCode::SERVICE_UNAVAILABLE, body)
        }
    }
}

async fn check(store: &dyn Store, wanted: Revision) -> Result<Revision, WaitError> {
    store.check().await?;
    wait_for(store, wanted, tokio::time::sleep).await
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
