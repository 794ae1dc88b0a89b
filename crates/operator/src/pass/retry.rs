//! How long to wait before the next look.

use std::time::Duration;

/// What is up to date is looked at again after this, in case an event was lost.
pub(super) const RESTING: Duration = Duration::from_hours(8);

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(1);

/// The pause after this many failures in a row, at least one: it doubles from one second to one hour.
/// `jitter`, from 0 to 1, takes up to a quarter of it away.
pub fn backoff(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(12);
    let pause = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    spread(pause, jitter)
}

/// A pause of which `jitter`, from 0 to 1, takes up to a quarter away, so that what was looked at, or failed,
/// together is not looked at together for ever.
pub(crate) fn spread(pause: Duration, jitter: f64) -> Duration {
    pause.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_never_vanish() {
        let pauses = [1, 2, 3, 12, 13, u32::MAX].map(|failures| backoff(failures, 0.0).as_secs());
        assert_eq!(pauses, [1, 2, 4, 2048, 3600, 3600]);
        assert_eq!(backoff(0, 0.0), Duration::from_secs(1));
        assert_eq!(backoff(3, 1.0), Duration::from_secs(3));
        assert_eq!(backoff(1, f64::INFINITY), Duration::from_millis(750));
    }
}
