//! Norwegian local time, for the interfaces that tell it, and months as calendars count them.
//!
//! Whether summer time is in force comes from the time zone database that is in the binary, so that
//! it does not depend on what the machine has installed.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Instant, ZonedDateTime};

use crate::clock::Timestamp;

static OSLO: TimeZone = jiff::tz::get!("Europe/Oslo");

/// The local time without its offset, `2026-03-02T10:15:00`. In the hour that comes twice in autumn
/// two instants have the same one.
pub fn local_seconds(instant: Timestamp) -> String {
    zoned(instant).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The local time with the hours of its offset, `2026-03-02T10:15:00+01`.
pub fn local_with_hours(instant: Timestamp) -> String {
    let local = zoned(instant);
    let hours = local.offset().seconds() / 3600;
    format!("{}{hours:+03}", local.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The first instant of a day, `2026-03-02`; none if there is no such day.
pub fn start_of_day(text: &str) -> Option<Timestamp> {
    let date = calendar_date(text)?;
    let start = date.to_zoned_datetime(OSLO.clone()).ok()?;
    Some(Timestamp::from_milliseconds(
        start.timestamp().as_millisecond(),
    ))
}

/// The same local time this many calendar months earlier, on the last day of a month that is too
/// short.
pub fn months_before(instant: Timestamp, months: u16) -> Timestamp {
    let earlier = zoned(instant).checked_sub(Span::new().months(months));
    let milliseconds = earlier.map_or(0, |earlier| earlier.timestamp().as_millisecond());
    Timestamp::from_milliseconds(milliseconds)
}

/// A day of the calendar, `2026-03-02` and in no other spelling.
pub(crate) fn calendar_date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

/// The day that it is in Norway.
pub(crate) fn local_date(instant: Timestamp) -> Date {
    zoned(instant).date()
}

fn zoned(instant: Timestamp) -> ZonedDateTime {
    // No `Timestamp` is before 1970, and the library ends a day before the year 9999 does.
    let instant = Instant::from_millisecond(instant.milliseconds()).unwrap_or(Instant::MAX);
    instant.to_zoned_datetime(OSLO.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn summer_begins_and_ends_at_one_in_utc() {
        for (instant, local) in [
            ("2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01"),
            ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02"),
            ("2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02"),
            ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01"),
            ("2025-12-31T23:30:00.999Z", "2026-01-01T00:30:00+01"),
        ] {
            assert_eq!(local_with_hours(at(instant)), local);
            assert_eq!(local_seconds(at(instant)), local[..19]);
        }
        // The ends of what a `Timestamp` can be.
        assert_eq!(
            local_with_hours(Timestamp::from_seconds(0)),
            "1970-01-01T01:00:00+01"
        );
        let last = local_seconds(Timestamp::from_seconds(i64::MAX));
        assert_eq!(last, "9999-12-30T23:00:00");
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        for (day, start) in [
            ("2026-01-15", "2026-01-14T23:00:00Z"),
            ("2026-07-15", "2026-07-14T22:00:00Z"),
        ] {
            assert_eq!(start_of_day(day), Some(at(start)), "{day}");
        }
        for text in [
            "",
            "2026-02-29",
            "20260115",
            "2026-1-15",
            "2026-01-15T00:00:00",
            "idag",
        ] {
            assert_eq!(start_of_day(text), None, "{text}");
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        for (instant, earlier) in [
            ("2026-03-02T09:15:00.120Z", "2024-09-02T08:15:00.120Z"),
            // There is no 31 February, and in 2025 no 29 either.
            ("2026-08-31T10:00:00Z", "2025-02-28T11:00:00Z"),
            ("2025-08-31T10:00:00Z", "2024-02-29T11:00:00Z"),
        ] {
            assert_eq!(months_before(at(instant), 18), at(earlier));
        }
        let beginning = months_before(Timestamp::from_seconds(86_400), 18);
        assert_eq!(beginning, Timestamp::from_seconds(0));
    }
}
