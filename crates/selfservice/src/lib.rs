//! The self-service REST API: organizations administer their clients, keys, scopes and access
//! (spec: selfservice §2 to §11).
//!
//! It turns requests into use-cases of [`portvakt_core::administration`] and their results into
//! answers. It knows no SQL and decides nothing of its own but who is asking. Start reading at
//! [`router`], then `routes`.
//!
//! The operator's API is [`operator_router`]: another router, for another listener, of which the
//! public one knows nothing (spec: selfservice §14).

mod audit;
mod authority;
mod body;
mod call;
mod changes;
mod clients;
mod etag;
mod explain;
mod faults;
mod lists;
mod min_revision;
mod openapi;
mod operator;
mod problem;
mod query;
mod refused;
mod reply;
mod routes;
mod scopes;
mod settings;
mod usage;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use portvakt_core::grant::TokenExchange;
use portvakt_core::ports::Store;
use portvakt_core::refusals::RefusalSink;
use portvakt_core::signing::SigningKeys;
use portvakt_core::{Clock, Entropy};
use portvakt_http::{FairShares, Limits, RateLimits, RequestIdSource, bounded, limit_addresses};
use tokio::sync::Semaphore;

pub use self::operator::{KeyRotation, OPERATOR_BASE_PATH, OperatorSurface, operator_router};
pub use self::routes::{below_base, paths as routes};
pub use self::settings::{MAX_BODY_BYTES, Settings, ZeroLifetime};

/// What the surface is made of.
pub struct Surface {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The keys of the issuer whose tokens are accepted.
    pub keys: Arc<SigningKeys>,
    /// That issuer, byte for byte.
    pub issuer: String,
    /// The addresses that the API is reached at; a token's `aud` begins with one of them, if the
    /// token has one.
    pub base_urls: Vec<String>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Makes client ids.
    pub entropy: Arc<dyn Entropy>,
    /// Makes request ids, which are the `correlation_id` of errors too.
    pub request_ids: RequestIdSource,
    /// Bounds of size and time; bodies are to be bounded by [`MAX_BODY_BYTES`].
    pub limits: Limits,
    /// How often addresses, clients and organizations may ask.
    pub rates: RateLimits,
    /// What a deployment decides.
    pub settings: Settings,
    /// Decides about the grants that are explained, unless they are for a sibling.
    pub exchange: TokenExchange,
    /// Further issuers, each chosen by the audience of the grant.
    pub siblings: Vec<TokenExchange>,
    /// Hears of refused administration.
    pub refusals: Arc<dyn RefusalSink>,
}

/// The surface as a router.
pub fn router(surface: Surface) -> Router {
    assemble(surface, |state| routes::all().with_state(state))
}

/// The routes within what every answer has in common.
fn assemble(surface: Surface, build: impl FnOnce(Arc<State>) -> Router) -> Router {
    let clock = surface.clock.clone();
    let (limits, rates, request_ids) = (surface.limits, surface.rates, surface.request_ids);
    let state = Arc::new(State {
        store: surface.store,
        keys: surface.keys,
        issuer: surface.issuer,
        base_urls: surface.base_urls,
        clock: surface.clock,
        entropy: surface.entropy,
        settings: surface.settings,
        snapshots: scopes::pages::permits(),
        waiting: min_revision::permits(limits.max_requests),
        exchange: surface.exchange,
        siblings: surface.siblings,
        refusals: surface.refusals,
        shares: rates.shares,
    });
    let router = build(state.clone()).layer(from_fn_with_state(state, refused::observe));
    let fault = problem::transport_fault;
    let router = bounded(router, &limits, request_ids.clone(), fault);
    limit_addresses(router, rates.addresses, request_ids, fault)
        .layer(from_fn_with_state(clock, problem::finish))
}

pub(crate) struct State {
    store: Arc<dyn Store>,
    keys: Arc<SigningKeys>,
    issuer: String,
    base_urls: Vec<String>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    settings: Settings,
    /// One for each transaction that may stay open while a client reads.
    snapshots: Arc<Semaphore>,
    /// One for each request that may wait for a revision.
    waiting: Semaphore,
    exchange: TokenExchange,
    siblings: Vec<TokenExchange>,
    refusals: Arc<dyn RefusalSink>,
    shares: Option<Arc<FairShares>>,
}
