//! The figures: a table for people and JSON for programs.

mod goals;

use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;

use crate::calibration::Calibration;
use crate::counters::Counters;
use crate::latency::Outcome;
use crate::measure::Measured;
use crate::mix::Mixed;
use crate::server::Usage;
use crate::setup::{Setup, TokenKind};

pub(crate) use self::goals::{Goal, all_reached};

const TOKENS: [&str; 14] = [
    "SETUP",
    "LOAD",
    "TOKENS/S",
    "OF LIMIT",
    "CPU IN SIGNATURES",
    "GRANTS A WRITE",
    "READS",
    "MEDIAN MS",
    "P99 MS",
    "MAX MS",
    "503",
    "503 P99 MS",
    "FAILED",
    "MEMORY MIB",
];
const GOALS: [&str; 5] = ["GOAL", "BOUND", "FIGURE", "REACHED", "FURTHEST FROM IT"];
const ADMINISTRATION: [&str; 9] = [
    "ADMINISTRATION",
    "READS/S",
    "MEDIAN MS",
    "P99 MS",
    "WRITES/S",
    "MEDIAN MS",
    "P99 MS",
    "FAILED",
    "CPU US",
];

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// How the load came.
    load: &'static str,
    /// What was measured.
    setup: Setup,
    /// Tokens a second.
    tokens_per_second: f64,
    /// Answers that asked to come back later.
    turned_away: u64,
    /// The latency of all but one of a hundred of these, in milliseconds.
    turned_away_p99_milliseconds: f64,
    /// The longest of these latencies, in milliseconds.
    turned_away_max_milliseconds: f64,
    /// Answers that were neither.
    failed: u64,
    /// Latencies of tokens, in milliseconds.
    median_milliseconds: f64,
    p99_milliseconds: f64,
    max_milliseconds: f64,
    /// Processor time for one token, in seconds.
    processor_seconds_per_token: f64,
    /// What the core can do, right before and after.
    limit: Calibration,
    /// What the servers counted.
    counters: Counters,
    /// Resident memory of the server, in bytes.
    resident_bytes: u64,
}

impl Row {
    /// What came of a load, and what it cost.
    pub(crate) fn new(
        load: &'static str,
        setup: Setup,
        outcome: &Outcome,
        usage: Usage,
        limit: Calibration,
    ) -> Self {
        let issued = outcome.issued() as f64;
        Self {
            load,
            setup,
            tokens_per_second: outcome.tokens_per_second(),
            turned_away: outcome.turned_away(),
            turned_away_p99_milliseconds: outcome.turned_away_milliseconds(0.99),
            turned_away_max_milliseconds: outcome.turned_away_milliseconds(1.0),
            failed: outcome.failed(),
            median_milliseconds: outcome.milliseconds(0.5),
            p99_milliseconds: outcome.milliseconds(0.99),
            max_milliseconds: outcome.milliseconds(1.0),
            processor_seconds_per_token: usage.processor_seconds / issued,
            limit,
            counters: usage.counters,
            resident_bytes: usage.resident_bytes,
        }
    }

    /// Tokens a second.
    pub(crate) fn rate(&self) -> f64 {
        self.tokens_per_second
    }

    /// 1 is what the core does that only verifies and signs.
    fn share_of_limit(&self) -> f64 {
        self.tokens_per_second / self.limit.limit(self.setup.tokens)
    }

    /// Processor time for one token, in RS256 signatures.
    fn signatures(&self) -> f64 {
        self.processor_seconds_per_token / self.limit.rsa_signature_seconds
    }

    fn writes_per_token(&self) -> f64 {
        self.counters.writes as f64 / self.counters.recorded as f64
    }

    fn reads_per_token(&self) -> f64 {
        self.counters.reads as f64 / self.counters.recorded as f64
    }

    /// Also of those who were turned away.
    fn longest_wait_milliseconds(&self) -> f64 {
        self.max_milliseconds.max(self.turned_away_max_milliseconds)
    }

