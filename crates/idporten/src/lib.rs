//! The login surface: an OpenID provider over HTTP (spec: idporten).
//!
//! Handlers turn requests into calls of [`Provider`] and its results into answers and pages; no
//! decision is taken here. [`pages`] makes the pages: functions from a description of what is to be
//! seen to HTML and the headers that go with it. [`eid`] is how people prove who they are. Start
//! reading at [`router`].

mod answer;
mod authorize;
mod callback;
mod companion;
mod consent;
mod cookies;
mod defences;
mod documents;
pub mod eid;
mod fault;
mod login;
mod logout;
mod observer;
pub mod pages;
mod par;
mod protected;
mod reading;
mod refused;
mod resource;
mod token;
mod turn;
mod view;
mod visit;

use std::future::ready;
use std::sync::Arc;

pub use self::companion::ROUTES as COMPANION_ROUTES;
use axum::Router;
use axum::middleware::map_response;
use axum::routing::{any, get};
use portvakt_core::login::companion::Companion;
use portvakt_core::login::issuer::Environment;
use portvakt_core::login::provider::Provider;
use portvakt_core::refusals::RefusalSink;
use portvakt_http::{Limits, RateLimits, RequestIdSource, bounded, limit_addresses};

use self::cookies::Cookies;
use self::defences::Defences;
use self::documents::Documents;
use self::eid::EidProvider;
pub use self::observer::{Event, Grant, Observer, Outcome};
use self::pages::Site;
use self::refused::Listeners;

/// What the surface is made of.
pub struct Surface {
    /// The issuer.
    pub provider: Provider,
    /// The companion APIs; none if they are not served here.
    pub companion: Option<Companion>,
    /// The ways to log in, in the order of the selector.
    pub eids: Vec<Arc<dyn EidProvider>>,
    /// What all pages show.
    pub site: Site,
    /// Hears of what the surface does.
    pub observer: Arc<dyn Observer>,
    /// Hears of refusals, for the audit log.
    pub refusals: Arc<dyn RefusalSink>,
    /// Makes request ids.
    pub request_ids: RequestIdSource,
    /// Bounds of size and time.
    pub limits: Limits,
    /// How often addresses may ask.
    pub rates: RateLimits,
    /// How long metadata and keys may be cached, in seconds.
    pub cache_seconds: u32,
}

/// Why a surface cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misconfigured {
    /// A way to log in that is not for real people, where they log in.
    TestProviderInProduction(String),
}

impl std::fmt::Display for Misconfigured {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TestProviderInProduction(id) => write!(
                formatter,
                "the eID provider {id} lets anybody be anybody, so it cannot be enabled in production"
            ),
        }
    }
}

impl std::error::Error for Misconfigured {}

/// Every address that the surface answers.
pub const ROUTES: &[&str] = &[
    "/",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks.json",
    "/jwk",
    "/jwks",
    "/.well-known/jwks.json",
    "/par",
    "/authorize",
    "/authorize/callback/{eid}",
    "/token",
    "/userinfo",
    "/token/introspect",
    "/tokeninfo",
    "/tokenintrospect",
    "/token/revoke",
    "/revoke",
    "/logout",
    "/endsession",
    "/login",
    "/login/{eid}",
    "/consent",
    "/health",
];

struct State {
    provider: Provider,
    eids: Vec<Arc<dyn EidProvider>>,
    site: Site,
    listeners: Listeners,
    cookies: Cookies,
    documents: Documents,
}

/// The surface as a router.
pub fn router(surface: Surface) -> Result<Router, Misconfigured> {
    let Surface {
        provider,
        companion,
        eids,
        site,
        observer,
        refusals,
        request_ids,
        limits,
        rates,
        cache_seconds,
    } = surface;
    let listeners = Listeners { observer, refusals };
    if provider.issuer().environment == Environment::Production
        && let Some(eid) = eids.iter().find(|eid| eid.describe().test_only)
    {
        return Err(Misconfigured::TestProviderInProduction(eid.describe().id));
    }
    let defend = Defences::of(&site);
    let state = Arc::new(State {
        cookies: Cookies::new(&provider.issuer().login_base_url),
        documents: Documents::new(&provider, cache_seconds),
        provider,
        eids,
        site,
        listeners: listeners.clone(),
    });
    let mut router = Router::new()
        .route("/", get(documents::root).fallback(answer::only_get))
        .route("/par", any(par::handle))
        .route("/authorize", any(authorize::handle))
        .route(
            "/authorize/callback/{eid}",
            get(callback::get).post(callback::post),
        )
        .route("/token", any(token::handle))
        .route("/userinfo", any(protected::userinfo))
        .route("/login", get(login::selector).post(login::leave))
        .route("/login/{eid}", get(login::begin).post(login::resume))
        .route("/consent", get(consent::handle).post(consent::handle))
        .route("/health", get(|| async { "OK" }).fallback(answer::only_get))
        .fallback(login::asset);
    for path in documents::METADATA_PATHS {
        router = router.route(path, get(documents::metadata).fallback(answer::only_get));
    }
    for path in documents::KEY_PATHS {
        router = router.route(path, get(documents::keys).fallback(answer::only_get));
    }
    // Published examples and older integrations use these beside the metadata's.
    for path in ["/token/introspect", "/tokeninfo", "/tokenintrospect"] {
        router = router.route(path, any(protected::introspect));
    }
    for path in ["/token/revoke", "/revoke"] {
        router = router.route(path, any(protected::revoke));
    }
    for path in ["/logout", "/endsession"] {
        router = router.route(path, get(logout::get).post(logout::post));
    }
    let router = router.with_state(state);
    let fault = answer::transport_fault;
    let mut router = bounded(router, &limits, request_ids.clone(), fault);
    if let Some(companion) = companion {
        let apis = companion::Apis {
            companion,
            listeners,
        };
        router = router.merge(companion::router(apis, &limits, request_ids.clone()));
    }
    let router = limit_addresses(router, rates.addresses, request_ids, fault);
    Ok(router.layer(map_response(move |response| ready(defend.on(response)))))
}
