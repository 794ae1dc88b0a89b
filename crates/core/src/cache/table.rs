//! The cache itself: shards, and what is true of all of them.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::key::{EntryKind, Hashed, Key, KeyRef, Stale};
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
    /// Lists of prefixes that were read before the last change of one are old.
    prefixes: LastChange,
    organizations: LastChange,
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
            prefixes: LastChange::default(),
            organizations: LastChange::default(),
            changing: Mutex::default(),
            store_reads: AtomicU64::default(),
        }
    }

    pub(super) fn find(&self, key: KeyRef<'_>) -> Option<Value> {
        let (value, _) = self.find_dated(key)?;
        Some(value)
    }

    /// The value and the revision that it was read at.
    pub(super) fn find_dated(&self, key: KeyRef<'_>) -> Option<(Value, Revision)> {
        let name = self.hashed(key);
        let (value, revision) = self.shard(name.hash).find(name)?;
        let old = key.kind() == EntryKind::Prefixes && self.prefixes.changed_after(revision);
        (!old).then_some((value, revision))
    }

    /// Whether what was read at this revision may differ from the present in an organization.
    pub(super) fn organizations_changed_after(&self, revision: Revision) -> bool {
        self.organizations.changed_after(revision)
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
        let hash = self.hashed(key.as_ref()).hash;
        self.shard(hash).insert(Fill {
            name: Hashed { hash, key },
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
                Stale::Entry(key) => self.invalidate_entry(key, revision),
                Stale::Prefixes => self.prefixes.note(revision),
                Stale::Nothing => {}
                Stale::Everything => self.forget_all(),
            }
        }
    }

    fn invalidate_entry(&self, key: KeyRef<'_>, revision: Revision) {
        if key.kind() == EntryKind::Organization {
            self.organizations.note(revision);
        }
        let name = self.hashed(key);
        self.shard(name.hash).invalidate(name, revision);
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
        self.prefixes.restart();
        self.organizations.restart();
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

    fn hashed<'a>(&self, key: KeyRef<'a>) -> Hashed<KeyRef<'a>> {
        let hash = self.hasher.hash_one(key);
        Hashed { hash, key }
    }

    /// By other bits than those that choose the place within: these would be the same for all there.
    fn shard(&self, hash: u64) -> &Shard {
        let place = usize::try_from((hash >> 24) % self.shards.len() as u64).unwrap_or(0);
        &self.shards[place]
    }
}

/// The last revision that changed a record of one kind.
#[derive(Debug, Default)]
struct LastChange(AtomicU64);

impl LastChange {
    fn note(&self, revision: Revision) {
        self.0.fetch_max(revision.0, Ordering::SeqCst);
    }

    /// Whether what was read at this revision may be old.
    fn changed_after(&self, revision: Revision) -> bool {
        revision.0 < self.0.load(Ordering::SeqCst)
    }

    fn restart(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}