    fn cells(&self) -> Vec<String> {
        let share = self.share_of_limit() * 100.0;
        let signatures = self.signatures();
        let shared = 1.0 / self.writes_per_token();
        vec![
            self.setup.to_string(),
            self.load.to_owned(),
            format!("{:.0}", self.tokens_per_second),
            format!("{share:.1} %"),
            format!("{signatures:.2}"),
            format!("{shared:.1}"),
            self.counters.reads.to_string(),
            format!("{:.2}", self.median_milliseconds),
            format!("{:.2}", self.p99_milliseconds),
            format!("{:.2}", self.max_milliseconds),
            self.turned_away.to_string(),
            format!("{:.2}", self.turned_away_p99_milliseconds),
            self.failed.to_string(),
            format!("{}", self.resident_bytes >> 20),
        ]
    }
}

/// How long a server took to be ready.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Start {
    /// What was started.
    setup: Setup,
    /// From the start of the process until it listened.
    ready_seconds: f64,
}

impl Start {
    /// One start.
    pub(crate) fn new(setup: Setup, ready_after: Duration) -> Self {
        Self {
            setup,
            ready_seconds: ready_after.as_secs_f64(),
        }
    }
}

/// Administration in one setup.
#[derive(Clone, Copy, Debug, Serialize)]
struct Administration {
    setup: Setup,
    mixed: Mixed,
}

impl Administration {
    fn cells(&self) -> Vec<String> {
        let mixed = &self.mixed;
        vec![
            self.setup.to_string(),
            format!("{:.0}", mixed.reads_per_second),
            format!("{:.2}", mixed.read_median_milliseconds),
            format!("{:.2}", mixed.read_p99_milliseconds),
            format!("{:.0}", mixed.writes_per_second),
            format!("{:.2}", mixed.write_median_milliseconds),
            format!("{:.2}", mixed.write_p99_milliseconds),
            mixed.failed.to_string(),
            format!("{:.0}", mixed.processor_seconds_per_request * 1e6),
        ]
    }
}

/// Every figure of one run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    starts: Vec<Start>,
    rows: Vec<Row>,
    administration: Vec<Administration>,
}

#[derive(Serialize)]
struct Document<'r> {
    #[serde(flatten)]
    report: &'r Report,
    goals: Vec<Goal>,
}

impl Report {
    /// Adds those of one setup.
    pub(crate) fn add(&mut self, measured: Measured) {
        let setup = measured.start.setup;
        let mixed = measured.mixed.map(|mixed| Administration { setup, mixed });
        self.administration.extend(mixed);
        self.starts.push(measured.start);
        self.rows.extend(measured.rows);
    }

    /// Prints the tables, with each rate as a share of the limit and each cost in signatures, and these
    /// goals.
    pub(crate) fn print(&self, goals: &[Goal]) {
        print_table(&TOKENS, self.rows.iter().map(Row::cells));
        if !self.administration.is_empty() {
            let rows = self.administration.iter().map(Administration::cells);
            print_table(&ADMINISTRATION, rows);
        }
        for tokens in [TokenKind::Rs256, TokenKind::Es256] {
            let (least, most) = self.limits(tokens);
            anstream::println!(
                "limit of the core: {least:.0} to {most:.0} {} tokens/s",
                tokens.algorithm().as_str(),
            );
        }
        for start in &self.starts {
            let (setup, milliseconds) = (start.setup, start.ready_seconds * 1e3);
            anstream::println!("ready after {milliseconds:.0} ms: {setup}");
        }
        anstream::println!();
        print_table(&GOALS, goals.iter().map(Goal::cells));
    }

    /// The same for programs.
    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec_pretty(&Document {
            report: self,
            goals: self.goals(),
        })
    }

    /// The least and the most that the core could do in the course of the run.
    fn limits(&self, tokens: TokenKind) -> (f64, f64) {
        let limits = self.rows.iter().map(|row| row.limit.limit(tokens));
        limits.fold((f64::INFINITY, 0.0), |(least, most), limit| {
            (least.min(limit), most.max(limit))
        })
    }
}

pub(crate) fn print_table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(header.to_vec());
    table.add_rows(rows);
    anstream::println!("{}\n", table.trim_fmt());
}
