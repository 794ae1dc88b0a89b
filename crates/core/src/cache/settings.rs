//! How large the cache is, how old it may be, and what it counts.

use std::time::Duration;

use crate::ports::Revision;

/// Bounds of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// Memory that entries may take together, in bytes.
    pub max_bytes: usize,
    /// How long after the last confirmation the node still decides (design, invariant 3).
    pub max_age: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            max_bytes: 64 * 1024 * 1024,
            max_age: Duration::from_secs(5),
        }
    }
}

impl CacheSettings {
    /// Bytes that a shard should have, so that entries of common sizes find room in it.
    const SHARD_BYTES: usize = 1024 * 1024;
    const MOST_SHARDS: usize = 64;

    pub(super) fn shards(self) -> usize {
        (self.max_bytes / Self::SHARD_BYTES).clamp(1, Self::MOST_SHARDS)
    }
}

/// What has happened since the start, and what there is now. For metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Look-ups of single records that the cache answered.
    pub hits: u64,
    /// Look-ups of single records that it could not answer.
    pub misses: u64,
    /// Transactions on the store for what the cache could not answer.
    pub store_reads: u64,
    /// Entries that went to make room.
    pub evictions: u64,
    /// Entries that went because their record changed, or may have changed.
    pub invalidations: u64,
    /// Reads whose outcome was used once but not kept, because a change came in between.
    pub refused_fills: u64,
    /// Entries that there are.
    pub entries: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

/// Calls to the store that failed since the start, by what failed. For metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreErrors {
    /// The store did not answer, or said that it cannot now.
    pub unavailable: u64,
    /// A stored value could not be read back.
    pub corrupt: u64,
    /// The store refused a write.
    pub refused: u64,
}

/// How far a node has followed the store. For metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The revision that decisions are known to tell of.
    pub revision: Revision,
    /// How long ago that was confirmed.
    pub age: Duration,
}
