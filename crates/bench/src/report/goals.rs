//! What has to be reached, and whether it was.
//!
//! Goals of speed are for a release build that has its core to itself. The others hold in any build
//! and on any machine, so that tests can hold it to them.

use serde::Serialize;

use super::{Report, Row};
use crate::measure::{CLOSED_LOOP, HALF_LOAD, IDLE, MORE_THAN_ALL};
use crate::setup::{GrantKind, Setup, StoreKind, TokenKind};

/// Of more clients than these some come for the first time while they are measured.
const KNOWN_CLIENTS: usize = 10_000;

/// One goal, and what the setup reached that is furthest from it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Goal {
    name: &'static str,
    bound: Bound,
    of_speed: bool,
    figure: f64,
    setup: Setup,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    /// What nothing was measured for is no goal of this run.
    fn new(
        name: &'static str,
        bound: Bound,
        figures: impl Iterator<Item = (Setup, f64)>,
    ) -> Option<Self> {
        let (setup, figure) = match bound {
            Bound::AtLeast(_) => figures.min_by(|(_, one), (_, other)| one.total_cmp(other)),
            Bound::AtMost(_) => figures.max_by(|(_, one), (_, other)| one.total_cmp(other)),
        }?;
        Some(Self {
            name,
            bound,
            of_speed: false,
            figure,
            setup,
        })
    }

    fn of_speed(self) -> Self {
        Self {
            of_speed: true,
            ..self
        }
    }

    /// Whether it depends on the build and on the machine.
    pub(crate) fn is_of_speed(&self) -> bool {
        self.of_speed
    }

    /// Whether every setup reached it.
    fn is_reached(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.figure >= least,
            Bound::AtMost(most) => self.figure <= most,
        }
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let bound = match self.bound {
            Bound::AtLeast(least) => format!(">= {least}"),
            Bound::AtMost(most) => format!("<= {most}"),
        };
        let reached = if self.is_reached() { "yes" } else { "no" };
        vec![
            self.name.to_owned(),
            bound,
            format!("{:.2}", self.figure),
            reached.to_owned(),
            self.setup.to_string(),
        ]
    }
}

/// An error that names those that are not.
pub(crate) fn all_reached(goals: &[Goal]) -> anyhow::Result<()> {
    let missed = goals.iter().filter(|goal| !goal.is_reached());
    let missed: Vec<_> = missed.map(|goal| goal.name).collect();
    anyhow::ensure!(missed.is_empty(), "not reached: {}", missed.join("; "));
    Ok(())
}

impl Report {
    /// The goals that this run has figures for.
    pub(crate) fn goals(&self) -> Vec<Goal> {
        let of_speed = self.goals_of_speed().into_iter();
        let of_speed = of_speed.flatten().map(Goal::of_speed);
        of_speed
            .chain(self.bounds().into_iter().flatten())
            .collect()
    }

    fn goals_of_speed(&self) -> [Option<Goal>; 6] {
        let closed = |tokens: TokenKind, store: Option<StoreKind>| {
            self.under(CLOSED_LOOP).filter(move |row| {
                let setup = &row.setup;
                setup.tokens == tokens
                    && setup.grant == GrantKind::Key
                    && setup.nodes == 1
                    && store.is_none_or(|store| setup.store == store)
            })
        };
        let shares = |tokens, store| {
            closed(tokens, store).map(|row| (row.setup, row.share_of_limit() * 100.0))
        };
        let costs = |tokens| closed(tokens, None).map(|row| (row.setup, row.signatures()));
        let half_load = self.under(HALF_LOAD).filter_map(|row| {
            let idle = self.under(IDLE).find(|idle| idle.setup == row.setup)?;
            Some((row.setup, row.p99_milliseconds / idle.median_milliseconds))
        });
        [
            Goal::new(
                "RS256, SQLite: % of the limit",
                Bound::AtLeast(80.0),
                shares(TokenKind::Rs256, Some(StoreKind::Sqlite)),
            ),
            Goal::new(
                "RS256, PostgreSQL: % of the limit",
                Bound::AtLeast(75.0),
                shares(TokenKind::Rs256, Some(StoreKind::Postgres)),
            ),
            Goal::new(
                "ES256: % of the limit",
                Bound::AtLeast(40.0),
                shares(TokenKind::Es256, None),
            ),
            Goal::new(
                "RS256: CPU in signatures",
                Bound::AtMost(1.33),
                costs(TokenKind::Rs256),
            ),
            Goal::new(
                "ES256: CPU in signatures",
                Bound::AtMost(0.37),
                costs(TokenKind::Es256),
            ),
            Goal::new(
                "half load: p99 in idle medians",
                Bound::AtMost(3.0),
                half_load,
            ),
        ]
    }

