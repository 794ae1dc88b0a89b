//! Days, as usage is kept and asked for.

use std::fmt;
use std::str::FromStr;

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration};

use crate::clock::Timestamp;

/// The most days that one question spans, and the number of days that usage is kept.
pub const MAX_DAYS: u16 = 400;

/// How many days a question spans that names no first day.
const DEFAULT_DAYS: u16 = 30;

const SECONDS_OF_A_DAY: i64 = 86_400;
const FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const EPOCH: Date = time::macros::date!(1970 - 01 - 01);

/// A calendar day in UTC, as its number since 1970-01-01. Its text is ISO 8601: `2026-03-02`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

impl Day {
    /// 9999-12-31, the last day of the last [`Timestamp`].
    const LAST: u32 = 2_932_896;

    /// The day of an instant.
    pub fn of(instant: Timestamp) -> Self {
        Self::from_number(instant.seconds() / SECONDS_OF_A_DAY).unwrap_or(Self(Self::LAST))
    }

    /// The day of this number since 1970-01-01; none outside the years 1970 to 9999.
    pub fn from_number(number: i64) -> Option<Self> {
        let number = u32::try_from(number).ok()?;
        (number <= Self::LAST).then_some(Self(number))
    }

    /// Its number since 1970-01-01.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The day so many days before, at the earliest 1970-01-01.
    #[must_use]
    pub fn back(self, days: u16) -> Self {
        Self(self.0.saturating_sub(days.into()))
    }
}

impl FromStr for Day {
    type Err = InvalidDays;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A sign and more digits are a year, too.
        let date = (text.len() == 10).then(|| Date::parse(text, FORMAT).ok());
        let number = date.flatten().map(|date| (date - EPOCH).whole_days());
        number
            .and_then(Self::from_number)
            .ok_or(InvalidDays::Malformed)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = EPOCH
            .checked_add(Duration::days(self.0.into()))
            .ok_or(fmt::Error)?;
        let (year, month, day) = date.to_calendar_date();
        write!(formatter, "{year:04}-{:02}-{day:02}", u8::from(month))
    }
}

/// A span of days, both ends included: at least one, at most [`MAX_DAYS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    from: Day,
    to: Day,
}

impl Days {
    /// From the first to the last day. Without a last day the span ends `today`; without a first
    /// it is 30 days long.
    pub fn new(from: Option<Day>, to: Option<Day>, today: Day) -> Result<Self, InvalidDays> {
        let to = to.unwrap_or(today);
        let from = from.unwrap_or(to.back(DEFAULT_DAYS - 1));
        match to.0.checked_sub(from.0) {
            None => Err(InvalidDays::Backwards),
            Some(days) if days >= MAX_DAYS.into() => Err(InvalidDays::TooMany),
            Some(_) => Ok(Self { from, to }),
        }
    }

    /// The first day.
    pub fn from(self) -> Day {
        self.from
    }

    /// The last day.
    pub fn to(self) -> Day {
        self.to
    }
}

/// Why a text is no day, or two days are no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDays {
    /// Not a day of the calendar from 1970 on.
    #[error("is not a day: write 2026-03-02")]
    Malformed,
    /// The first is after the last.
    #[error("is after the last day")]
    Backwards,
    /// More than [`MAX_DAYS`].
    #[error("is more than {MAX_DAYS} days before the last day, which are kept")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_the_same_for_all_its_instants() {
        for text in [
            "2026-03-02T00:00:00Z",
            "2026-03-02T23:59:59.999Z",
            "2026-03-03T00:30:00+01:00",
        ] {
            assert_eq!(Day::of(Timestamp::parse(text).unwrap()), day("2026-03-02"));
        }
    }

    #[test]
    fn days_read_what_they_write_to_the_ends_of_time() {
        for text in ["1970-01-01", "2024-02-29", "2026-03-02", "9999-12-31"] {
            assert_eq!(day(text).to_string(), text);
        }
        let last = Day::of(Timestamp::from_seconds(i64::MAX));
        assert_eq!(last, day("9999-12-31"));
        assert_eq!(Day::from_number(i64::from(last.number()) + 1), None);
        assert_eq!(day("1970-01-02").back(400), day("1970-01-01"));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-02-30",
            "2026-3-2",
            "1969-12-31",
            "20260302",
            "2026-03-02T00:00:00Z",
            "+002026-03",
            "-026-03-02",
            "２026-03-2",
            "2026-03-0\u{0}",
        ] {
            assert_eq!(text.parse::<Day>(), Err(InvalidDays::Malformed), "{text:?}");
        }
    }

    #[test]
    fn spans_are_bounded_and_default_to_thirty_days_until_today() {
        let today = day("2026-03-02");
        let span = |from: Option<&str>, to: Option<&str>| {
            let days = Days::new(from.map(day), to.map(day), today);
            days.map(|days| (days.from().to_string(), days.to().to_string()))
        };
        let pair = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(span(None, None), pair("2026-02-01", "2026-03-02"));
        assert_eq!(
            span(None, Some("2025-01-30")),
            pair("2025-01-01", "2025-01-30")
        );
        assert_eq!(
            span(Some("2026-03-02"), None),
            pair("2026-03-02", "2026-03-02")
        );
        let longest = today.back(MAX_DAYS - 1).to_string();
        assert_eq!(span(Some(&longest), None), pair(&longest, "2026-03-02"));
        let longer = today.back(MAX_DAYS).to_string();
        assert_eq!(span(Some(&longer), None), Err(InvalidDays::TooMany));
        assert_eq!(span(Some("2026-03-03"), None), Err(InvalidDays::Backwards));
    }
}
