//! What a platform asks the operator: whether it lives, whether it does its work, and its figures.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_operator::shell::{Figures, Lead};
use serde_json::json;

use crate::operations::{Drain, bounded_for_platform};

/// The text format of Prometheus.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where they are answered.
pub(super) struct Probes {
    listener: Listener,
    router: Router,
    limits: Limits,
}

impl Probes {
    /// Takes this address.
    pub(super) async fn bind(
        address: SocketAddr,
        figures: Figures,
        lead: Lead,
        drain: Drain,
    ) -> anyhow::Result<Self> {
        let listener = Listener::bind(address).await;
        let listener = listener.with_context(|| format!("answer at {address}"))?;
        let limits = Limits::default();
        let router = bounded_for_platform(router(figures, lead, drain), &limits);
        Ok(Self {
            listener,
            router,
            limits,
        })
    }

    /// The address with its port.
    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Answers until `shutdown`.
    pub(super) async fn answer(self, shutdown: Shutdown) {
        serve(self.listener, self.router, self.limits, shutdown).await;
    }
}

/// `GET /metrics`; `GET /health`: the process answers; `GET /ready`: it looks after resources, or waits for
/// its turn to.
fn router(figures: Figures, lead: Lead, drain: Drain) -> Router {
    let metrics = async move || {
        let headers = [(CONTENT_TYPE, PROMETHEUS), (CACHE_CONTROL, "no-store")];
        (headers, figures.text())
    };
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(|| async { "OK" }))
        .route("/ready", get(async move || ready(&lead, &drain)))
}

fn ready(lead: &Lead, drain: &Drain) -> Response {
    let headers = [(CACHE_CONTROL, "no-store")];
    if drain.has_begun() {
        let body = json!({"status": "stopping"});
        return (StatusCode::SERVICE_UNAVAILABLE, headers, Json(body)).into_response();
    }
    let body = json!({"status": "ready", "leading": lead.is_held()});
    (headers, Json(body)).into_response()
}

/// Reads an address, whose host may be left out: `:8080` is every address of the machine.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let whole = if text.starts_with(':') {
        format!("0.0.0.0{text}")
    } else {
        text.to_owned()
    };
    let parsed = whole.parse();
    parsed.map_err(|_| "write an address and a port, such as :8080 or 127.0.0.1:8080".to_owned())
}
