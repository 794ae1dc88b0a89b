//! Two servers in turns on the same core: two builds, or two registries. What else goes on in the machine
//! comes and goes by the minute and moves a figure by a tenth; within a turn it is the same for both.

use std::path::Path;

use crate::grants;
use crate::load::Pace;
use crate::measure::Measure;
use crate::report::print_table;
use crate::running::Running;
use crate::server::ISSUER;
use crate::setup::Setup;

const HEADER: [&str; 5] = [
    "TURN",
    "TOKENS/S",
    "TOKENS/S OF OTHER",
    "RATIO",
    "RATIO OF CPU A TOKEN",
];

/// One of the two.
struct Contestant {
    running: Running,
    /// Whose turn among the clients is next, and how many grants this one's next turn may need.
    next: usize,
    enough: usize,
}

/// What one of them did in a turn.
struct Score {
    tokens_per_second: f64,
    processor_seconds_per_token: f64,
}

impl Measure<'_> {
    /// Loads two builds, each with a setup, in turns, and prints how the first compares with the other:
    /// turn by turn, and the medians of all.
    pub(crate) async fn compare(
        &self,
        [this, other]: [(&Path, Setup); 2],
        turns: u32,
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
        this.running.stop().await?;
        other.running.stop().await
    }

    async fn prepare(&self, (program, setup): (&Path, Setup)) -> anyhow::Result<Contestant> {
        let running = self.start(program, setup).await?;
        Ok(Contestant {
            // Those who have had their turn in the warm-up come last.
            next: running.warm_up().await?,
            enough: (running.limit * self.time.as_secs_f64()) as usize + running.load.connections,
            running,
        })
    }
}

impl Contestant {
    async fn turn(&mut self) -> anyhow::Result<Score> {
        let Running { registry, load, .. } = &self.running;
        let grants = grants::sign(registry, ISSUER, self.next, self.enough)?;
        let before = self.running.usage().await?;
        let outcome = load.run(Pace::Closed, grants).await?;
        let used = self.running.usage().await?.since(&before);
        let issued = outcome.issued() as f64;
        self.next += self.enough;
        // Signing grants takes longer than the turn: half more than the last one took will do.
        self.enough = (issued * 1.5) as usize + load.connections;
        Ok(Score {
            tokens_per_second: outcome.tokens_per_second(),
            processor_seconds_per_token: used.processor_seconds / issued,
        })
    }
}

/// The number in the middle, of two the upper one; of no numbers, not a number.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
