//! A clock that developers move and stop. It starts as the machine's, and is that again after a
//! restart.

use std::sync::{Mutex, MutexGuard, PoisonError};

use portvakt_core::{Clock, SystemClock, Timestamp};
use serde::Serialize;

/// The machine's clock with an offset, or standing still.
#[derive(Debug, Default)]
pub(crate) struct DevClock(Mutex<Setting>);

#[derive(Clone, Copy, Debug, Default)]
struct Setting {
    offset_milliseconds: i64,
    frozen_at: Option<Timestamp>,
}

impl Setting {
    fn show(self, real: Timestamp) -> Timestamp {
        self.frozen_at.unwrap_or_else(|| {
            let milliseconds = real.milliseconds();
            Timestamp::from_milliseconds(milliseconds.saturating_add(self.offset_milliseconds))
        })
    }
}

/// What to do to the clock. Nothing at all changes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClockChange {
    /// Where to move it.
    pub(crate) motion: Option<Motion>,
    /// Whether it stands still afterwards; none leaves that as it is.
    pub(crate) frozen: Option<bool>,
}

/// A move of the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Motion {
    /// To an instant.
    To(Timestamp),
    /// By a number of seconds, backwards when negative.
    By(i64),
}

/// What the clock shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ClockReading {
    /// The instant, RFC 3339.
    now: String,
    /// The same in whole seconds since 1970.
    seconds: i64,
    /// Whether it stands still.
    frozen: bool,
    /// How far it is ahead of the machine's clock, in whole seconds.
    offset_seconds: i64,
}

impl DevClock {
    /// Moves, stops or starts the clock; from a stop it goes on from where it stood.
    pub(crate) fn change(&self, change: ClockChange) -> ClockReading {
        let mut setting = self.setting();
        *setting = apply(*setting, change, SystemClock.now());
        reading(*setting, SystemClock.now())
    }

    /// Shows the machine's time again.
    pub(crate) fn reset(&self) -> ClockReading {
        *self.setting() = Setting::default();
        self.read()
    }

    /// What it shows.
    pub(crate) fn read(&self) -> ClockReading {
        reading(*self.setting(), SystemClock.now())
    }

    /// The earlier of what it shows and the machine's time. What has expired before that stays
    /// expired when a clock that was ahead is put right.
    pub(crate) fn earliest(&self) -> Timestamp {
        self.now().min(SystemClock.now())
    }

    fn setting(&self) -> MutexGuard<'_, Setting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for DevClock {
    fn now(&self) -> Timestamp {
        self.setting().show(SystemClock.now())
    }
}

fn apply(setting: Setting, change: ClockChange, real: Timestamp) -> Setting {
    let present = setting.show(real);
    let target = match change.motion {
        None => present,
        Some(Motion::To(instant)) => instant,
        Some(Motion::By(seconds)) => {
            let milliseconds = seconds.saturating_mul(1000);
            Timestamp::from_milliseconds(present.milliseconds().saturating_add(milliseconds))
        }
    };
    let frozen = change.frozen.unwrap_or(setting.frozen_at.is_some());
    Setting {
        offset_milliseconds: target.milliseconds() - real.milliseconds(),
        frozen_at: frozen.then_some(target),
    }
}

fn reading(setting: Setting, real: Timestamp) -> ClockReading {
    let now = setting.show(real);
    ClockReading {
        now: now.to_string(),
        seconds: now.seconds(),
        frozen: setting.frozen_at.is_some(),
        offset_seconds: (now.milliseconds() - real.milliseconds()) / 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: i64 = 1_772_442_900;

    fn after(changes: &[ClockChange]) -> Setting {
        let real = Timestamp::from_seconds(REAL);
        changes.iter().fold(Setting::default(), |setting, change| {
            apply(setting, *change, real)
        })
    }

    fn shows(setting: Setting, seconds_later: i64) -> i64 {
        setting
            .show(Timestamp::from_seconds(REAL + seconds_later))
            .seconds()
            - REAL
    }

    fn by(seconds: i64) -> ClockChange {
        ClockChange {
            motion: Some(Motion::By(seconds)),
            frozen: None,
        }
    }

    fn freeze(frozen: bool) -> ClockChange {
        ClockChange {
            motion: None,
            frozen: Some(frozen),
        }
    }

    #[test]
    fn a_moved_clock_keeps_going() {
        let setting = after(&[by(3600), by(-600)]);
        assert_eq!([shows(setting, 0), shows(setting, 5)], [3000, 3005]);
    }

    #[test]
    fn a_frozen_clock_moves_by_hand_alone_and_goes_on_from_there() {
        let frozen = after(&[freeze(true), by(60)]);
        assert_eq!([shows(frozen, 0), shows(frozen, 500)], [60, 60]);
        let thawed = after(&[freeze(true), by(60), freeze(false)]);
        assert_eq!([shows(thawed, 0), shows(thawed, 5)], [60, 65]);
    }

    #[test]
    fn absurd_moves_are_clamped() {
        for seconds in [i64::MIN, i64::MAX] {
            let setting = after(&[by(seconds), by(seconds)]);
            assert!(
                !reading(setting, Timestamp::from_seconds(REAL))
                    .now
                    .is_empty()
            );
        }
    }
}
