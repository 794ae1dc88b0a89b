//! Starts everything in its order, and stops it in the other.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use portvakt_core::Clock;
use portvakt_core::cache::{CacheSettings, CachedStore};
use portvakt_core::issuer::Profile;
use portvakt_core::login::companion::MachineIssuer;
use portvakt_core::login::issuer::Environment;
use portvakt_core::login::subject::PairwiseKey;
use portvakt_core::login::{Keeping, Room};
use portvakt_http::{Shutdown, serve};
use portvakt_maskinporten::Observer;
use portvakt_store_sqlite::SqliteStore;
use reqwest::Url;
use tokio::task::JoinSet;

use super::authority::Authority;
use super::clock::DevClock;
use super::faults::Faults;
use super::idporten;
use super::journal::Journal;
use super::lock::FolderLock;
use super::operations::{self, Controls};
use super::ports::Port;
use super::registry::{self, InitialRegistry};
use super::relying_party;
use super::selfservice;
use super::signing_keys::{MASKINPORTEN, SigningKeys};
use super::surface::{self, Surroundings};
use crate::backchannel::{BackchannelLogouts, Reach};
use crate::data_dir::{BaseUrl, DataDir, Endpoints, write_private};
use crate::following;
use crate::refusals::{self, Recording, RefusalRecorder};
use crate::server::housekeeping::{self, Horizon, House};
use crate::server::{Downloads, Trust, TrustSources};
use crate::usage::UsageCounter;

/// How far the ports are from the base port; the others are kept for surfaces to come.
const IDPORTEN_OFFSET: u16 = 1;
const SELFSERVICE_OFFSET: u16 = 2;
const OPERATIONS_OFFSET: u16 = 4;
const RELYING_PARTY_OFFSET: u16 = 5;

/// Clients under development are refused often.
const REFUSAL_LIMITS: portvakt_core::refusals::Limits = portvakt_core::refusals::Limits {
    unproven_per_minute: 600,
    client_per_minute: 600,
};

/// What a development server is started with.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where it keeps everything.
    pub(crate) data_dir: DataDir,
    /// First port, at most 65530; 0 picks free ports.
    pub(crate) base_port: u16,
    /// What to register before the first request.
    pub(crate) registry: InitialRegistry,
    /// Roots to trust beside the folder's own, PEM.
    pub(crate) trust_anchors: Vec<PathBuf>,
    /// Revocation lists beside the folder's own, DER or PEM.
    pub(crate) revocation_lists: Vec<PathBuf>,
    /// Revocation lists to fetch, again and again.
    pub(crate) revocation_urls: Vec<Url>,
    /// Offer logins with an address of e-mail.
    pub(crate) email_login: bool,
    /// Files of other providers to log in by way of.
    pub(crate) upstreams: Vec<PathBuf>,
}

impl Options {
    /// A server that knows nobody and trusts its own certificate authority alone.
    pub(crate) fn empty(folder: impl Into<PathBuf>, base_port: u16) -> Self {
        Self {
            data_dir: DataDir::new(folder),
            base_port,
            registry: InitialRegistry::Nothing,
            trust_anchors: Vec::new(),
            revocation_lists: Vec::new(),
            revocation_urls: Vec::new(),
            email_login: false,
            upstreams: Vec::new(),
        }
    }
}

/// A running development server. Dropping it stops it without waiting for requests under way;
/// [`Server::stop`] waits.
pub(crate) struct Server {
    endpoints: Endpoints,
    data_dir: DataDir,
    database: Arc<SqliteStore>,
    store: Arc<CachedStore>,
    usage: Arc<UsageCounter>,
    logouts: BackchannelLogouts,
    shutdown: Shutdown,
    tasks: JoinSet<()>,
    recording: Recording,
    _lock: FolderLock,
}

