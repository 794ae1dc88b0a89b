//! The login surface of a production server.

use std::sync::Arc;

use axum::Router;
use portvakt_core::cache::CachedStore;
use portvakt_core::login::companion::{Companion, CompanionParts, MachineIssuer};
use portvakt_core::login::provider::{Provider, ProviderParts};
use portvakt_core::login::{LoginStore, Room};
use portvakt_core::refusals::RefusalSink;
use portvakt_core::signing::KeySource;
use portvakt_core::{Clock, SystemEntropy};
use portvakt_http::Limits;
use portvakt_idporten::eid::EidProvider;
use portvakt_idporten::pages::Site;
use portvakt_idporten::{Observer, Surface};

use crate::backchannel::{BackchannelLogouts, Reach};
use crate::config::{Config, Faults};
use crate::eids::Eids;
use crate::limits::Limiters;
use crate::request_ids::request_ids;
use crate::server::Trust;
use crate::signing::{KeeperParts, SigningKeyKeeper, SigningSurface, pairwise_key};

/// What the surface is made of beside what all surfaces share.
pub(super) struct LoginParts {
    /// Its signing keys.
    pub(super) keeper: Arc<SigningKeyKeeper>,
    /// Tells clients' servers of logouts.
    pub(super) logouts: BackchannelLogouts,
    /// For what anybody may begin.
    pub(super) room: Arc<Room>,
    provider: Provider,
    companion: Companion,
    eids: Vec<Arc<dyn EidProvider>>,
    site: Site,
}

/// What it needs of the rest of the server.
pub(super) struct Surroundings<'a> {
    pub(super) store: Arc<CachedStore>,
    pub(super) logins: Arc<dyn LoginStore>,
    pub(super) source: Arc<dyn KeySource>,
    /// Whose tokens the companion APIs take beside the surface's own.
    pub(super) machines: MachineIssuer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) trust: &'a Trust,
    pub(super) limiters: &'a Limiters,
}

impl LoginParts {
    /// Opens what a configuration that was checked names; none where nobody logs in.
    pub(super) async fn prepare(
        config: &Config,
        surroundings: Surroundings<'_>,
    ) -> anyhow::Result<Option<Self>> {
        if !config.idporten.is_served() {
            return Ok(None);
        }
        let Surroundings {
            store,
            logins,
            source,
            machines,
            clock,
            trust,
            limiters,
        } = surroundings;
        let issuer = Faults::settle(|faults| config.idporten.login_issuer(config, faults))?;
        let surface = SigningSurface::Idporten;
        let policy = Faults::settle(|faults| config.keys.policy(surface, config, faults))?;
        let keeper = SigningKeyKeeper::open(KeeperParts {
            surface: surface.name(),
            policy,
            host: config.issuer_host(surface),
            store: store.clone(),
            source,
            clock: Arc::clone(&clock),
        })
        .await?;
        let sealing = config.keys.open_sealing()?;
        let pairwise = pairwise_key(logins.as_ref(), &sealing, clock.now()).await?;
        let eids = Eids {
            names: &config.idporten.eids,
            countries: Faults::settle(|faults| Some(config.idporten.countries(faults)))?,
            upstreams: &config.idporten.upstreams,
        };
        let eids = eids.providers(&store, &issuer.login_base_url)?;
        let site = config.idporten.site.site(&issuer)?;
        let levels = eids.iter().flat_map(|eid| eid.describe().levels).collect();
        let networks = Faults::settle(|faults| config.idporten.logout_networks(faults))?;
        let logouts = BackchannelLogouts::new(Reach::of(issuer.environment, networks))?;
        let most = Faults::settle(|faults| Some(config.idporten.bounds.most(faults)))?;
        let room = Arc::new(Room::new(most));
        let provider = Provider::new(ProviderParts {
            issuer,
            registry: store.clone(),
            ledger: store.clone(),
            store: logins,
            keys: Arc::clone(keeper.shared()),
            pairwise,
            trust: Arc::clone(trust.shared()),
            levels,
            logouts: Some(Arc::new(logouts.clone())),
            clock,
            entropy: Arc::new(SystemEntropy),
            room: Arc::clone(&room),
            shares: limiters.login_shares(),
        });
        let companion = Companion::new(CompanionParts {
            // The configuration was checked.
            settings: config
                .idporten
                .companion
                .settings(&provider.issuer().identifier, &mut Faults::default()),
            provider: provider.clone(),
            machines: Some(machines),
            log: store,
        });
        Ok(Some(Self {
            keeper,
            logouts,
            room,
            provider,
            companion,
            eids,
            site,
        }))
    }

    /// The ids of the ways to log in.
    pub(super) fn eids(&self) -> impl Iterator<Item = String> {
        self.eids.iter().map(|eid| eid.describe().id)
    }

    /// The surface, and who hears of what it does and of what it refuses.
    pub(super) fn router(
        &self,
        limits: Limits,
        limiters: &Limiters,
        observer: Arc<dyn Observer>,
        refusals: Arc<dyn RefusalSink>,
    ) -> anyhow::Result<Router> {
        let max_age = self.keeper.policy().document_max_age().as_secs();
        let router = portvakt_idporten::router(Surface {
            provider: self.provider.clone(),
            companion: Some(self.companion.clone()),
            eids: self.eids.clone(),
            site: self.site.clone(),
            observer,
            refusals,
            request_ids: request_ids(),
            limits,
            rates: limiters.idporten(),
            cache_seconds: u32::try_from(max_age).unwrap_or(u32::MAX),
        });
        Ok(router?)
    }
}
