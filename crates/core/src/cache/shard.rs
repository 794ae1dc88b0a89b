//! A part of the cache with a lock of its own: entries, in the order in which they go.
//!
//! A new entry is on probation. It is kept when it was used again by the time that its turn comes,
//! and goes otherwise; kept entries get another turn for as long as they are used. So whatever is
//! asked for once, and be it a million things, displaces only its like (the idea of S3-FIFO).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use hashbrown::HashTable;

use super::key::{Hashed, Key, KeyRef};
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
    pub(super) name: Hashed<Key>,
    pub(super) value: Value,
    pub(super) weight: usize,
    /// The revision that the value was read at.
    pub(super) revision: Revision,
    /// The generation of the cache when the read began.
    pub(super) generation: u64,
}

#[derive(Debug, Default)]
struct Slots {
    entries: HashTable<Entry>,
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
    name: Hashed<Key>,
    value: Value,
    revision: Revision,
    weight: usize,
    place: Place,
    /// The entry's own place in its queue: no other entry here has had this number.
    turn: u64,
    used: AtomicBool,
}

impl Entry {
    fn is(&self, name: Hashed<KeyRef<'_>>) -> bool {
        // Names of other entries with the same few bits of hash are seldom looked at.
        self.name.hash == name.hash && self.name.key.as_ref() == name.key
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Probation,
    Kept,
}

/// Turns in order. Those of entries that have gone stay until they come up or are swept out.
#[derive(Debug, Default)]
struct Queue {
    turns: VecDeque<Turn>,
    bytes: usize,
    entries: usize,
}

/// When an entry's turn comes it is found by its hash.
#[derive(Clone, Copy, Debug)]
struct Turn {
    number: u64,
    hash: u64,
}

impl Turn {
    fn is_of(self) -> impl Fn(&Entry) -> bool {
        move |entry| entry.turn == self.number
    }
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
    pub(super) fn find(&self, name: Hashed<KeyRef<'_>>) -> Option<(Value, Revision)> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let entry = slots.entries.find(name.hash, |entry| entry.is(name));
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
    pub(super) fn invalidate(&self, name: Hashed<KeyRef<'_>>, revision: Revision) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.floor = slots.floor.max(revision);
        let entry = slots.entries.find_entry(name.hash, |entry| entry.is(name));
        if let Ok(entry) = entry
            && entry.get().revision < revision
        {
            let (old, _) = entry.remove();
            slots.leave_queue(&old);
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
        let name = fill.name.as_ref();
        let Some(entry) = self.entries.find_mut(name.hash, |entry| entry.is(name)) else {
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
        self.queue_up(Entry {
            name: fill.name,
            value: fill.value,
            revision: fill.revision,
            weight: fill.weight,
            place: Place::Probation,
            turn: 0,
            used: AtomicBool::new(false),
        });
    }

    /// Puts an entry at the end of the queue of its place.
    fn queue_up(&mut self, mut entry: Entry) {
        let (hash, place) = (entry.name.hash, entry.place);
        let number = self.next_turn;
        self.next_turn += 1;
        entry.turn = number;
        let queue = self.queue(place);
        queue.turns.push_back(Turn { number, hash });
        queue.bytes += entry.weight;
        queue.entries += 1;
        let is_littered = queue.turns.len() > 2 * queue.entries + SLACK;
        self.entries
            .insert_unique(hash, entry, |entry| entry.name.hash);
        if is_littered {
            self.sweep(place);
        }
    }

    /// Drops the turns of entries that have gone. It is rare enough to cost each entry a constant.
    fn sweep(&mut self, place: Place) {
        let mut turns = std::mem::take(&mut self.queue(place).turns);
        turns.retain(|turn| self.entries.find(turn.hash, turn.is_of()).is_some());
        self.queue(place).turns = turns;
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
            let Some(turn) = self.queue(place).turns.pop_front() else {
                break;
            };
            evicted += u64::from(self.take_turn(turn));
        }
        evicted
    }

    /// `true` when the entry went. One that had gone before leaves a turn that nobody takes.
    fn take_turn(&mut self, turn: Turn) -> bool {
        let Ok(entry) = self.entries.find_entry(turn.hash, turn.is_of()) else {
            return false;
        };
        let (mut entry, _) = entry.remove();
        self.leave_queue(&entry);
        if !*entry.used.get_mut() {
            return true;
        }
        entry.used = AtomicBool::new(false);
        entry.place = Place::Kept;
        self.queue_up(entry);
        false
    }
}
