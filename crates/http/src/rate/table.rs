//! Rates of any number of keys in memory of fixed size.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::standing::Standing;

/// Each key has one cell in every row.
const ROWS: usize = 4;
/// Bits of a hash that choose the cell of a row.
const COLUMN_BITS: usize = 14;
const COLUMNS: usize = 1 << COLUMN_BITS;

/// How often one key may ask: so many requests a minute in the long run, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a minute; at least 1.
    pub requests_per_minute: u32,
    /// Requests at once, after a rest; at least 1.
    pub burst: u32,
}

impl Rate {
    /// What one request costs, in nanoseconds.
    fn interval(self) -> u64 {
        60_000_000_000 / u64::from(self.requests_per_minute.max(1))
    }

    /// How far ahead of the present a key may be.
    fn tolerance(self) -> u64 {
        self.interval().saturating_mul(u64::from(self.burst.max(1)))
    }
}

/// Keeps the rate of every key in 512 KiB, whatever the keys are and however many.
///
/// Each cell holds the instant until which its keys have used up their rate (the generic cell rate
/// algorithm, ITU-T I.371). A key has four cells, chosen by a keyed hash, and counts as the least used
/// of them (a count-min sketch). So no key ever gets more than its rate, and somebody else can only use
/// up a key's rate by meeting it in all four cells, which cannot be aimed at without knowing the hash.
#[derive(Debug)]
pub struct RateTable {
    rate: Rate,
    cells: Box<[AtomicU64]>,
    hash: RandomState,
    started: Instant,
}

impl RateTable {
    /// A table in which nobody has asked yet.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            cells: std::iter::repeat_with(AtomicU64::default)
                .take(ROWS * COLUMNS)
                .collect(),
            hash: RandomState::new(),
            started: Instant::now(),
        }
    }

    /// Counts one request of a key, unless it has to wait: then nothing is counted.
    pub fn take(&self, key: impl Hash) -> Result<Standing, Standing> {
        self.take_at(key, self.now())
    }

    /// How a key stands, without counting anything.
    pub fn look(&self, key: impl Hash) -> Standing {
        let (_, used_until) = self.least_used(&self.cells_of(key));
        self.standing(used_until, self.now())
    }

    fn take_at(&self, key: impl Hash, now: u64) -> Result<Standing, Standing> {
        let cells = self.cells_of(key);
        loop {
            let (least, used_until) = self.least_used(&cells);
            let next = used_until.max(now).saturating_add(self.rate.interval());
            if next - now > self.rate.tolerance() {
                return Err(self.standing(used_until, now));
            }
            // The others first: once the least used cell shows that the place is taken, no other cell
            // is left to give it away again. Who loses the race leaves them as the winner does.
            for cell in cells.into_iter().filter(|cell| *cell != least) {
                self.cells[cell].fetch_max(next, Ordering::AcqRel);
            }
            let taken = self.cells[least].compare_exchange(
                used_until,
                next,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            if taken.is_ok() {
                return Ok(self.standing(next, now));
            }
        }
    }

    /// The places of a key's cells, one in each row.
    fn cells_of(&self, key: impl Hash) -> [usize; ROWS] {
        let hash = self.hash.hash_one(key);
        std::array::from_fn(|row| {
            let column = (hash >> (row * COLUMN_BITS)) % COLUMNS as u64;
            // Fourteen bits fit wherever there are addresses for the table.
            row * COLUMNS + usize::try_from(column).unwrap_or_default()
        })
    }

    /// The least used of these cells, and until when it is used up.
    fn least_used(&self, cells: &[usize; ROWS]) -> (usize, u64) {
        let [mut least, rest @ ..] = *cells;
        let mut used_until = self.cells[least].load(Ordering::Acquire);
        for cell in rest {
            let until = self.cells[cell].load(Ordering::Acquire);
            if until < used_until {
                (least, used_until) = (cell, until);
            }
        }
        (least, used_until)
    }

    fn standing(&self, used_until: u64, now: u64) -> Standing {
        let (interval, tolerance) = (self.rate.interval(), self.rate.tolerance());
        let ahead = used_until.saturating_sub(now);
        let left = tolerance.saturating_sub(ahead);
        Standing {
            quota: self.rate.burst,
            window: Duration::from_nanos(tolerance),
            // At most the burst.
            remaining: u32::try_from(left / interval).unwrap_or(u32::MAX),
            resets_in: Duration::from_nanos(ahead),
            retry_after: Duration::from_nanos(interval.saturating_sub(left)),
        }
    }

    /// Nanoseconds since the table was made; 584 years fit.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn table() -> RateTable {
        RateTable::new(Rate {
            requests_per_minute: 60,
            burst: 5,
        })
    }

    #[test]
    fn a_burst_passes_and_then_one_request_a_second() {
        let table = table();
        let now = 100 * SECOND;
        for left in (0..5).rev() {
            assert_eq!(table.take_at("a", now).unwrap().remaining, left);
        }
        let refused = table.take_at("a", now).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(1));
        assert_eq!(refused.resets_in, Duration::from_secs(5));
        assert!(table.take_at("a", now + SECOND - 1).is_err());
        assert!(table.take_at("a", now + SECOND).is_ok());
        assert!(table.take_at("a", now + SECOND).is_err());
        assert_eq!(table.take_at("a", now + 100 * SECOND).unwrap().remaining, 4);
    }

    #[test]
    fn who_is_refused_waits_no_longer_for_it() {
        let table = table();
        for _ in 0..1000 {
            let _ = table.take_at("a", 0);
        }
        assert!(table.take_at("a", SECOND).is_ok());
    }

    #[test]
    fn a_flood_of_many_keys_leaves_others_their_rate_and_gets_no_more_than_its_own() {
        let table = table();
        let mut passed = 0;
        for round in 0..10 {
            for flooding in 0..1000 {
                passed += u32::from(table.take_at(("flood", flooding), round).is_ok());
            }
        }
        assert!(passed <= 5000, "no key gets more than its burst: {passed}");
        let refused = (0..1000).filter(|key| table.take_at(("honest", key), 10).is_err());
        // Of a thousand keys in 16 384 cells, all four are met once in some 80 000.
        assert!(refused.count() <= 2);
    }

    #[test]
    fn the_last_place_is_not_given_to_everybody() {
        let table = RateTable::new(Rate {
            requests_per_minute: 1,
            burst: 100,
        });
        let taken = std::thread::scope(|scope| {
            let workers = [(); 4].map(|()| {
                scope.spawn(|| (0..1000).filter(|_| table.take_at("a", 0).is_ok()).count())
            });
            workers.map(|worker| worker.join().unwrap())
        });
        let taken: usize = taken.iter().sum();
        assert_eq!(taken, 100, "each place is given once");
    }
}
