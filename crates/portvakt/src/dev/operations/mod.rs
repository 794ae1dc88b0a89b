//! The operations port: health, readiness, the operator's API, and the developer's controls under
//! `/dev`.
//!
//! Whoever reaches this port controls the server, so web pages must not: see [`guard`]. Every
//! control is described, with a `curl` line, in `docs/dev.md`; a test runs those lines. The
//! operator's API asks for a token besides.

mod answer;
mod clock;
mod explain;
mod faults;
mod guard;
mod keys;
mod requests;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use portvakt_core::cache::CachedStore;
use portvakt_http::{Limits, bounded};

use super::clock::DevClock;
use super::faults::Faults;
use super::journal::Journal;
use super::loopback::LoopbackNames;
use super::signing_keys::SigningKeys;
use super::surface::Exchanges;
use crate::operations::{Drain, probes};
use crate::request_ids::request_ids;

/// What the controls control.
#[derive(Clone)]
pub(super) struct Controls {
    pub(super) store: Arc<CachedStore>,
    pub(super) clock: Arc<DevClock>,
    pub(super) keys: Arc<SigningKeys>,
    pub(super) login_keys: Arc<SigningKeys>,
    pub(super) faults: Arc<Faults>,
    pub(super) journal: Arc<Journal>,
    pub(super) exchanges: Exchanges,
}

/// The port's router. `operator` answers below its own path, within its own bounds.
pub(super) fn router(controls: Controls, operator: Router, port: u16) -> Router {
    let allowed = LoopbackNames::new(port);
    let probes = probes(controls.store.clone(), Drain::default());
    let router = Router::new()
        .route(
            "/dev/clock",
            get(clock::show).put(clock::change).delete(clock::reset),
        )
        .route(
            "/dev/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/dev/keys/rotate", post(keys::rotate))
        .route("/dev/tokens", post(tokens::mint))
        .route("/dev/explain", post(explain::explain))
        .route("/dev/requests", get(requests::list))
        .route("/dev/requests/{request_id}", get(requests::show))
        .with_state(controls)
        .merge(probes)
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(from_fn_with_state(allowed.clone(), guard::guard));
    let controls = bounded(
        router,
        &Limits::default(),
        request_ids(),
        answer::transport_fault,
    );
    controls.merge(operator.layer(from_fn_with_state(allowed, guard::guard)))
}
