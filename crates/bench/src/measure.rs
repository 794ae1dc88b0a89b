//! One setup: its registry, its servers, and each load on them.

use std::path::Path;
use std::time::Duration;

use crate::calibration::Calibration;
use crate::grants;
use crate::load::{Load, Pace};
use crate::mix::{self, Mixed};
use crate::registry::Registry;
use crate::report::{Row, Start};
use crate::server::{ISSUER, Server, Usage};
use crate::setup::{Loads, Setup, TokenKind};

/// Requests a second that leave a server idle.
const UNLOADED: f64 = 20.0;

/// A warm-up lasts no longer, however many clients there are.
pub(crate) const LONGEST_WARM_UP: Duration = Duration::from_secs(20);

/// How each setup is measured.
pub(crate) struct Measure<'a> {
    /// The server's program.
    pub(crate) program: &'a Path,
    /// How long each load lasts.
    pub(crate) time: Duration,
    /// Connections of a closed load, rather than what the setup needs.
    pub(crate) connections: Option<usize>,
}

/// What came of one setup.
pub(crate) struct Measured {
    pub(crate) start: Start,
    pub(crate) rows: Vec<Row>,
    /// Administration, where it was measured.
    pub(crate) mixed: Option<Mixed>,
}

impl Measure<'_> {
    /// Makes the registry, starts the nodes one after the other, and measures.
    pub(crate) async fn run(&self, setup: Setup, loads: Loads) -> anyhow::Result<Measured> {
        let registry = Registry::make(setup).await?;
        // Before a server starts on the same core: it looks through all keys then.
        let limit = best_limit(setup.tokens)?;
        let mut nodes = Vec::new();
        for _ in 0..setup.nodes {
            nodes.push(Server::start(self.program, &registry).await?);
        }
        // The first node made the signing key; the last one found everything there.
        let ready_after = nodes.last().map(Server::ready_after).unwrap_or_default();
        let rows = self.loads(&registry, &nodes, loads, limit).await?;
        let mixed = match (loads, nodes.first()) {
            (Loads::All, Some(node)) => Some(mix::run(&registry, node, self.time).await?),
            _ => None,
        };
        for node in nodes {
            node.stop().await?;
        }
        Ok(Measured {
            mixed,
            start: Start::new(setup, ready_after),
            rows,
        })
    }

    /// As fast as it goes; then unloaded, at half of that, and at one and a half of it.
    async fn loads(
        &self,
        registry: &Registry,
        nodes: &[Server],
        loads: Loads,
        limit: f64,
    ) -> anyhow::Result<Vec<Row>> {
        let setup = *registry.setup();
        let connections = self.connections.unwrap_or(setup.tokens.connections());
        let load = Load {
            addresses: nodes.iter().map(Server::address).collect(),
            connections,
            time: self.time,
        };
        // Grants are valid for two minutes, so each measurement signs its own, just before. What the
        // core can do is measured before and after, in the same minute.
        let run = async |name: &'static str, pace: Pace, most: usize| {
            let grants = grants::sign(registry, ISSUER, 0, most)?;
            let limit = Calibration::on_the_servers_core()?;
            let before = usage(nodes).await?;
            let outcome = load.run(pace, grants).await?;
            let usage = usage(nodes).await?.since(&before);
            let limit = limit.mean(&Calibration::on_the_servers_core()?);
            anyhow::Ok(Row::new(name, setup, &outcome, usage, limit))
        };
        let seconds = self.time.as_secs_f64();
        let enough = |rate: f64| (rate * seconds * 1.1) as usize + connections;
        // No server is faster than the limit.
        self.warm_up(registry, &load, limit).await?;
        let full = run("closed loop", Pace::Closed, enough(limit)).await?;
        let rate = full.rate();
        let mut rows = vec![full];
        if loads == Loads::All {
            for (name, rate) in [
                ("idle", UNLOADED),
                ("half load", rate / 2.0),
                ("150 % load", rate * 1.5),
            ] {
                rows.push(run(name, Pace::Open(rate), enough(rate)).await?);
            }
        }
        Ok(rows)
    }

    /// Warms caches and connections up, until all active clients, if they are not too many, have
    /// had their turn: a server does a third of the limit while it reads them.
    pub(crate) async fn warm_up(
        &self,
        registry: &Registry,
        load: &Load,
        limit: f64,
    ) -> anyhow::Result<()> {
        let turns = Duration::from_secs_f64(registry.setup().active as f64 / (limit / 3.0));
        let time = turns.clamp(self.time, self.time.max(LONGEST_WARM_UP));
        let most = (limit * time.as_secs_f64() * 1.1) as usize + load.connections;
        let load = Load {
            time,
            ..load.clone()
        };
        load.run(Pace::Closed, grants::sign(registry, ISSUER, 0, most)?)
            .await?;
        Ok(())
    }
}

/// Tokens a second that no server reaches. One bad moment must not make it too low.
pub(crate) fn best_limit(tokens: TokenKind) -> anyhow::Result<f64> {
    let mut best: f64 = 0.0;
    for _ in 0..3 {
        best = best.max(Calibration::on_the_servers_core()?.limit(tokens));
    }
    Ok(best)
}

/// What all nodes have used together.
async fn usage(nodes: &[Server]) -> anyhow::Result<Usage> {
    let mut sum = Usage::default();
    for node in nodes {
        sum = sum.and(node.usage().await?);
    }
    Ok(sum)
}
