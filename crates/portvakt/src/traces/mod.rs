//! Traces of requests, sent to a collector by OTLP over HTTP.
//!
//! A layer around each surface makes a span of each request that is sampled ([`requests`]); core has
//! spans for the parts ([`portvakt_core::spans`]). A layer of the subscriber turns those that have ended
//! into messages ([`layer`]) and puts them into a queue that nobody waits for ([`queue`]), from which a
//! task sends them ([`export`]). Nothing of this is at work unless the configuration names a
//! collector.

mod export;
mod headers;
mod layer;
mod otlp;
mod queue;
mod requests;
mod sampler;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use portvakt_core::SystemEntropy;
use portvakt_core::entropy::uuid;
use portvakt_http::{Shutdown, TrustedProxies};
use tokio::task::JoinHandle;

use self::export::{Exporter, resource};
pub(crate) use self::layer::{SpanLayer, is_traced};
use self::queue::Queue;
pub(crate) use self::queue::SpanCounters;
use self::requests::Follower;
pub(crate) use self::requests::{FollowRequests, Followed, TracedSurface};
use self::sampler::Sampler;
use crate::config::{Config, Faults, TraceSettings};

/// How long the last spans may take when the server stops.
const FLUSHING: Duration = Duration::from_secs(5);

/// Traces of one process; there may be none.
#[derive(Default)]
pub(crate) struct Traces {
    counters: Arc<SpanCounters>,
    running: Option<Running>,
}

struct Running {
    sampler: Sampler,
    proxies: TrustedProxies,
    queue: Queue,
    shutdown: Shutdown,
    exporter: JoinHandle<()>,
}

impl Traces {
    /// Begins to send what a configuration that was checked asks for.
    pub(crate) fn start(config: &Config) -> anyhow::Result<Self> {
        let mut faults = Faults::default();
        let settings = config.traces.settings(&mut faults);
        faults.into_result()?;
        let Some(settings) = settings else {
            return Ok(Self::default());
        };
        let proxies = Faults::settle(|faults| config.http.proxies(faults))?;
        let counters = Arc::new(SpanCounters::default());
        let (queue, spans) = Queue::new(settings.max_waiting_spans, Arc::clone(&counters));
        let shutdown = Shutdown::new();
        let exporter = exporter(&settings, Arc::clone(&counters), shutdown.clone())?;
        let running = Running {
            sampler: Sampler::new(settings.sampling_ratio),
            proxies,
            queue,
            shutdown,
            exporter: tokio::spawn(exporter.run(spans)),
        };
        Ok(Self {
            counters,
            running: Some(running),
        })
    }

    /// What listens to spans; none where there are none.
    pub(crate) fn listener(&self) -> Option<SpanLayer> {
        let running = self.running.as_ref()?;
        Some(SpanLayer::new(running.queue.clone()))
    }

    /// What became of spans.
    pub(crate) fn counters(&self) -> Arc<SpanCounters> {
        Arc::clone(&self.counters)
    }

    /// Makes a span of each request of a surface that is sampled.
    pub(crate) fn follow(&self, surface: TracedSurface) -> FollowRequests {
        let follower = self.running.as_ref().map(|running| Follower {
            sampler: running.sampler,
            proxies: running.proxies.clone(),
            surface,
        });
        FollowRequests(follower.map(Arc::new))
    }

    /// The same for a router, which is left as it is where there are no traces.
    pub(crate) fn follow_router(&self, router: Router, surface: TracedSurface) -> Router {
        match self.running {
            Some(_) => router.layer(self.follow(surface)),
            None => router,
        }
    }

    /// Sends what is left, within a bounded time.
    pub(crate) async fn finish(self) {
        let Some(mut running) = self.running else {
            return;
        };
        running.shutdown.trigger();
        let sent = tokio::time::timeout(FLUSHING, &mut running.exporter).await;
        if sent.is_err() {
            running.exporter.abort();
            tracing::warn!("the collector did not take the last traces in time");
        }
    }
}

fn exporter(
    settings: &TraceSettings,
    counters: Arc<SpanCounters>,
    shutdown: Shutdown,
) -> anyhow::Result<Exporter> {
    let http = reqwest::Client::builder()
        .timeout(settings.timeout)
        // Where the headers go is for the configuration to say, not for an answer.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("prepare the HTTP client for traces")?;
    let headers = settings.headers.as_ref().map(headers::read).transpose();
    let instance = match &settings.service_instance {
        Some(instance) => instance.clone(),
        None => uuid(&SystemEntropy)?,
    };
    Ok(Exporter {
        http,
        endpoint: settings.endpoint.clone(),
        headers: headers.context("traces.headers_file")?.unwrap_or_default(),
        resource: resource(&settings.service_name, &instance),
        counters,
        shutdown,
    })
}
