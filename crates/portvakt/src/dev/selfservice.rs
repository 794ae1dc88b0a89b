//! The self-service surface with the policy of development.

use std::sync::Arc;

use axum::Router;
use portvakt_core::SystemEntropy;
use portvakt_core::refusals::RefusalSink;
use portvakt_http::Limits;
use portvakt_selfservice::{MAX_BODY_BYTES, Settings, Surface};

use super::surface::{Exchanges, Surroundings};
use crate::data_dir::Endpoints;
use crate::request_ids::request_ids;

/// Where the API begins (spec: selfservice §2.1).
pub(super) fn base_url(port: u16) -> String {
    format!("http://localhost:{port}/api/v1")
}

/// The surface, which accepts tokens of this server's own machine-to-machine issuer.
pub(super) fn router(
    endpoints: &Endpoints,
    surroundings: Surroundings,
    exchanges: Exchanges,
    refusals: Arc<dyn RefusalSink>,
) -> Router {
    portvakt_selfservice::router(Surface {
        store: surroundings.store,
        keys: surroundings.keys,
        issuer: endpoints.maskinporten.issuer.clone(),
        base_urls: vec![endpoints.selfservice.base_url.clone()],
        clock: surroundings.clock,
        entropy: Arc::new(SystemEntropy),
        request_ids: request_ids(),
        limits: Limits {
            max_body_bytes: MAX_BODY_BYTES,
            ..Limits::default()
        },
        settings: Settings::default(),
        exchange: exchanges.maskinporten,
        siblings: vec![exchanges.skyporten],
        refusals,
    })
}