impl Server {
    /// Starts every surface and returns when all of them accept connections and `endpoints.json`
    /// says where.
    pub(crate) async fn start(options: Options) -> anyhow::Result<Self> {
        let data_dir = options.data_dir.clone();
        data_dir.create()?;
        let lock = FolderLock::take(&data_dir)?;
        // A server that was killed has left its addresses behind.
        remove_endpoints(&data_dir)?;
        let bound = Ports::bind(options.base_port).await?;
        let database = open_store(&data_dir).await?;
        let (store, follower) =
            following::cached(database.clone(), CacheSettings::default()).await?;
        let (refusals, recording) = refusals::start(Arc::clone(&database), REFUSAL_LIMITS);
        let shutdown = Shutdown::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(following::follow_until(follower, shutdown.clone()));
        let parts = Parts::prepare(&options, Arc::clone(&store), &database, refusals).await?;

        if matches!(options.registry, InitialRegistry::SampleIfEmpty) {
            let (port, now) = (bound.relying_party.number, parts.clock.now());
            registry::prepare_demonstration(store.as_ref(), &data_dir, port, now).await?;
        }

        let endpoints = bound.endpoints();
        let routers = parts.routers(&endpoints, &bound, &database, &data_dir)?;
        serve_on(
            &mut tasks,
            bound.maskinporten,
            &routers.maskinporten,
            &shutdown,
        );
        serve_on(&mut tasks, bound.idporten, &routers.idporten, &shutdown);
        serve_on(
            &mut tasks,
            bound.selfservice,
            &routers.selfservice,
            &shutdown,
        );
        serve_on(&mut tasks, bound.operations, &routers.operations, &shutdown);
        serve_on(
            &mut tasks,
            bound.relying_party,
            &routers.relying_party,
            &shutdown,
        );
        let clock = Arc::clone(&parts.clock);
        let horizon: Horizon = Arc::new(move || clock.earliest());
        let house = House {
            store: database.clone(),
            logins: database.clone(),
            room: Some(Arc::clone(&parts.room)),
            keeping: Keeping::default(),
            present: Arc::clone(&horizon),
            horizon,
            usage: Arc::clone(&parts.usage),
            trust: parts.trust,
            downloads: parts.downloads,
        };
        housekeeping::start(&mut tasks, house, &shutdown);
        write_private(
            &data_dir.endpoints_file(),
            &serde_json::to_vec_pretty(&endpoints)?,
        )?;
        Ok(Self {
            endpoints,
            data_dir,
            database,
            store,
            usage: parts.usage,
            logouts: parts.logouts,
            shutdown,
            tasks,
            recording,
            _lock: lock,
        })
    }

    /// Where the surfaces are.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The folder that it runs on.
    pub(crate) fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// What it keeps. A change that is written through it shows at the next request.
    pub(crate) fn store(&self) -> &CachedStore {
        &self.store
    }

