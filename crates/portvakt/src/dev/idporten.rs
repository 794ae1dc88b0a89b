//! The login surface with the policy of development: test logins, plain `http`, and pages that say so.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use axum::Router;
use axum::middleware::from_fn_with_state;
use portvakt_core::cache::CachedStore;
use portvakt_core::login::companion::{
    Companion, CompanionParts, CompanionSettings, MachineIssuer,
};
use portvakt_core::login::issuer::{Environment, LoginIssuer};
use portvakt_core::login::provider::{Provider, ProviderParts};
use portvakt_core::login::subject::PairwiseKey;
use portvakt_core::login::{LoginStore, Room};
use portvakt_core::refusals::RefusalSink;
use portvakt_core::{SystemEntropy, Timestamp};
use portvakt_http::RateLimits;
use portvakt_idporten::pages::{FooterLinks, Name, Site};
use portvakt_idporten::{Surface, router as surface};
use portvakt_jose::{AlgorithmSet, TrustStore};
use portvakt_store_sqlite::SqliteStore;

use super::clock::DevClock;
use super::faults::{Faults, Faulty, inject};
use super::signing_keys::SigningKeys;
use super::surface_name::SurfaceName;
use crate::backchannel::BackchannelLogouts;
use crate::config::EidName;
use crate::data_dir::IdportenEndpoints;
use crate::eids::Eids;
use crate::request_ids::request_ids;

/// The surface's keys are another set than those of machines.
pub(super) const SURFACE: &str = "idporten";

/// Short, so that clients see rotated keys while somebody watches.
const CACHE_SECONDS: u32 = 10;

/// What the surface decides with.
pub(super) struct Surroundings<'a> {
    pub(super) store: Arc<CachedStore>,
    pub(super) logins: Arc<SqliteStore>,
    pub(super) clock: Arc<DevClock>,
    pub(super) keys: Arc<SigningKeys>,
    pub(super) faults: Arc<Faults>,
    pub(super) trust: Arc<ArcSwap<TrustStore>>,
    pub(super) pairwise: PairwiseKey,
    pub(super) logouts: BackchannelLogouts,
    pub(super) room: Arc<Room>,
    /// Whose tokens the companion APIs take beside its own.
    pub(super) machines: MachineIssuer,
    pub(super) email_login: bool,
    pub(super) upstreams: &'a [PathBuf],
    pub(super) refusals: Arc<dyn RefusalSink>,
}

/// The key of pairwise subjects, which is made at the first start and kept as it is: a development
/// folder is readable for its owner alone.
pub(super) async fn pairwise_key(
    store: &dyn LoginStore,
    now: Timestamp,
) -> anyhow::Result<PairwiseKey> {
    let new = PairwiseKey::generate(&SystemEntropy)?;
    let name = PairwiseKey::SECRET_NAME;
    let kept = store.keep_secret(name, new.expose(), now).await?;
    PairwiseKey::from_bytes(&kept).context("the key of pairwise subjects is damaged")
}

/// The surface on this port.
pub(super) fn router(port: u16, surroundings: Surroundings<'_>) -> anyhow::Result<Router> {
    let Surroundings {
        store,
        logins,
        clock,
        keys,
        faults,
        trust,
        pairwise,
        logouts,
        room,
        machines,
        email_login,
        upstreams,
        refusals,
    } = surroundings;
    let issuer = issuer(port);
    let mut names = vec![EidName::Testid, EidName::Eidas];
    names.extend(email_login.then_some(EidName::Email));
    let eids = Eids {
        names: &names,
        countries: None,
        upstreams,
    };
    let eids = eids.providers(&store, &issuer.login_base_url)?;
    let levels = eids.iter().flat_map(|eid| eid.describe().levels).collect();
    let provider = Provider::new(ProviderParts {
        issuer,
        registry: store.clone(),
        ledger: store.clone(),
        store: logins,
        keys: Arc::clone(keys.shared()),
        pairwise,
        trust,
        levels,
        logouts: Some(Arc::new(logouts)),
        clock,
        entropy: Arc::new(SystemEntropy),
        room,
        shares: None,
    });
    let companion = Companion::new(CompanionParts {
        settings: CompanionSettings::at(&provider.issuer().identifier),
        provider: provider.clone(),
        machines: Some(machines),
        log: store,
    });
    let router = surface(Surface {
        provider,
        companion: Some(companion),
        eids,
        site: Site {
            provider: Name::new("Portvakt"),
            logo: None,
            test_environment: true,
            strict_transport: false,
            links: FooterLinks::default(),
        },
        observer: Arc::new(()),
        refusals,
        request_ids: request_ids(),
        limits: super::surface::limits(),
        rates: RateLimits::default(),
        cache_seconds: CACHE_SECONDS,
    });
    let layer = Faulty {
        surface: SurfaceName::Idporten,
        faults,
        keys,
    };
    Ok(router?.layer(from_fn_with_state(layer, inject)))
}

/// The addresses of the surface.
pub(super) fn endpoints(port: u16) -> IdportenEndpoints {
    let issuer = issuer(port);
    IdportenEndpoints {
        well_known: issuer.url(".well-known/openid-configuration"),
        issuer: issuer.identifier,
    }
}

fn issuer(port: u16) -> LoginIssuer {
    let mut issuer = LoginIssuer::new(&format!("http://localhost:{port}"), Environment::Test);
    // A client still needs to be registered for an algorithm beyond the national three.
    issuer.client_algorithms = AlgorithmSet::ALL;
    issuer
}
