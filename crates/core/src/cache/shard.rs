//! A part of the cache with a lock of its own: entries, in the order in which they go.
//!
//! A new entry is on probation. It is kept when it was used again by the time that its turn comes,
//! and goes otherwise; kept entries get another turn for as long as they are used. So whatever is
//! asked for once, and be it a million things, displaces only its like (the idea of S3-FIFO).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::key::{Key, KeyRef, Named};
use super::settings::CacheCounters;
use super::value::Value;
use crate::ports::Revision;

/// Part of the bytes that entries on probation may take once the shard is full.
const PROBATION: usize = 8;

/// How many names of entries that have gone a queue holds before they are swept out.
const SLACK: usize = 64;

/// One part.
#[derive(Debug)]
pub(super) struct Shard {
    slots: RwLock<Slots>,
    max_bytes: usize,
    counts: Counts,
}

/// Events; every shard has its own, so that cores need not share them.
#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
    invalidations: AtomicU64,
    refused_fills: AtomicU64,
}

impl Counts {
    fn add(counter: &AtomicU64, number: u64) {
        counter.fetch_add(number, Ordering::Relaxed);
    }
}

/// What is put into the cache, and what it was read as.
#[derive(Debug)]
pub(super) struct Fill {
    pub(super) key: Key,
    pub(super) value: Value,
    pub(super) weight: usize,
    /// The revision that the value was read at.
    pub(super) revision: Revision,
    /// The generation of the cache when the read began.
    pub(super) generation: u64,
}

#[derive(Debug, Default)]
struct Slots {
    entries: HashMap<Key, Entry>,
    probation: Queue,
    kept: Queue,
    /// Counts the times that everything was forgotten.
    generation: u64,
    /// Something here changed at this revision: what was read before it may be old.
    floor: Revision,
    next_turn: u64,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    revision: Revision,
    weight: usize,
    place: Place,
    /// Which of the queue's turns of this key is the entry's own.
    turn: u64,
    used: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Probation,
    Kept,
}

/// Turns in order. Those of entries that have gone stay until they come up or are swept out.
#[derive(Debug, Default)]
struct Queue {
    turns: VecDeque<(Key, u64)>,
    bytes: usize,
    entries: usize,
}

impl Shard {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            slots: RwLock::default(),
            max_bytes,
            counts: Counts::default(),
        }
    }

    /// The value and the revision that it was read at.
    pub(super) fn find(&self, key: KeyRef<'_>) -> Option<(Value, Revision)> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let entry = slots.entries.get(&key as &dyn Named);
        let counter = match entry {
            Some(_) => &self.counts.hits,
            None => &self.counts.misses,
        };
        Counts::add(counter, 1);
        let entry = entry?;
        // Written once, so that readers on several cores do not take the line from each other.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some((entry.value.clone(), entry.revision))
    }

    /// Keeps the value unless it may be old: something in this shard changed after it was read, or
    /// everything was forgotten since the read began.
    pub(super) fn insert(&self, fill: Fill) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        if fill.generation != slots.generation || fill.revision < slots.floor {
            Counts::add(&self.counts.refused_fills, 1);
            return;
        }
        // A large entry must not displace everything else.
        if fill.weight > self.max_bytes / PROBATION {
            return;
        }
        slots.put(fill);
        let evicted = slots.make_room(self.max_bytes);
        Counts::add(&self.counts.evictions, evicted);
    }

    /// Forgets the entry unless it was read at `revision` or later, and refuses what was read
    /// before.
    pub(super) fn invalidate(&self, key: KeyRef<'_>, revision: Revision) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.floor = slots.floor.max(revision);
        let read_at = slots.entries.get(&key as &dyn Named).map(|e| e.revision);
        if read_at.is_some_and(|read_at| read_at < revision) {
            slots.remove(key);
            Counts::add(&self.counts.invalidations, 1);
        }
    }

    /// Forgets everything, and refuses what is being read under an earlier generation.
    pub(super) fn clear(&self, generation: u64) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let gone = slots.entries.len() as u64;
        *slots = Slots {
            generation,
            ..Slots::default()
        };
        Counts::add(&self.counts.invalidations, gone);
    }

    /// Adds what has happened here, and what there is.
    pub(super) fn add_to(&self, counters: &mut CacheCounters) {
        let counted = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        counters.hits += counted(&self.counts.hits);
        counters.misses += counted(&self.counts.misses);
        counters.evictions += counted(&self.counts.evictions);
        counters.invalidations += counted(&self.counts.invalidations);
        counters.refused_fills += counted(&self.counts.refused_fills);
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        counters.entries += slots.entries.len() as u64;
        counters.bytes += slots.bytes() as u64;
    }

    /// Turns in the queues, of entries that have gone too.
    #[cfg(test)]
    pub(super) fn turns(&self) -> usize {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.probation.turns.len() + slots.kept.turns.len()
    }
}

