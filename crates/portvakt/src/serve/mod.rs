//! The production server: the surfaces of a configuration, on its store, until it is told to stop.
//!
//! Start reading at [`Server::start`].

mod certificates;
mod checkpoints;
mod listeners;
mod logins;
mod parts;
mod traced;

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::login::LoginStore;
use portvakt_core::refusals::Limits as RefusalLimits;
use portvakt_http::Shutdown;
use tokio::task::JoinSet;

pub(crate) use self::certificates::Certificates;
use self::checkpoints::CheckpointWriter;
pub(crate) use self::listeners::Addresses;
use self::listeners::Listeners;
use self::parts::Parts;
use crate::backchannel::BackchannelLogouts;
use crate::config::{Config, Faults};
use crate::database::OpenStore;
use crate::following;
use crate::key_expiry::KeyExpiryWatch;
use crate::operations::Drain;
use crate::refusals::{self, Recording};
use crate::server::housekeeping::{self, Horizon, House};
use crate::traces::Traces;
use crate::usage::UsageCounter;

/// How far a production clock may be put back without a used grant being accepted again.
const CLOCK_MARGIN: Duration = Duration::from_hours(1);

/// A running server.
pub(crate) struct Server {
    addresses: Addresses,
    certificates: Certificates,
    database: OpenStore,
    usage: Arc<UsageCounter>,
    /// If people log in here.
    logouts: Option<BackchannelLogouts>,
    recording: Recording,
    traces: Traces,
    drain: Drain,
    drain_time: Duration,
    shutdown: Shutdown,
    tasks: JoinSet<()>,
}

impl Server {
    /// Opens the store and starts every surface of a configuration that was checked. It fails rather
    /// than start with less than the configuration says.
    pub(crate) async fn start(config: &Config, traces: Traces) -> anyhow::Result<Self> {
        let mut certificates = Certificates::default();
        let listeners = Listeners::bind(config, &mut certificates).await?;
        let addresses = listeners.addresses();
        let location = Faults::settle(|faults| config.database.settings(faults))?;
        let database = OpenStore::open(location).await?;
        let (store, follower) =
            following::cached(database.shared(), config.database.cache()).await?;
        let shutdown = Shutdown::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(following::follow_until(follower, shutdown.clone()));
        let (recorder, recording) = refusals::start(Arc::clone(&store), RefusalLimits::default());
        let logins = database.logins();
        let parts = Parts::prepare(
            config,
            store,
            Arc::clone(&logins),
            recorder,
            traces.counters(),
        )
        .await?;
        let drain = Drain::default();
        let limits = config.http.limits(&mut Faults::default());
        let surfaces = parts.surfaces(config, limits, drain.clone(), &traces)?;
        listeners.serve(surfaces, limits, &shutdown, &mut tasks);
        let usage = Arc::clone(&parts.usage);
        let logouts = parts.logins.as_ref().map(|parts| parts.logouts.clone());
        tend(&mut tasks, parts, logins, config, &shutdown);
        Ok(Self {
            addresses,
            certificates,
            database,
            usage,
            logouts,
            recording,
            traces,
            drain,
            drain_time: Duration::from_secs(config.operations.drain_seconds.into()),
            shutdown,
            tasks,
        })
    }

    /// Where the surfaces listen.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What the surfaces prove themselves with.
    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Says first that it is not ready, so that load balancers send no more; then takes no more
    /// connections, finishes the requests that have started, and lets go of the store. `hurry` ends
    /// the wait for load balancers.
    pub(crate) async fn stop(mut self, hurry: impl Future<Output = ()>) {
        self.drain.begin();
        tokio::select! {
            () = tokio::time::sleep(self.drain_time) => {}
            () = hurry => {}
        }
        self.shutdown.trigger();
        while self.tasks.join_next().await.is_some() {}
        if let Some(logouts) = &self.logouts {
            logouts.finish().await;
        }
        // The last requests have ended, so this is all that was counted and refused.
        self.usage.flush(self.database.shared().as_ref()).await;
        self.recording.finish().await;
        self.database.close().await;
        self.traces.finish().await;
    }
}

/// What is done outside requests.
fn tend(
    tasks: &mut JoinSet<()>,
    parts: Parts,
    logins: Arc<dyn LoginStore>,
    config: &Config,
    shutdown: &Shutdown,
) {
    let (clock, same) = (Arc::clone(&parts.clock), Arc::clone(&parts.clock));
    let present: Horizon = Arc::new(move || clock.now());
    let horizon: Horizon = Arc::new(move || same.now().minus(CLOCK_MARGIN));
    let store = parts.store;
    let watch = KeyExpiryWatch {
        store: store.clone(),
        clock: Arc::clone(&parts.clock),
        figures: parts.key_ends,
    };
    tasks.spawn(watch.run(shutdown.clone()));
    tasks.spawn(Arc::clone(&parts.keeper).run(shutdown.clone()));
    if let Some(logins) = &parts.logins {
        tasks.spawn(Arc::clone(&logins.keeper).run(shutdown.clone()));
    }
    let house = House {
        store: store.clone(),
        logins,
        room: parts.logins.map(|logins| logins.room),
        // The configuration was checked.
        keeping: config.idporten.companion.keeping(&mut Faults::default()),
        horizon,
        present,
        usage: parts.usage,
        trust: parts.trust,
        downloads: parts.downloads,
    };
    housekeeping::start(tasks, house, shutdown);
    if let Some(file) = &config.audit.checkpoint_file {
        let writer = CheckpointWriter {
            store,
            keys: Arc::clone(parts.keeper.shared()),
            clock: parts.clock,
            file: file.clone(),
            interval: Duration::from_secs(config.audit.checkpoint_interval_seconds),
        };
        tasks.spawn(writer.run(shutdown.clone()));
    }
}
