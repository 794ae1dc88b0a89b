//! The machine-to-machine surface with the policy of development.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::middleware::from_fn_with_state;
use portvakt_core::SystemEntropy;
use portvakt_core::cache::CachedStore;
use portvakt_core::grant::{TokenExchange, TokenExchangeParts};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_core::person::PidCheck;
use portvakt_core::signing::SigningKeys as SharedKeys;
use portvakt_http::{Limits, RateLimits};
use portvakt_jose::{AlgorithmSet, TrustStore};
use portvakt_maskinporten::{Observer, Surface};

use super::clock::DevClock;
use super::faults::{Faults, Faulty, inject};
use super::signing_keys::SigningKeys;
use super::surface_name::SurfaceName;
use crate::data_dir::MaskinportenEndpoints;
use crate::request_ids::request_ids;

/// Short, so that clients see rotated keys while somebody watches.
const CACHE_SECONDS: u32 = 10;

/// What the surface decides with.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) store: Arc<CachedStore>,
    pub(super) clock: Arc<DevClock>,
    pub(super) keys: Arc<SharedKeys>,
    pub(super) trust: Arc<ArcSwap<TrustStore>>,
}

/// The two issuers of the port, over the same clients, keys and ledger.
#[derive(Clone)]
pub(super) struct Exchanges {
    pub(super) maskinporten: TokenExchange,
    pub(super) skyporten: TokenExchange,
}

fn issuer(port: u16, profile: Profile) -> Issuer {
    let identifier = match profile {
        Profile::Maskinporten => format!("http://localhost:{port}/"),
        Profile::Skyporten => format!("http://sky.localhost:{port}"),
    };
    Issuer {
        // Test people and documented examples fail the control digits.
        pid_check: PidCheck::LengthOnly,
        // A client still needs to be registered for an algorithm beyond the national three.
        grant_algorithms: AlgorithmSet::ALL,
        system_users: true,
        consents: true,
        ..Issuer::new(&identifier, profile)
    }
}

pub(super) fn exchanges(port: u16, surroundings: &Surroundings) -> Exchanges {
    let exchange = |profile| {
        let store = &surroundings.store;
        TokenExchange::new(TokenExchangeParts {
            issuer: issuer(port, profile),
            registry: store.clone(),
            ledger: store.clone(),
            delegations: store.clone(),
            parties: store.clone(),
            keys: surroundings.keys.clone(),
            trust: surroundings.trust.clone(),
            clock: surroundings.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            shares: None,
            explain_refusals: true,
        })
    };
    Exchanges {
        maskinporten: exchange(Profile::Maskinporten),
        skyporten: exchange(Profile::Skyporten),
    }
}

pub(super) fn router(
    exchanges: Exchanges,
    observer: Arc<dyn Observer>,
    faults: Arc<Faults>,
    keys: Arc<SigningKeys>,
) -> Router {
    let surface = portvakt_maskinporten::service(Surface {
        exchange: exchanges.maskinporten,
        siblings: vec![exchanges.skyporten],
        observer,
        request_ids: request_ids(),
        limits: limits(),
        rates: RateLimits::default(),
        cache_seconds: CACHE_SECONDS,
    });
    let layer = Faulty {
        surface: SurfaceName::Maskinporten,
        faults,
        keys,
    };
    Router::new()
        .fallback_service(surface)
        .layer(from_fn_with_state(layer, inject))
}

/// Those of production, except that as many requests are worked on as there are connections: a
/// developer's test that sends many at once is answered as if it had come slowly.
pub(super) fn limits() -> Limits {
    let limits = Limits::default();
    Limits {
        max_requests: limits.max_connections,
        ..limits
    }
}

/// The addresses of one of the two issuers.
pub(super) fn endpoints(port: u16, profile: Profile) -> MaskinportenEndpoints {
    let metadata = match profile {
        Profile::Maskinporten => ".well-known/oauth-authorization-server",
        Profile::Skyporten => ".well-known/openid-configuration",
    };
    let issuer = issuer(port, profile);
    MaskinportenEndpoints {
        well_known: issuer.url(metadata),
        token_endpoint: issuer.url("token"),
        jwks_uri: issuer.url("jwk"),
        issuer: issuer.identifier,
    }
}
