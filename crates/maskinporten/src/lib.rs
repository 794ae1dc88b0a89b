//! The machine-to-machine surface: token endpoint, metadata, keys and error pages over HTTP
//! (spec: maskinporten §3, §12).
//!
//! It turns requests into calls of [`TokenExchange`] and its results into answers. It knows no
//! SQL and takes no decision of its own. Start reading at [`router`].

mod answer;
mod documents;
mod error_page;
mod observer;
mod shares;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::routing::{any, get};
use portvakt_core::grant::TokenExchange;
use portvakt_http::{FairShares, Limits, RateLimits, RequestIdSource, bounded, limit_addresses};

pub use self::observer::{Decision, Observer, Unobserved};
pub use self::shares::TokenShares;

use self::documents::Documents;

/// What the surface is made of.
pub struct Surface {
    /// The issuer that answers, unless a request names a sibling's host.
    pub exchange: TokenExchange,
    /// Further issuers, each chosen by the host of its identifier (Skyporten beside Maskinporten).
    pub siblings: Vec<TokenExchange>,
    /// Hears of every decision.
    pub observer: Arc<dyn Observer>,
    /// Makes request ids, which are the trace ids of error descriptions too.
    pub request_ids: RequestIdSource,
    /// Bounds of size and time.
    pub limits: Limits,
    /// How often addresses may ask, and the shares of which clients are told. That they are kept to is
    /// for the exchanges to see to.
    pub rates: RateLimits,
    /// How long metadata and keys may be cached, in seconds.
    pub cache_seconds: u32,
}

/// The addresses that the surface answers, as its router spells them without a slash at the end.
pub const ROUTES: [&str; 6] = [
    TOKEN,
    KEYS,
    HEALTH,
    ERROR_PAGE,
    documents::PATHS[0],
    documents::PATHS[1],
];

const TOKEN: &str = "/token";
const KEYS: &str = "/jwk";
const HEALTH: &str = "/health";
const ERROR_PAGE: &str = "/errors/{code}";

/// The surface as a router.
pub fn router(surface: Surface) -> Router {
    let Surface {
        exchange,
        siblings,
        observer,
        request_ids,
        limits,
        rates,
        cache_seconds,
    } = surface;
    let documents = |exchange: &TokenExchange| Documents::new(exchange.issuer(), cache_seconds);
    let state = Arc::new(State {
        primary: Served {
            documents: documents(&exchange),
            exchange,
        },
        siblings: siblings
            .into_iter()
            .map(|exchange| Served {
                documents: documents(&exchange),
                exchange,
            })
            .collect(),
        observer,
        shares: rates.shares,
    });
    let router = Router::new()
        .route(TOKEN, any(token::handle))
        .route(KEYS, get(documents::keys).fallback(answer::only_get))
        .route(HEALTH, get(|| async { "OK" }).fallback(answer::only_get))
        .route(
            ERROR_PAGE,
            get(error_page::handle).fallback(answer::only_get),
        )
        .fallback(answer::not_found);
    // A published client appends a slash to the metadata path (spec: maskinporten §12.1).
    let router = documents::PATHS.into_iter().fold(router, |router, path| {
        router
            .route(path, get(documents::metadata).fallback(answer::only_get))
            .route(
                &format!("{path}/"),
                get(documents::metadata).fallback(answer::only_get),
            )
    });
    let router = router.with_state(state);
    let fault = answer::transport_fault;
    let router = bounded(router, &limits, request_ids.clone(), fault);
    limit_addresses(router, rates.addresses, request_ids, fault)
}

struct State {
    primary: Served,
    siblings: Vec<Served>,
    observer: Arc<dyn Observer>,
    shares: Option<Arc<FairShares>>,
}

/// An issuer with its ready-made documents.
struct Served {
    exchange: TokenExchange,
    documents: Documents,
}

impl State {
    /// The issuer that a request is for. The host chooses among configured issuers and never
    /// makes one up.
    fn served(&self, headers: &HeaderMap) -> &Served {
        if self.siblings.is_empty() {
            return &self.primary;
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        self.siblings
            .iter()
            .find(|sibling| host.is_some_and(|host| sibling.documents.is_host(host)))
            .unwrap_or(&self.primary)
    }
}
