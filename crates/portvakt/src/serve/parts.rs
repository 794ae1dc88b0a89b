//! What the surfaces of a production server share, and the surfaces made of it.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use portvakt_core::administration::bootstrap::bootstrap;
use portvakt_core::audit::Act;
use portvakt_core::cache::CachedStore;
use portvakt_core::grant::{TokenExchange, TokenExchangeParts};
use portvakt_core::issuer::Issuer;
use portvakt_core::login::LoginStore;
use portvakt_core::login::companion::MachineIssuer;
use portvakt_core::ports::Store;
use portvakt_core::signing::KeySource;
use portvakt_core::signing::life::Order;
use portvakt_core::{Clock, NameEntropy, SystemClock, SystemEntropy};
use portvakt_http::{Limits, RateLimits};
use portvakt_jose::RevocationPolicy;
use portvakt_maskinporten::{MachineSurface, Observer};
use portvakt_selfservice::{
    KeyRotation, MAX_BODY_BYTES, OPERATOR_BASE_PATH, OperatorSurface, Settings,
};
use tower::Layer;

use super::logins::{LoginParts, Surroundings};
use super::traced::TracedSurfaces;
use crate::config::{Config, Faults};
use crate::key_expiry::KeyEndFigures;
use crate::limits::Limiters;
use crate::metrics::{Counted, LoginSources, Metrics, NodeSources};
use crate::operations::{Drain, bounded_for_platform, probes};
use crate::recorded::{Author, begin_as_server};
use crate::refusals::RefusalRecorder;
use crate::request_ids::request_ids;
use crate::server::{Downloads, Trust, TrustSources};
use crate::signing::{KeeperParts, SigningKeyKeeper, SigningSurface};
use crate::traces::{Followed, SpanCounters, Traces};
use crate::usage::UsageCounter;

/// What the surfaces share.
pub(super) struct Parts {
    pub(super) store: Arc<CachedStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keeper: Arc<SigningKeyKeeper>,
    pub(super) trust: Arc<Trust>,
    pub(super) downloads: Downloads,
    pub(super) usage: Arc<UsageCounter>,
    pub(super) key_ends: KeyEndFigures,
    pub(super) logins: Option<LoginParts>,
    metrics: Metrics,
    limiters: Arc<Limiters>,
    refusals: Arc<RefusalRecorder>,
    exchange: TokenExchange,
    siblings: Vec<TokenExchange>,
}

/// What answers on each listener, counted and followed.
pub(super) struct Surfaces {
    pub(super) maskinporten: Counted<Followed<MachineSurface>>,
    /// If people log in here.
    pub(super) idporten: Option<Router>,
    pub(super) selfservice: Router,
    pub(super) operations: Router,
}

impl Parts {
    /// Makes what every registry has, and opens what the configuration names.
    pub(super) async fn prepare(
        config: &Config,
        store: Arc<CachedStore>,
        logins: Arc<dyn LoginStore>,
        refusals: Arc<RefusalRecorder>,
        spans: Arc<SpanCounters>,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        make_what_always_exists(config, store.as_ref(), clock.as_ref()).await?;
        let source = config.keys.open(config)?;
        let keeper = open_keys(config, &store, &source, &clock).await?;
        let (trust, downloads) = trust(config).await?;
        let trust = Arc::new(trust);
        let issuers = Faults::settle(|faults| config.maskinporten.issuers(faults))?;
        let limiters = Arc::new(Limiters::new(config)?);
        let surroundings = Surroundings {
            store: Arc::clone(&store),
            logins,
            source,
            machines: MachineIssuer {
                identifier: issuers.maskinporten.identifier.clone(),
                keys: Arc::clone(keeper.shared()),
            },
            clock: Arc::clone(&clock),
            trust: &trust,
            limiters: &limiters,
        };
        let logins = LoginParts::prepare(config, surroundings).await?;
        let exchange = |issuer: Issuer| {
            TokenExchange::new(TokenExchangeParts {
                issuer,
                registry: store.clone(),
                ledger: store.clone(),
                delegations: store.clone(),
                parties: store.clone(),
                keys: Arc::clone(keeper.shared()),
                trust: Arc::clone(trust.shared()),
                clock: Arc::clone(&clock),
                entropy: Arc::new(NameEntropy),
                shares: limiters.shares(),
                explain_refusals: false,
            })
        };
        let key_ends = KeyEndFigures::default();
        let metrics = Metrics::new(NodeSources {
            key_ends: key_ends.clone(),
            store: Arc::clone(&store),
            keeper: Arc::clone(&keeper),
            logins: logins.as_ref().map(|logins| LoginSources {
                keeper: Arc::clone(&logins.keeper),
                room: Arc::clone(&logins.room),
                notices: logins.logouts.counters(),
                eids: logins.eids().collect(),
            }),
            refusals: Arc::clone(&refusals),
            limiters: Arc::clone(&limiters),
            spans,
            clock: Arc::clone(&clock),
        });
        Ok(Self {
            key_ends,
            logins,
            metrics,
            exchange: exchange(issuers.maskinporten),
            siblings: issuers.skyporten.into_iter().map(exchange).collect(),
            usage: Arc::default(),
            limiters,
            store,
            clock,
            keeper,
            trust,
            downloads,
            refusals,
        })
    }

