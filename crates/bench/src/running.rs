//! Servers at work: the nodes of one setup on a registry of their own, warmed up before they are measured.

use std::path::Path;
use std::time::Duration;

use crate::calibration::Calibration;
use crate::grants;
use crate::load::{Load, Pace};
use crate::registry::Registry;
use crate::server::{ISSUER, Server, Usage};
use crate::setup::{Setup, StoreKind, TokenKind};

/// A warm-up lasts no longer, however many clients there are.
const LONGEST_WARM_UP: Duration = Duration::from_secs(20);

/// The nodes of one setup. They are killed when this is dropped.
pub(crate) struct Running {
    pub(crate) registry: Registry,
    pub(crate) nodes: Vec<Server>,
    /// What is loaded on them.
    pub(crate) load: Load,
    /// Tokens a second that they do not reach.
    pub(crate) limit: f64,
}

impl Running {
    /// Makes the registry and starts the nodes one after the other. Each load on them lasts for `time`, on
    /// `connections` or on what the setup needs.
    pub(crate) async fn start(
        program: &Path,
        setup: Setup,
        time: Duration,
        connections: Option<usize>,
    ) -> anyhow::Result<Self> {
        let registry = Registry::make(setup).await?;
        // Before a server starts on the same core: it looks through all keys then.
        let limit = best_limit(setup.tokens)?;
        let mut nodes = Vec::new();
        for _ in 0..setup.nodes {
            nodes.push(Server::start(program, &registry).await?);
        }
        Ok(Self {
            load: Load {
                addresses: nodes.iter().map(Server::address).collect(),
                connections: connections.unwrap_or(setup.tokens.connections()),
                time,
                // A database is on the cores of the load.
                awake: setup.store == StoreKind::Sqlite,
            },
            registry,
            nodes,
            limit,
        })
    }

    /// Warms caches and connections up, until all active clients, if they are not too many, have
    /// had their turn: a server does a third of the limit while it reads them. Says whose turn is next.
    pub(crate) async fn warm_up(&self) -> anyhow::Result<usize> {
        let active = self.registry.setup().active as f64;
        let turns = Duration::from_secs_f64(active / (self.limit / 3.0));
        let least = self.load.time;
        let load = Load {
            time: turns.clamp(least, least.max(LONGEST_WARM_UP)),
            ..self.load.clone()
        };
        let most = (self.limit * load.time.as_secs_f64() * 1.1) as usize + load.connections;
        let grants = grants::sign(&self.registry, ISSUER, 0, most)?;
        load.run(Pace::Closed, grants).await?;
        Ok(most)
    }

    /// What all nodes have used together.
    pub(crate) async fn usage(&self) -> anyhow::Result<Usage> {
        let mut sum = Usage::default();
        for node in &self.nodes {
            sum = sum.and(node.usage().await?);
        }
        Ok(sum)
    }

    /// Has every node stop in good order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        for node in self.nodes {
            node.stop().await?;
        }
        Ok(())
    }
}

/// Tokens a second that no server reaches. One bad moment must not make it too low.
fn best_limit(tokens: TokenKind) -> anyhow::Result<f64> {
    let mut best: f64 = 0.0;
    for _ in 0..3 {
        best = best.max(Calibration::on_the_servers_core()?.limit(tokens));
    }
    Ok(best)
}
