//! Figures of a ledger, for whoever watches it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a ledger has written since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerCounters {
    /// Batches that were made durable, each by one commit.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Batches that failed, or whose outcome is not known.
    pub failed_batches: u64,
    /// How long all of them took together, from the first statement to the answer of the disk.
    pub writing: Duration,
}

/// Counts batches: a few relaxed additions for each.
#[derive(Debug, Default)]
pub struct LedgerMeter {
    batches: AtomicU64,
    records: AtomicU64,
    failed_batches: AtomicU64,
    nanoseconds: AtomicU64,
}

impl LedgerMeter {
    /// A batch of so many records is durable.
    pub fn written(&self, records: usize, took: Duration) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.records.fetch_add(records as u64, Ordering::Relaxed);
        self.took(took);
    }

    /// A batch failed.
    pub fn failed(&self, took: Duration) {
        self.failed_batches.fetch_add(1, Ordering::Relaxed);
        self.took(took);
    }

    fn took(&self, took: Duration) {
        // 584 years fit.
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn counters(&self) -> LedgerCounters {
        LedgerCounters {
            batches: self.batches.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
            failed_batches: self.failed_batches.load(Ordering::Relaxed),
            writing: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
        }
    }
}