    /// The surfaces. `drain` is what readiness heeds. What the platform asks is not traced.
    pub(super) fn surfaces(
        &self,
        config: &Config,
        limits: Limits,
        drain: Drain,
        traces: &Traces,
    ) -> anyhow::Result<Surfaces> {
        let observers: Vec<Arc<dyn Observer>> = vec![
            self.metrics.tokens(),
            self.usage.clone(),
            self.refusals.clone(),
        ];
        let max_age = self.keeper.policy().document_max_age().as_secs();
        let maskinporten = portvakt_maskinporten::service(portvakt_maskinporten::Surface {
            exchange: self.exchange.clone(),
            siblings: self.siblings.clone(),
            observer: Arc::new(observers),
            request_ids: request_ids(),
            limits,
            rates: self.limiters.maskinporten(),
            cache_seconds: u32::try_from(max_age).unwrap_or(u32::MAX),
        });
        let operator = portvakt_selfservice::operator_router(OperatorSurface {
            surface: self.administration(config, limits, operator_base_urls(config)),
            rotation: Arc::new(Rotation(Arc::clone(&self.keeper))),
        });
        let base_urls = config.selfservice.base_urls.clone();
        let store: Arc<dyn Store> = self.store.clone();
        let selfservice = portvakt_selfservice::router(portvakt_selfservice::Surface {
            rates: self.limiters.selfservice(),
            ..self.administration(config, limits, base_urls)
        });
        let platform = probes(store, drain).merge(self.metrics.router());
        let platform = bounded_for_platform(platform, &limits);
        let metrics = &self.metrics;
        let names = TracedSurfaces::of(config)?;
        let maskinporten = traces.follow(names.maskinporten).layer(maskinporten);
        let selfservice = traces.follow_router(selfservice, names.selfservice);
        let operator = traces.follow_router(operator, names.operator);
        let idporten = match (&self.logins, names.idporten) {
            (Some(logins), Some(surface)) => {
                let (observer, refusals) = (metrics.logins(), self.refusals.clone());
                let router = logins.router(limits, &self.limiters, observer, refusals)?;
                Some(metrics.count_idporten(traces.follow_router(router, surface)))
            }
            _ => None,
        };
        Ok(Surfaces {
            idporten,
            maskinporten: metrics.count_maskinporten(maskinporten),
            selfservice: metrics.count_selfservice(selfservice),
            operations: metrics
                .count_operations(platform)
                .fallback_service(metrics.count_operator(operator)),
        })
    }

    fn administration(
        &self,
        config: &Config,
        limits: Limits,
        base_urls: Vec<String>,
    ) -> portvakt_selfservice::Surface {
        portvakt_selfservice::Surface {
            store: self.store.clone(),
            keys: Arc::clone(self.keeper.shared()),
            issuer: self.exchange.issuer().identifier.clone(),
            base_urls,
            clock: Arc::clone(&self.clock),
            entropy: Arc::new(SystemEntropy),
            request_ids: request_ids(),
            limits: Limits {
                max_body_bytes: MAX_BODY_BYTES,
                ..limits
            },
            rates: RateLimits::default(),
            // The configuration was checked before the server started.
            settings: Settings {
                login_addresses: config.idporten.client_addresses(),
                ..config.selfservice.settings(&mut Faults::default())
            },
            exchange: self.exchange.clone(),
            siblings: self.siblings.clone(),
            refusals: self.refusals.clone(),
        }
    }
}

/// The addresses that an operator's token may name in `aud`; most name none.
fn operator_base_urls(config: &Config) -> Vec<String> {
    let address = &config.operations.listener.listen;
    ["http", "https"]
        .map(|scheme| format!("{scheme}://{address}{OPERATOR_BASE_PATH}"))
        .to_vec()
}

async fn make_what_always_exists(
    config: &Config,
    store: &dyn Store,
    clock: &dyn Clock,
) -> anyhow::Result<()> {
    let operator = Faults::settle(|faults| config.operator.organization(faults))?;
    let mut unit = begin_as_server(store, clock.now()).await?;
    bootstrap(unit.as_mut(), &operator, clock.now()).await?;
    unit.commit().await?;
    Ok(())
}

async fn open_keys(
    config: &Config,
    store: &Arc<CachedStore>,
    source: &Arc<dyn KeySource>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<SigningKeyKeeper>> {
    let surface = SigningSurface::Maskinporten;
    let policy = Faults::settle(|faults| config.keys.policy(surface, config, faults))?;
    SigningKeyKeeper::open(KeeperParts {
        surface: surface.name(),
        policy,
        host: config.issuer_host(surface),
        store: store.clone(),
        source: Arc::clone(source),
        clock: Arc::clone(clock),
    })
    .await
}

async fn trust(config: &Config) -> anyhow::Result<(Trust, Downloads)> {
    let section = &config.trust;
    let urls = Faults::settle(|faults| Some(section.check(faults)))?;
    let folder = section.revocation_list_folder.clone().unwrap_or_default();
    let downloads = Downloads::new(&folder, &urls)?;
    downloads.refresh().await;
    let trust = Trust::new(TrustSources {
        anchor_files: section.anchor_files.clone(),
        named_lists: section.revocation_list_files.clone(),
        optional_lists: downloads.files(),
        revocation_policy: if section.require_revocation_lists {
            RevocationPolicy::HardFail
        } else {
            RevocationPolicy::SoftFail
        },
        ..TrustSources::default()
    })?;
    Ok((trust, downloads))
}

/// Rotation as the operator's API asks for it.
struct Rotation(Arc<SigningKeyKeeper>);

#[async_trait]
impl KeyRotation for Rotation {
    async fn rotate(&self, act: Act) -> Result<(), Box<dyn Error + Send + Sync>> {
        let author = Author {
            actor: act.actor,
            request_id: act.request_id,
        };
        self.0.order(Order::RotateNow, author).await?;
        Ok(())
    }
}
