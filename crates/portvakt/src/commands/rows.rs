//! Rows on their way from one store to another, or to and from a backup: how far they have come, and
//! what they were in the end.

use indicatif::{ProgressBar, ProgressStyle};
use portvakt_core::transfer::{TransferProgress, TransferReport, Transferred};
use serde_json::{Value, json};

use crate::output::Output;

/// A bar on a terminal; nothing elsewhere, and not for programs. It goes when it is dropped.
pub(super) struct RowBar(ProgressBar);

impl RowBar {
    pub(super) fn new(output: Output) -> Self {
        if output.is_json() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows  {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn show(&self, progress: TransferProgress<'_>) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.rows);
        self.0.set_message(progress.table.to_owned());
    }
}

impl Drop for RowBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// How many rows all tables have.
pub(super) fn total(report: &TransferReport) -> u64 {
    report.tables.iter().map(|table| table.rows).sum()
}

/// The report for programs.
pub(super) fn value(report: &TransferReport) -> Value {
    let table = |table: &Transferred| json!({ "table": table.table, "rows": table.rows, "digest": table.digest_hex() });
    json!({
        "rows": total(report),
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "audit": { "entries": report.audit.sequence, "hash": report.audit.hash_hex() },
    })
}

/// A line for each table.
pub(super) fn list(report: &TransferReport) -> String {
    let tables = report.tables.iter();
    let lines: Vec<_> = tables
        .map(|table| format!("  {:>9} {}\n", table.rows, table.table))
        .collect();
    lines.concat()
}

/// What is said of the audit log.
pub(super) fn audit(report: &TransferReport) -> String {
    format!(
        "the audit log is whole: {} entries, the last hash is {}",
        report.audit.sequence,
        report.audit.hash_hex()
    )
}
