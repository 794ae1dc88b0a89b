//! The cache itself: shards, and what is true of all of them.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::key::{EntryKind, Key, KeyRef, Stale};
use super::settings::{CacheCounters, CacheSettings};
use super::shard::{Fill, Shard};
use super::value::{Value, weight};
use crate::ports::Revision;

/// Copies of records, each with the revision that it was read at.
#[derive(Debug)]
pub(super) struct Table {
    shards: Box<[Shard]>,
    hasher: RandomState,
    /// Counts the times that everything was forgotten.
    generation: AtomicU64,
    /// The last revision that changed a prefix: lists that were read before it are old.
    prefixes_changed: AtomicU64,
    /// Held while entries are forgotten: clearing resets what an invalidation leaves behind, so the
    /// two must not mix. Reads and fills never take it.
    changing: Mutex<()>,
    store_reads: AtomicU64,
}

/// Taken before a read begins and shown when its outcome is put into the cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    generation: u64,
}

impl Table {
    pub(super) fn new(settings: CacheSettings) -> Self {
        let shards = settings.shards();
        let bytes = settings.max_bytes / shards;
        Self {
            shards: (0..shards).map(|_| Shard::new(bytes)).collect(),
            hasher: RandomState::new(),
            generation: AtomicU64::default(),
            prefixes_changed: AtomicU64::default(),
            changing: Mutex::default(),
            store_reads: AtomicU64::default(),
        }
    }

    pub(super) fn find(&self, key: KeyRef<'_>) -> Option<Value> {
        let (value, revision) = self.shard(key).find(key)?;
        let old = key.kind() == EntryKind::Prefixes && revision < self.prefixes_changed();
        (!old).then_some(value)
    }

    /// Begins a read of the store.
    pub(super) fn ticket(&self) -> Ticket {
        self.store_reads.fetch_add(1, Ordering::Relaxed);
        Ticket {
            generation: self.generation.load(Ordering::SeqCst),
        }
    }

    /// Keeps what was read at `revision`, unless it may be old by now.
    pub(super) fn insert(&self, ticket: Ticket, revision: Revision, key: Key, value: Value) {
        let weight = weight(key.as_ref(), &value);
        self.shard(key.as_ref()).insert(Fill {
            key,
            value,
            weight,
            revision,
            generation: ticket.generation,
        });
    }

    /// Forgets what changes made old, which are of `revision` or before.
    pub(super) fn invalidate<'a>(
        &self,
        stale: impl IntoIterator<Item = Stale<'a>>,
        revision: Revision,
    ) {
        let _turn = self.take_turn();
        for stale in stale {
            match stale {
                Stale::Entry(key) => self.shard(key).invalidate(key, revision),
                Stale::Prefixes => {
                    self.prefixes_changed
                        .fetch_max(revision.0, Ordering::SeqCst);
                }
                Stale::Nothing => {}
                Stale::Everything => self.forget_all(),
            }
        }
    }

    /// Forgets everything, also what is being read at this moment.
    pub(super) fn clear(&self) {
        let _turn = self.take_turn();
        self.forget_all();
    }

    fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_all(&self) {
        let generation = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        for shard in &self.shards {
            shard.clear(generation);
        }
        // The history that follows may count from a lower revision.
        self.prefixes_changed.store(0, Ordering::SeqCst);
    }

    pub(super) fn counters(&self) -> CacheCounters {
        let mut counters = CacheCounters {
            store_reads: self.store_reads.load(Ordering::Relaxed),
            ..CacheCounters::default()
        };
        for shard in &self.shards {
            shard.add_to(&mut counters);
        }
        counters
    }

    fn prefixes_changed(&self) -> Revision {
        Revision(self.prefixes_changed.load(Ordering::SeqCst))
    }

    fn shard(&self, key: KeyRef<'_>) -> &Shard {
        let hash = self.hasher.hash_one(key);
        let place = usize::try_from(hash % self.shards.len() as u64).unwrap_or(0);
        &self.shards[place]
    }
}