    fn bounds(&self) -> [Option<Goal>; 6] {
        let rows = || self.rows.iter();
        let warm = rows().filter(|row| row.setup.active <= KNOWN_CLIENTS && row.setup.nodes == 1);
        [
            Goal::new(
                "failed requests",
                Bound::AtMost(0.0),
                rows().map(|row| (row.setup, row.failed as f64)),
            ),
            Goal::new(
                "150 % load: longest wait, ms",
                Bound::AtMost(1000.0),
                self.under(MORE_THAN_ALL)
                    .map(|row| (row.setup, row.longest_wait_milliseconds())),
            ),
            Goal::new(
                "durable writes a token",
                Bound::AtMost(1.0),
                rows().map(|row| (row.setup, row.writes_per_token())),
            ),
            Goal::new(
                "reads of the database in 1000 tokens",
                Bound::AtMost(1.0),
                warm.map(|row| (row.setup, row.reads_per_token() * 1000.0)),
            ),
            Goal::new(
                "memory, MiB",
                Bound::AtMost(150.0),
                rows().map(|row| (row.setup, row.resident_bytes as f64 / f64::from(1 << 20))),
            ),
            Goal::new(
                "ready after, ms",
                Bound::AtMost(1000.0),
                self.starts
                    .iter()
                    .map(|start| (start.setup, start.ready_seconds * 1e3)),
            ),
        ]
    }

    fn under(&self, load: &'static str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.load == load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::Calibration;
    use crate::counters::Counters;

    /// A thousand tokens at nine tenths of the limit.
    fn row(clients: usize) -> Row {
        let limit = Calibration {
            rsa_signature_seconds: 0.0009,
            rsa_verification_seconds: 0.0001,
            ecdsa_signature_seconds: 0.0001,
        };
        Row {
            load: CLOSED_LOOP,
            setup: Setup::plain(clients),
            tokens_per_second: 900.0,
            turned_away: 0,
            turned_away_p99_milliseconds: 0.0,
            turned_away_max_milliseconds: 0.0,
            failed: 0,
            median_milliseconds: 1.0,
            p99_milliseconds: 2.0,
            max_milliseconds: 3.0,
            processor_seconds_per_token: 0.001,
            limit,
            counters: Counters {
                recorded: 1000,
                writes: 20,
                reads: 0,
            },
            resident_bytes: 1 << 20,
        }
    }

    fn missed(rows: Vec<Row>) -> Vec<&'static str> {
        let report = Report {
            rows,
            ..Report::default()
        };
        let goals = report.goals();
        let missed: Vec<_> = goals.iter().filter(|goal| !goal.is_reached()).collect();
        assert_eq!(all_reached(&goals).is_ok(), missed.is_empty());
        missed.iter().map(|goal| goal.name).collect()
    }

    #[test]
    fn the_setup_that_is_furthest_from_a_goal_decides() {
        assert_eq!(missed(vec![row(10), row(10_000)]), [""; 0]);
        let slow = Row {
            tokens_per_second: 700.0,
            ..row(10_000)
        };
        let large = Row {
            resident_bytes: 151 << 20,
            ..row(10)
        };
        assert_eq!(
            missed(vec![row(10), slow, large]),
            ["RS256, SQLite: % of the limit", "memory, MiB"]
        );
    }

    #[test]
    fn a_wait_is_as_long_for_those_who_were_turned_away() {
        let late = |turned_away_max_milliseconds| Row {
            load: MORE_THAN_ALL,
            turned_away_max_milliseconds,
            ..row(10)
        };
        assert_eq!(missed(vec![late(1000.0)]), [""; 0]);
        assert_eq!(missed(vec![late(1001.0)]), ["150 % load: longest wait, ms"]);
    }

    #[test]
    fn latencies_are_compared_with_the_same_server_at_rest() {
        let idle = Row {
            load: IDLE,
            ..row(10)
        };
        let half = |p99_milliseconds| Row {
            load: HALF_LOAD,
            p99_milliseconds,
            ..row(10)
        };
        assert_eq!(missed(vec![idle.clone(), half(2.9)]), [""; 0]);
        let late = half(3.1);
        assert_eq!(missed(vec![idle, late]), ["half load: p99 in idle medians"]);
    }

    #[test]
    fn a_server_that_recorded_nothing_reached_nothing() {
        let nothing = Row {
            counters: Counters::default(),
            ..row(10)
        };
        assert_eq!(
            missed(vec![nothing]),
            [
                "durable writes a token",
                "reads of the database in 1000 tokens"
            ]
        );
    }

    #[test]
    fn what_was_not_measured_is_no_goal() {
        assert!(Report::default().goals().is_empty());
    }
}
