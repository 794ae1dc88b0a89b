//! Time as an argument: instants, the clock port, and a clock that tests move by hand.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
///
/// Protocol decisions use whole seconds ([`Timestamp::seconds`]); records keep the milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last instant that RFC 3339 can write with four digits for the year.
    const MAX_MILLISECONDS: i64 = 253_402_300_799_999;

    /// From milliseconds since the epoch; values outside the years 1970 to 9999 are clamped.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds.clamp(0, Self::MAX_MILLISECONDS))
    }

    /// From whole seconds since the epoch; values outside the years 1970 to 9999 are clamped.
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_milliseconds(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: a JWT `NumericDate` (RFC 7519 §2).
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved `duration` ahead, at most to the end of the year 9999.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_milliseconds(self.0.saturating_add(milliseconds))
    }

    /// This instant moved `duration` back, at most to 1970.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_milliseconds(self.0.saturating_sub(milliseconds))
    }

    /// Parses RFC 3339 (`2026-03-02T09:15:00Z`) or whole seconds since the epoch (`1772442900`).
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        if let Ok(seconds) = text.parse::<i64>() {
            return Ok(Self::from_seconds(seconds));
        }
        let instant =
            OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp(text.to_owned()))?;
        Ok(Self::from_milliseconds(
            instant.unix_timestamp() * 1000 + i64::from(instant.millisecond()),
        ))
    }
}

/// RFC 3339 in UTC with milliseconds, the form that the self-service API emits.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant =
            OffsetDateTime::from_unix_timestamp(self.seconds()).map_err(|_| fmt::Error)?;
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            instant.year(),
            u8::from(instant.month()),
            instant.day(),
            instant.hour(),
            instant.minute(),
            instant.second(),
            self.0.rem_euclid(1000),
        )
    }
}

/// Milliseconds since the epoch, the form that stores keep; protocols spell instants themselves.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from_milliseconds)
    }
}

/// A text that is neither RFC 3339 nor whole seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an instant: write RFC 3339 (2026-03-02T09:15:00Z) or seconds since 1970")]
pub struct InvalidTimestamp(String);

/// Where the present comes from. A function that decides reads it once.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(0).plus(since_epoch)
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct MockClock(AtomicI64);

impl MockClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves the clock to `instant`, backwards too.
    pub fn set(&self, instant: Timestamp) {
        self.0.store(instant.0, Ordering::SeqCst);
    }

    /// Moves the clock ahead.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }
}

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_rfc_3339_with_milliseconds() {
        assert_eq!(
            Timestamp::from_seconds(1_772_442_900).to_string(),
            "2026-03-02T09:15:00.000Z"
        );
        assert_eq!(
            Timestamp::from_milliseconds(7).to_string(),
            "1970-01-01T00:00:00.007Z"
        );
    }

    #[test]
    fn reads_what_it_writes_and_seconds() {
        let instant = Timestamp::from_milliseconds(1_772_442_900_123);
        assert_eq!(Timestamp::parse(&instant.to_string()), Ok(instant));
        assert_eq!(
            Timestamp::parse("1772442900"),
            Ok(Timestamp::from_seconds(1_772_442_900))
        );
        assert_eq!(
            Timestamp::parse("2026-03-02T10:15:00+01:00"),
            Ok(Timestamp::from_seconds(1_772_442_900))
        );
        assert!(Timestamp::parse("tomorrow").is_err());
    }

    #[test]
    fn huge_values_are_clamped_and_still_print() {
        assert_eq!(
            Timestamp::from_seconds(i64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
        assert_eq!(Timestamp::from_seconds(i64::MIN), Timestamp(0));
        assert_eq!(
            Timestamp(5).plus(Duration::MAX).milliseconds(),
            Timestamp::MAX_MILLISECONDS
        );
    }
}
