//! How much time has passed, which is another question than what time it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::{Clock, SystemClock, Timestamp};

/// A point in the life of this process, by two clocks.
///
/// The monotonic one cannot be set, but may stand still while the machine sleeps; the wall clock
/// goes on then, but can be set back. Of the two times that passed, the longer one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Since a start that all moments of a process share.
    pub monotonic: Duration,
    /// What the machine's clock showed.
    pub wall: Timestamp,
}

impl Moment {
    /// The time from `earlier` to this moment; never less than what passed.
    pub fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        let wall = self.wall.milliseconds() - earlier.wall.milliseconds();
        monotonic.max(Duration::from_millis(u64::try_from(wall).unwrap_or(0)))
    }
}

/// Where moments come from.
pub trait Stopwatch: Send + Sync {
    /// The present moment.
    fn moment(&self) -> Moment;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemStopwatch(Instant);

impl Default for SystemStopwatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Stopwatch for SystemStopwatch {
    fn moment(&self) -> Moment {
        Moment {
            monotonic: self.0.elapsed(),
            wall: SystemClock.now(),
        }
    }
}

/// A stopwatch that is moved by hand. Its two clocks agree.
#[derive(Debug, Default)]
pub struct MockStopwatch(AtomicU64);

impl MockStopwatch {
    /// Lets time pass, in whole milliseconds.
    pub fn advance(&self, duration: Duration) {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Stopwatch for MockStopwatch {
    fn moment(&self) -> Moment {
        let monotonic = Duration::from_millis(self.0.load(Ordering::SeqCst));
        Moment {
            monotonic,
            wall: Timestamp::from_seconds(1_772_442_900).plus(monotonic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(monotonic: u64, wall: i64) -> Moment {
        Moment {
            monotonic: Duration::from_secs(monotonic),
            wall: Timestamp::from_seconds(wall),
        }
    }

    #[test]
    fn the_longer_of_two_times_counts() {
        let start = moment(10, 1000);
        for (present, seconds) in [
            (moment(13, 1003), 3),
            // The machine slept.
            (moment(13, 1033), 33),
            // Somebody set the clock back.
            (moment(13, 400), 3),
            // Nothing passed.
            (start, 0),
        ] {
            assert_eq!(present.since(start), Duration::from_secs(seconds));
        }
    }
}
