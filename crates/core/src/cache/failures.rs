//! Counts the calls to the store that fail.

use std::sync::atomic::{AtomicU64, Ordering};

use super::settings::StoreErrors;
use crate::ports::StorageError;

/// One counter for each kind of [`StorageError`].
#[derive(Debug, Default)]
pub(super) struct Failures {
    unavailable: AtomicU64,
    corrupt: AtomicU64,
    refused: AtomicU64,
}

impl Failures {
    /// Hands on what a call to the store came to, and counts it if it failed.
    pub(super) fn noted<T>(&self, outcome: Result<T, StorageError>) -> Result<T, StorageError> {
        if let Err(error) = &outcome {
            self.note(error);
        }
        outcome
    }

    /// Counts what failed.
    pub(super) fn note(&self, error: &StorageError) {
        let counter = match error {
            StorageError::Unavailable(_) => &self.unavailable,
            StorageError::Corrupt { .. } => &self.corrupt,
            StorageError::Refused(_) => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counted(&self) -> StoreErrors {
        StoreErrors {
            unavailable: self.unavailable.load(Ordering::Relaxed),
            corrupt: self.corrupt.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}
