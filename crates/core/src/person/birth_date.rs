//! Dates of birth, as other countries tell them.

use std::fmt;

use time::{Date, Month, OffsetDateTime};

use crate::clock::Timestamp;

/// Nobody who logs in was born before it.
const FIRST_YEAR: i32 = 1850;

/// A day of the calendar on which somebody can have been born. `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(Date);

impl BirthDate {
    /// Reads `YYYY-MM-DD`. A day that is still to come is refused.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, InvalidBirthDate> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok()).flatten()
        };
        let (year, month, day) = (number(4), number(2), number(2));
        if parts.next().is_some() {
            return Err(InvalidBirthDate);
        }
        let date = year.zip(month).zip(day).and_then(|((year, month), day)| {
            let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
            Date::from_calendar_date(year.into(), month, u8::try_from(day).ok()?).ok()
        });
        let today = OffsetDateTime::from_unix_timestamp(now.seconds()).map(OffsetDateTime::date);
        let possible = |date: &Date| {
            date.year() >= FIRST_YEAR && today.as_ref().is_ok_and(|today| date <= today)
        };
        date.filter(possible).map(Self).ok_or(InvalidBirthDate)
    }
}

/// `YYYY-MM-DD`, for claims and look-ups.
impl fmt::Display for BirthDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        write!(formatter, "{year:04}-{:02}-{day:02}", u8::from(month))
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BirthDate(hidden)")
    }
}

/// A text that is no date of birth. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date of birth, as in 1971-01-31")]
pub struct InvalidBirthDate;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_birth_is_a_day_that_has_come() {
        let now = Timestamp::parse("2026-03-02T09:15:00Z").unwrap();
        for valid in ["1971-01-31", "2024-02-29", "2026-03-02", "1850-01-01"] {
            assert_eq!(BirthDate::parse(valid, now).unwrap().to_string(), valid);
        }
        for invalid in [
            "",
            "1971-1-31",
            "71-01-31",
            "1971-01",
            "1971-01-31-01",
            "1971-02-29",
            "1971-13-01",
            "1971-00-01",
            "1971-01-00",
            "31-01-1971",
            "+971-01-31",
            "1971-01-31 ",
            "2026-03-03",
            "1849-12-31",
        ] {
            let parsed = BirthDate::parse(invalid, now);
            assert_eq!(parsed, Err(InvalidBirthDate), "{invalid:?}");
        }
    }
}
