//! Two servers in turns on the same core: two builds, or two registries. What else goes on in the machine
//! comes and goes by the minute and moves a figure by a tenth; within a turn it is the same for both.

use std::path::Path;

use crate::grants;
use crate::load::{Load, Pace};
use crate::measure::{LONGEST_WARM_UP, Measure, best_limit};
use crate::registry::Registry;
use crate::report::print_table;
use crate::server::{ISSUER, Server};
use crate::setup::Setup;

const HEADER: [&str; 5] = [
    "TURN",
    "TOKENS/S",
    "TOKENS/S OF OTHER",
    "RATIO",
    "RATIO OF CPU A TOKEN",
];

/// A build of the server, and what it is asked.
pub(crate) type Contender<'a> = (&'a Path, Setup);

/// One of the two, with a registry of its own.
struct Contestant {
    registry: Registry,
    server: Server,
    load: Load,
    /// Grants that a turn may need, and whose turn among the clients is next.
    enough: usize,
    next: usize,
}

/// What one of them did in a turn.
struct Score {
    tokens_per_second: f64,
    processor_seconds_per_token: f64,
}

impl Measure<'_> {
    /// Loads the two in turns, and prints how the first compares with the other: turn by turn, and the
    /// medians of all.
    pub(crate) async fn compare(
        &self,
        [this, other]: [Contender<'_>; 2],
        turns: usize,
    ) -> anyhow::Result<()> {
        let mut this = self.prepare(this).await?;
        let mut other = self.prepare(other).await?;
        let mut rows = Vec::new();
        let mut ratios = [Vec::new(), Vec::new()];
        for turn in 1..=turns {
            // Whoever comes first has no advantage of it.
            let (this, other) = if turn % 2 == 1 {
                let score = this.turn().await?;
                (score, other.turn().await?)
            } else {
                let score = other.turn().await?;
                (this.turn().await?, score)
            };
            let tokens = this.tokens_per_second / other.tokens_per_second;
            let processor = this.processor_seconds_per_token / other.processor_seconds_per_token;
            ratios[0].push(tokens);
            ratios[1].push(processor);
            rows.push(vec![
                turn.to_string(),
                format!("{:.0}", this.tokens_per_second),
                format!("{:.0}", other.tokens_per_second),
                format!("{tokens:.3}"),
                format!("{processor:.3}"),
            ]);
        }
        let [tokens, processor] = ratios.map(median);
        rows.push(vec![
            "median".to_owned(),
            String::new(),
            String::new(),
            format!("{tokens:.3}"),
            format!("{processor:.3}"),
        ]);
        print_table(&HEADER, rows.into_iter());
        this.server.stop().await?;
        other.server.stop().await
    }

    async fn prepare(&self, (program, setup): Contender<'_>) -> anyhow::Result<Contestant> {
        let registry = Registry::make(setup).await?;
        let limit = best_limit(setup.tokens)?;
        let server = Server::start(program, &registry).await?;
        let load = Load {
            addresses: vec![server.address()],
            connections: self.connections.unwrap_or(setup.tokens.connections()),
            time: self.time,
        };
        self.warm_up(&registry, &load, limit).await?;
        Ok(Contestant {
            enough: (limit * self.time.as_secs_f64()) as usize + load.connections,
            // Those who have had their turn in the warm-up come last.
            next: (limit * LONGEST_WARM_UP.as_secs_f64()) as usize,
            registry,
            server,
            load,
        })
    }
}

impl Contestant {
    async fn turn(&mut self) -> anyhow::Result<Score> {
        let grants = grants::sign(&self.registry, ISSUER, self.next, self.enough)?;
        let before = self.server.usage().await?;
        let outcome = self.load.run(Pace::Closed, grants).await?;
        let used = self.server.usage().await?.since(&before);
        let issued = outcome.issued() as f64;
        self.next += self.enough;
        // Signing grants takes longer than the turn: half more than the last one took will do.
        self.enough = (issued * 1.5) as usize + self.load.connections;
        Ok(Score {
            tokens_per_second: issued / outcome.time.as_secs_f64(),
            processor_seconds_per_token: used.processor_seconds / issued,
        })
    }
}

/// Of no numbers, not a number.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