impl Slots {
    fn bytes(&self) -> usize {
        self.probation.bytes + self.kept.bytes
    }

    fn queue(&mut self, place: Place) -> &mut Queue {
        match place {
            Place::Probation => &mut self.probation,
            Place::Kept => &mut self.kept,
        }
    }

    /// What is read again keeps its place. A late answer does not replace a newer one.
    fn put(&mut self, fill: Fill) {
        let Some(entry) = self.entries.get_mut(&fill.key) else {
            return self.add(fill);
        };
        if entry.revision > fill.revision {
            return;
        }
        let (place, before) = (entry.place, entry.weight);
        entry.value = fill.value;
        entry.revision = fill.revision;
        entry.weight = fill.weight;
        let queue = self.queue(place);
        queue.bytes = queue.bytes - before + fill.weight;
    }

    fn add(&mut self, fill: Fill) {
        let turn = self.queue_up(&fill.key, fill.weight, Place::Probation);
        let entry = Entry {
            value: fill.value,
            revision: fill.revision,
            weight: fill.weight,
            place: Place::Probation,
            turn,
            used: AtomicBool::new(false),
        };
        self.entries.insert(fill.key, entry);
    }

    fn queue_up(&mut self, key: &Key, weight: usize, place: Place) -> u64 {
        let turn = self.next_turn;
        self.next_turn += 1;
        let queue = self.queue(place);
        queue.turns.push_back((key.clone(), turn));
        queue.bytes += weight;
        queue.entries += 1;
        if queue.turns.len() > 2 * queue.entries + SLACK {
            self.sweep(place);
        }
        turn
    }

    /// Drops the turns of entries that have gone. It is rare enough to cost each entry a constant.
    fn sweep(&mut self, place: Place) {
        let mut turns = std::mem::take(&mut self.queue(place).turns);
        // The newest turn is of an entry that is about to be added.
        let newest = self.next_turn - 1;
        turns.retain(|(key, turn)| {
            *turn == newest || self.entries.get(key).is_some_and(|e| e.turn == *turn)
        });
        self.queue(place).turns = turns;
    }

    fn remove(&mut self, key: KeyRef<'_>) {
        if let Some(entry) = self.entries.remove(&key as &dyn Named) {
            self.leave_queue(&entry);
        }
    }

    fn leave_queue(&mut self, entry: &Entry) {
        let queue = self.queue(entry.place);
        queue.bytes -= entry.weight;
        queue.entries -= 1;
    }

    /// Lets entries go until the rest fits, and says how many went. Every step lets one go, keeps
    /// one, or takes a mark away that a use has left, so the work is paid for by insertions and
    /// uses.
    fn make_room(&mut self, max_bytes: usize) -> u64 {
        let mut evicted = 0;
        while self.bytes() > max_bytes {
            let crowded = self.probation.bytes > max_bytes / PROBATION;
            let place = if crowded || self.kept.entries == 0 {
                Place::Probation
            } else {
                Place::Kept
            };
            let Some((key, turn)) = self.queue(place).turns.pop_front() else {
                break;
            };
            evicted += u64::from(self.take_turn(&key, turn));
        }
        evicted
    }

    /// `true` when the entry went.
    fn take_turn(&mut self, key: &Key, turn: u64) -> bool {
        let Some(mut entry) = self.entries.remove(key) else {
            return false;
        };
        if entry.turn != turn {
            // A turn of an entry that has gone, and whose name came back.
            self.entries.insert(key.clone(), entry);
            return false;
        }
        self.leave_queue(&entry);
        if !*entry.used.get_mut() {
            return true;
        }
        entry.used = AtomicBool::new(false);
        entry.place = Place::Kept;
        entry.turn = self.queue_up(key, entry.weight, Place::Kept);
        self.entries.insert(key.clone(), entry);
        false
    }
}
