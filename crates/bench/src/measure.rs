//! One setup: each load on its servers.

use std::path::Path;
use std::time::Duration;

use crate::calibration::Calibration;
use crate::grants;
use crate::load::Pace;
use crate::mix::{self, Mixed};
use crate::report::{Row, Start};
use crate::running::Running;
use crate::server::{ISSUER, Server};
use crate::setup::{Loads, Setup};

/// The loads, as the tables call them.
pub(crate) const CLOSED_LOOP: &str = "closed loop";
pub(crate) const IDLE: &str = "idle";
pub(crate) const HALF_LOAD: &str = "half load";
pub(crate) const MORE_THAN_ALL: &str = "150 % load";

/// Requests a second that leave a server idle.
const UNLOADED: f64 = 20.0;

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
    /// Starts the servers of a setup, and measures them.
    pub(crate) async fn run(&self, setup: Setup, loads: Loads) -> anyhow::Result<Measured> {
        let running = self.start(self.program, setup).await?;
        // The first node made the signing key; the last one found everything there.
        let ready_after = running.nodes.last().map(Server::ready_after);
        let rows = self.loads(&running, loads).await?;
        let mixed = match (loads, running.nodes.first()) {
            (Loads::All, Some(node)) => Some(mix::run(&running.registry, node, self.time).await?),
            _ => None,
        };
        running.stop().await?;
        Ok(Measured {
            mixed,
            start: Start::new(setup, ready_after.unwrap_or_default()),
            rows,
        })
    }

    /// Starts the servers of a setup for loads as long as this measures.
    pub(crate) async fn start(&self, program: &Path, setup: Setup) -> anyhow::Result<Running> {
        Running::start(program, setup, self.time, self.connections).await
    }

    /// As fast as it goes; then unloaded, at half of that, and at one and a half of it.
    async fn loads(&self, running: &Running, loads: Loads) -> anyhow::Result<Vec<Row>> {
        let Running {
            registry,
            load,
            limit,
            ..
        } = running;
        let setup = *registry.setup();
        // Grants are valid for two minutes, so each measurement signs its own, just before. What the
        // core can do is measured before and after, in the same minute.
        let run = async |name: &'static str, pace: Pace, most: usize| {
            let grants = grants::sign(registry, ISSUER, 0, most)?;
            let limit = Calibration::on_the_servers_core()?;
            let before = running.usage().await?;
            let outcome = load.run(pace, grants).await?;
            let usage = running.usage().await?.since(&before);
            let limit = limit.mean(&Calibration::on_the_servers_core()?);
            anyhow::Ok(Row::new(name, setup, &outcome, usage, limit))
        };
        let seconds = self.time.as_secs_f64();
        let enough = |rate: f64| (rate * seconds * 1.1) as usize + load.connections;
        running.warm_up().await?;
        // No server is faster than the limit.
        let full = run(CLOSED_LOOP, Pace::Closed, enough(*limit)).await?;
        let rate = full.rate();
        let mut rows = vec![full];
        if loads == Loads::All {
            for (name, rate) in [
                (IDLE, UNLOADED),
                (HALF_LOAD, rate / 2.0),
                (MORE_THAN_ALL, rate * 1.5),
            ] {
                rows.push(run(name, Pace::Open(rate), enough(rate)).await?);
            }
        }
        Ok(rows)
    }
}
