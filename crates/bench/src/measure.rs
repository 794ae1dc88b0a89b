//! One setup: its registry, its servers, and each load on them.

use std::path::Path;
use std::time::Duration;

use crate::calibration::Calibration;
use crate::grants;
use crate::load::{Load, Pace};
use crate::registry::Registry;
use crate::report::{Row, Start};
use crate::server::{ISSUER, Server, Usage};
use crate::setup::{Loads, Setup};

/// Requests a second that leave a server idle.
const UNLOADED: f64 = 20.0;

/// How each setup is measured.
pub(crate) struct Measure<'a> {
    /// The server's program.
    pub(crate) program: &'a Path,
    /// How long each load lasts.
    pub(crate) time: Duration,
    /// Connections of a closed load.
    pub(crate) connections: usize,
    /// The physical limit.
    pub(crate) calibration: Calibration,
}

/// What came of one setup.
pub(crate) struct Measured {
    pub(crate) start: Start,
    pub(crate) rows: Vec<Row>,
}

impl Measure<'_> {
    /// Makes the registry, starts the nodes one after the other, and measures.
    pub(crate) async fn run(&self, setup: Setup, loads: Loads) -> anyhow::Result<Measured> {
        let registry = Registry::make(setup).await?;
        let mut nodes = Vec::new();
        for _ in 0..setup.nodes {
            nodes.push(Server::start(self.program, &registry).await?);
        }
        // The first node made the signing key; the last one found everything there.
        let ready_after = nodes.last().map(Server::ready_after).unwrap_or_default();
        let rows = self.loads(&registry, &nodes, loads).await?;
        for node in nodes {
            node.stop().await?;
        }
        Ok(Measured {
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
    ) -> anyhow::Result<Vec<Row>> {
        let load = Load {
            addresses: nodes.iter().map(Server::address).collect(),
            connections: self.connections,
            time: self.time,
        };
        // Grants are valid for two minutes, so each measurement signs its own, just before.
        let run = async |name: &'static str, pace: Pace, most: usize| {
            let grants = grants::sign(registry, ISSUER, most)?;
            let before = usage(nodes)?;
            let outcome = load.run(pace, grants).await?;
            let usage = usage(nodes)?.since(&before);
            anyhow::Ok(Row::new(name, *registry.setup(), &outcome, usage))
        };
        let seconds = self.time.as_secs_f64();
        let enough = |rate: f64| (rate * seconds * 1.1) as usize + self.connections;
        // No server is faster than the limit. The first run only warms caches and connections up.
        let limit = self.calibration.limit(registry.setup().tokens);
        run("warm-up", Pace::Closed, enough(limit)).await?;
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
}

/// What all nodes have used together.
fn usage(nodes: &[Server]) -> anyhow::Result<Usage> {
    nodes
        .iter()
        .try_fold(Usage::default(), |sum, node| Ok(sum.and(node.usage()?)))
}