    /// Takes no more connections, finishes the requests that have started, and lets go of the
    /// folder. It takes at most as long as [`portvakt_http::Limits::shutdown_grace`].
    pub(crate) async fn stop(mut self) {
        self.shutdown.trigger();
        if let Err(error) = remove_endpoints(&self.data_dir) {
            tracing::warn!(
                error = format!("{error:#}"),
                "the server's addresses stay behind"
            );
        }
        while self.tasks.join_next().await.is_some() {}
        self.logouts.finish().await;
        // The last requests have ended, so this is all that was counted.
        self.usage.flush(self.database.as_ref()).await;
        // Nobody is refused any more: what was is written before the store closes.
        self.recording.finish().await;
        self.database.close().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// A port for each surface.
struct Ports {
    maskinporten: Port,
    idporten: Port,
    selfservice: Port,
    operations: Port,
    relying_party: Port,
}

impl Ports {
    /// All of them, or none: a free base port is no use when another is taken.
    async fn bind(base_port: u16) -> anyhow::Result<Self> {
        let number = |offset| match base_port {
            0 => 0,
            base => base.saturating_add(offset),
        };
        Ok(Self {
            maskinporten: Port::bind(base_port).await?,
            idporten: Port::bind(number(IDPORTEN_OFFSET)).await?,
            selfservice: Port::bind(number(SELFSERVICE_OFFSET)).await?,
            operations: Port::bind(number(OPERATIONS_OFFSET)).await?,
            relying_party: Port::bind(number(RELYING_PARTY_OFFSET)).await?,
        })
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints {
            maskinporten: surface::endpoints(self.maskinporten.number, Profile::Maskinporten),
            skyporten: surface::endpoints(self.maskinporten.number, Profile::Skyporten),
            idporten: idporten::endpoints(self.idporten.number),
            selfservice: BaseUrl {
                base_url: selfservice::base_url(self.selfservice.number),
            },
            operations: BaseUrl {
                base_url: format!("http://localhost:{}", self.operations.number),
            },
            relying_party: BaseUrl {
                base_url: relying_party::base_url(self.relying_party.number),
            },
        }
    }
}

async fn open_store(data_dir: &DataDir) -> anyhow::Result<Arc<SqliteStore>> {
    let database = data_dir.database();
    let store = SqliteStore::open(&database).await;
    Ok(Arc::new(
        store.with_context(|| format!("open {}", database.display()))?,
    ))
}

fn remove_endpoints(data_dir: &DataDir) -> anyhow::Result<()> {
    let path = data_dir.endpoints_file();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn serve_on(tasks: &mut JoinSet<()>, port: Port, router: &Router, shutdown: &Shutdown) {
    for listener in port.listeners {
        tasks.spawn(serve(
            listener,
            router.clone(),
            surface::limits(),
            shutdown.clone(),
        ));
    }
}

/// What the surfaces share.
struct Parts {
    store: Arc<CachedStore>,
    clock: Arc<DevClock>,
    keys: Arc<SigningKeys>,
    login_keys: Arc<SigningKeys>,
    pairwise: PairwiseKey,
    logouts: BackchannelLogouts,
    email_login: bool,
    upstreams: Vec<PathBuf>,
    room: Arc<Room>,
    trust: Arc<Trust>,
    downloads: Downloads,
    faults: Arc<Faults>,
    journal: Arc<Journal>,
    usage: Arc<UsageCounter>,
    refusals: Arc<RefusalRecorder>,
}

impl Parts {
    async fn prepare(
        options: &Options,
        store: Arc<CachedStore>,
        logins: &SqliteStore,
        refusals: Arc<RefusalRecorder>,
    ) -> anyhow::Result<Self> {
        let clock = Arc::new(DevClock::default());
        let authority = Authority::open_or_make(&options.data_dir, clock.now())?;
        let downloads = Downloads::new(
            &options.data_dir.revocation_lists(),
            &options.revocation_urls,
        )?;
        downloads.refresh().await;
        let mut optional_lists = downloads.files();
        optional_lists.push(options.data_dir.ca_revocation_list());
        let trust = Trust::new(TrustSources {
            anchors: vec![authority.certificate_der().to_vec()],
            anchor_files: options.trust_anchors.clone(),
            named_lists: options.revocation_lists.clone(),
            optional_lists,
            ..TrustSources::default()
        })?;
        let (keys, login_keys, pairwise, ()) = tokio::try_join!(
            SigningKeys::open(MASKINPORTEN, store.clone(), Arc::clone(&clock)),
            SigningKeys::open(idporten::SURFACE, store.clone(), Arc::clone(&clock)),
            idporten::pairwise_key(logins, clock.now()),
            registry::prepare(
                store.as_ref(),
                &options.data_dir,
                &options.registry,
                clock.now()
            ),
        )?;
        Ok(Self {
            store,
            keys: Arc::new(keys),
            login_keys: Arc::new(login_keys),
            pairwise,
            logouts: BackchannelLogouts::new(Reach::of(Environment::Test, Vec::new()))?,
            email_login: options.email_login,
            upstreams: options.upstreams.clone(),
            room: Arc::default(),
            trust: Arc::new(trust),
            downloads,
            faults: Arc::default(),
            journal: Arc::default(),
            usage: Arc::default(),
            refusals,
            clock,
        })
    }

    /// Who hears of the token endpoint's decisions.
    fn observers(&self) -> Vec<Arc<dyn Observer>> {
        vec![
            self.journal.clone(),
            self.usage.clone(),
            self.refusals.clone(),
        ]
    }

    fn routers(
        &self,
        endpoints: &Endpoints,
        ports: &Ports,
        database: &Arc<SqliteStore>,
        data_dir: &DataDir,
    ) -> anyhow::Result<Routers> {
        let surroundings = Surroundings {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            keys: Arc::clone(self.keys.shared()),
            trust: Arc::clone(self.trust.shared()),
        };
        let exchanges = surface::exchanges(ports.maskinporten.number, &surroundings);
        let made = selfservice::Made {
            surroundings,
            exchanges: exchanges.clone(),
            refusals: self.refusals.clone(),
        };
        let keys = Arc::clone(&self.keys);
        let operator = selfservice::operator_router(endpoints, made.clone(), keys);
        let controls = Controls {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            keys: Arc::clone(&self.keys),
            login_keys: Arc::clone(&self.login_keys),
            faults: Arc::clone(&self.faults),
            journal: Arc::clone(&self.journal),
            exchanges: exchanges.clone(),
        };
        let login = idporten::Surroundings {
            store: Arc::clone(&self.store),
            logins: Arc::clone(database),
            clock: Arc::clone(&self.clock),
            keys: Arc::clone(&self.login_keys),
            faults: Arc::clone(&self.faults),
            trust: Arc::clone(self.trust.shared()),
            pairwise: self.pairwise.clone(),
            logouts: self.logouts.clone(),
            room: Arc::clone(&self.room),
            machines: MachineIssuer {
                identifier: endpoints.maskinporten.issuer.clone(),
                keys: Arc::clone(self.keys.shared()),
            },
            email_login: self.email_login,
            upstreams: &self.upstreams,
            refusals: self.refusals.clone(),
        };
        Ok(Routers {
            idporten: idporten::router(ports.idporten.number, login)?,
            selfservice: selfservice::router(endpoints, made),
            maskinporten: surface::router(
                exchanges,
                Arc::new(self.observers()),
                Arc::clone(&self.faults),
                Arc::clone(&self.keys),
            ),
            operations: operations::router(controls, operator, ports.operations.number),
            relying_party: relying_party::router(relying_party::Setup {
                port: ports.relying_party.number,
                issuer: endpoints.idporten.issuer.clone(),
                well_known: endpoints.idporten.well_known.clone(),
                keys: data_dir.keys(),
                clock: Arc::clone(&self.clock),
            })?,
        })
    }
}

/// A router for each surface.
struct Routers {
    maskinporten: Router,
    idporten: Router,
    selfservice: Router,
    operations: Router,
    relying_party: Router,
}
