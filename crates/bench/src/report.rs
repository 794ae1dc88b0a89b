//! The figures: a table for people and JSON for programs.

use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;

use crate::calibration::Calibration;
use crate::latency::Outcome;
use crate::measure::Measured;
use crate::server::Usage;
use crate::setup::{Setup, TokenKind};

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
    /// Answers that were neither.
    failed: u64,
    /// Latencies of tokens, in milliseconds.
    median_milliseconds: f64,
    p99_milliseconds: f64,
    max_milliseconds: f64,
    /// Processor time for one token, in seconds.
    processor_seconds_per_token: f64,
    /// Resident memory of the server, in bytes.
    resident_bytes: u64,
}

impl Row {
    /// What came of a load, and what it cost.
    pub(crate) fn new(load: &'static str, setup: Setup, outcome: &Outcome, usage: Usage) -> Self {
        let issued = outcome.issued() as f64;
        Self {
            load,
            setup,
            tokens_per_second: issued / outcome.time.as_secs_f64(),
            turned_away: outcome.turned_away(),
            turned_away_p99_milliseconds: outcome.turned_away_milliseconds(0.99),
            failed: outcome.failed(),
            median_milliseconds: outcome.milliseconds(0.5),
            p99_milliseconds: outcome.milliseconds(0.99),
            max_milliseconds: outcome.milliseconds(1.0),
            processor_seconds_per_token: usage.processor_seconds / issued,
            resident_bytes: usage.resident_bytes,
        }
    }

    /// Tokens a second.
    pub(crate) fn rate(&self) -> f64 {
        self.tokens_per_second
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

/// Every figure of one run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// The physical limit.
    calibration: Calibration,
    starts: Vec<Start>,
    rows: Vec<Row>,
}

impl Report {
    /// No figures yet.
    pub(crate) fn new(calibration: Calibration) -> Self {
        Self {
            calibration,
            starts: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds those of one setup.
    pub(crate) fn add(&mut self, measured: Measured) {
        self.starts.push(measured.start);
        self.rows.extend(measured.rows);
    }

    /// Prints the table, with each rate as a share of the limit and each cost in signatures.
    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header([
            "SETUP",
            "LOAD",
            "TOKENS/S",
            "OF LIMIT",
            "CPU IN SIGNATURES",
            "MEDIAN MS",
            "P99 MS",
            "MAX MS",
            "503",
            "503 P99 MS",
            "FAILED",
            "MEMORY MIB",
        ]);
        table.add_rows(self.rows.iter().map(|row| self.cells(row)));
        anstream::println!("{}\n", table.trim_fmt());
        for tokens in [TokenKind::Rs256, TokenKind::Es256] {
            anstream::println!(
                "limit of the core: {:.0} {} tokens/s (one signature {:.0} us, one RS256 verification {:.0} us)",
                self.calibration.limit(tokens),
                tokens.algorithm().as_str(),
                self.calibration.signature_seconds(tokens) * 1e6,
                self.calibration.rsa_verification_seconds * 1e6,
            );
        }
        for start in &self.starts {
            let (setup, milliseconds) = (start.setup, start.ready_seconds * 1e3);
            anstream::println!("ready after {milliseconds:.0} ms: {setup}");
        }
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let limit = self.calibration.limit(row.setup.tokens);
        let share = row.tokens_per_second / limit * 100.0;
        let signatures = row.processor_seconds_per_token / self.calibration.rsa_signature_seconds;
        vec![
            row.setup.to_string(),
            row.load.to_owned(),
            format!("{:.0}", row.tokens_per_second),
            format!("{share:.1} %"),
            format!("{signatures:.2}"),
            format!("{:.2}", row.median_milliseconds),
            format!("{:.2}", row.p99_milliseconds),
            format!("{:.2}", row.max_milliseconds),
            row.turned_away.to_string(),
            format!("{:.2}", row.turned_away_p99_milliseconds),
            row.failed.to_string(),
            format!("{}", row.resident_bytes >> 20),
        ]
    }
}
