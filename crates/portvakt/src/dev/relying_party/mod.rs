//! A relying party to look at: a page that logs in with clients of three kinds and shows every exchange
//! as it was, the request, the answer and what the tokens say.
//!
//! It is a server of its own beside the provider, as services are, on a port of its own; it knows the
//! provider by its metadata, and what it holds of a visitor is in memory. [`party`] says who logs in,
//! [`login`] and [`acts`] do it, [`wire`] writes down what went over it, [`page`] shows that.

mod acts;
mod guard;
mod login;
mod page;
mod party;
mod provider;
mod step;
mod visits;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use portvakt_http::bounded;

use self::visits::Visits;
use self::wire::Wire;
use super::clock::DevClock;
use super::loopback::LoopbackNames;
use crate::request_ids::request_ids;

/// The clients, with `{port}` where the page's own port goes.
const REGISTRY: &str = include_str!("registry.yaml");

/// The registry file of the clients of a page on this port.
pub(super) fn registry(port: u16) -> String {
    REGISTRY.replace("{port}", &port.to_string())
}

/// Where the page is.
pub(super) fn base_url(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// What the page is made of.
pub(super) struct Setup {
    /// The port that it is served on.
    pub(super) port: u16,
    /// The provider that people log in at.
    pub(super) issuer: String,
    /// Where the provider's metadata is.
    pub(super) well_known: String,
    /// Where the clients' private keys are.
    pub(super) keys: PathBuf,
    /// The server's clock, which assertions are made by.
    pub(super) clock: Arc<DevClock>,
}

/// What every request sees.
struct State {
    port: u16,
    issuer: String,
    well_known: String,
    keys: PathBuf,
    clock: Arc<DevClock>,
    wire: Wire,
    visits: Visits,
}

impl State {
    fn origin(&self) -> String {
        base_url(self.port)
    }
}

/// The page as a router.
pub(super) fn router(setup: Setup) -> anyhow::Result<Router> {
    let Setup {
        port,
        issuer,
        well_known,
        keys,
        clock,
    } = setup;
    let state = Arc::new(State {
        port,
        issuer,
        well_known,
        keys,
        clock,
        wire: Wire::new().context("prepare the demonstration's requests")?,
        visits: Visits::default(),
    });
    let router = Router::new()
        .route("/", get(page::show))
        .route("/style.css", get(page::style))
        .route("/login", post(login::begin))
        .route("/callback", get(login::finish))
        .route("/app", get(login::finish_app))
        .route("/act", post(acts::act))
        .route("/logout", post(acts::log_out))
        .route("/after", get(acts::after))
        .route("/frontchannel", get(acts::notified))
        .with_state(state);
    let router = router.layer(from_fn_with_state(LoopbackNames::new(port), guard::guard));
    let limits = super::surface::limits();
    Ok(bounded(router, &limits, request_ids(), page::fault))
}
