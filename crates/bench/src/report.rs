//! The figures: a table for people and JSON for programs.

use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;

use crate::calibration::Calibration;
use crate::latency::Outcome;
use crate::server::Usage;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// How the load came.
    load: &'static str,
    /// Registered clients.
    clients: usize,
    /// Tokens a second.
    tokens_per_second: f64,
    /// Answers that asked to come back later.
    turned_away: u64,
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
    pub(crate) fn new(load: &'static str, clients: usize, outcome: &Outcome, usage: Usage) -> Self {
        let issued = outcome.issued() as f64;
        Self {
            load,
            clients,
            tokens_per_second: issued / outcome.time.as_secs_f64(),
            turned_away: outcome.turned_away(),
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
    /// Registered clients.
    clients: usize,
    /// From the start of the process until it listened.
    ready_seconds: f64,
}

impl Start {
    /// One start.
    pub(crate) fn new(clients: usize, ready_after: Duration) -> Self {
        Self {
            clients,
            ready_seconds: ready_after.as_secs_f64(),
        }
    }
}

/// Every figure of one run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// The physical limit.
    calibration: Calibration,
    /// Tokens a second at the limit.
    limit_tokens_per_second: f64,
    starts: Vec<Start>,
    rows: Vec<Row>,
}

impl Report {
    /// Puts the figures together.
    pub(crate) fn new(calibration: Calibration, starts: Vec<Start>, rows: Vec<Row>) -> Self {
        Self {
            limit_tokens_per_second: calibration.limit(),
            calibration,
            starts,
            rows,
        }
    }

    /// Prints the table, with each rate as a share of the limit and each cost in signatures.
    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header([
            "LOAD",
            "CLIENTS",
            "TOKENS/S",
            "OF LIMIT",
            "CPU IN SIGNATURES",
            "MEDIAN MS",
            "P99 MS",
            "MAX MS",
            "503",
            "FAILED",
            "MEMORY MIB",
        ]);
        table.add_rows(self.rows.iter().map(|row| self.cells(row)));
        let signature = self.calibration.rsa_signature_seconds;
        anstream::println!("{}", table.trim_fmt());
        anstream::println!(
            "\nlimit of the core: {:.0} tokens/s (one RS256 signature {:.0} us, one verification {:.0} us)",
            self.limit_tokens_per_second,
            signature * 1e6,
            self.calibration.rsa_verification_seconds * 1e6,
        );
        for start in &self.starts {
            let (clients, milliseconds) = (start.clients, start.ready_seconds * 1e3);
            anstream::println!("ready after {milliseconds:.0} ms with {clients} clients");
        }
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let share = row.tokens_per_second / self.limit_tokens_per_second * 100.0;
        let signatures = row.processor_seconds_per_token / self.calibration.rsa_signature_seconds;
        vec![
            row.load.to_owned(),
            row.clients.to_string(),
            format!("{:.0}", row.tokens_per_second),
            format!("{share:.1} %"),
            format!("{signatures:.2}"),
            format!("{:.2}", row.median_milliseconds),
            format!("{:.2}", row.p99_milliseconds),
            format!("{:.2}", row.max_milliseconds),
            row.turned_away.to_string(),
            row.failed.to_string(),
            format!("{}", row.resident_bytes >> 20),
        ]
    }
}
