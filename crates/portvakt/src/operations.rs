//! What a platform asks a running process: whether it lives, and whether it can serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use portvakt_core::ports::{Revision, Store};
use portvakt_core::revision::{WaitError, wait_for};
use portvakt_http::{Limits, bounded, min_revision};
use serde_json::{Value, json};

use crate::request_ids::request_ids;

/// Whether the process is about to stop, so that no more traffic should come. Clones are handles to
/// the same fact; once begun it stays begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drain(Arc<AtomicBool>);

impl Drain {
    /// From now on the process says that it is not ready.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What readiness depends on.
#[derive(Clone)]
struct Probed {
    store: Arc<dyn Store>,
    drain: Drain,
}

/// `GET /health`: the process answers. `GET /ready`: it can also keep what it is told, so traffic
/// may come; with `Portvakt-Min-Revision`, once it has come that far.
pub(crate) fn probes(store: Arc<dyn Store>, drain: Drain) -> Router {
    Router::new()
        .route("/health", get(|| async { "OK" }))
        .route("/ready", get(ready))
        .with_state(Probed { store, drain })
}

/// Wraps what the platform asks within the bounds of a surface.
pub(crate) fn bounded_for_platform(router: Router, limits: &Limits) -> Router {
    bounded(router, limits, request_ids(), |fault, _| {
        answer(fault.status(), json!({ "status": fault.description() }))
    })
}

/// 200 with the registry's revision, or 503. The cause is for the log, not for whoever asks.
async fn ready(State(probed): State<Probed>, headers: HeaderMap) -> Response {
    if probed.drain.has_begun() {
        return answer(
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "status": "stopping" }),
        );
    }
    let wanted = match min_revision(&headers) {
        Ok(wanted) => Revision(wanted.unwrap_or_default()),
        Err(error) => {
            let body = json!({ "status": "invalid_request", "message": error.to_string() });
            return answer(StatusCode::BAD_REQUEST, body);
        }
    };
    match check(probed.store.as_ref(), wanted).await {
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
    let headers = [(CACHE_CONTROL, "no-store")];
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return (status, [(RETRY_AFTER, "1")], headers, Json(body)).into_response();
    }
    (status, headers, Json(body)).into_response()
}
