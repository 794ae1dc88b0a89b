//! Dates of birth, as other countries tell them.

use std::fmt;

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::local_time::{calendar_date, local_date};

/// Nobody who logs in was born before it.
const FIRST_YEAR: i16 = 1850;

/// A day of the calendar on which somebody can have been born. `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(Date);

impl BirthDate {
    /// Reads `YYYY-MM-DD`. A day that is still to come is refused.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, InvalidBirthDate> {
        let date = calendar_date(text);
        let date = date.filter(|date| date.year() >= FIRST_YEAR && *date <= local_date(now));
        date.map(Self).ok_or(InvalidBirthDate)
    }
}

/// `YYYY-MM-DD`, for claims and look-ups.
impl fmt::Display for BirthDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
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
