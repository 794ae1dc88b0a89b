//! Times as statuses write them: RFC 3339 in UTC, to the second.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970 as a text.
pub(super) fn text(at: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    // A time of a four-digit year has such a text; others are not met.
    at.format(&Rfc3339).unwrap_or_default()
}

/// Seconds since 1970 of a text, if it is one.
pub(super) fn parse(text: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(at.unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_being_written() {
        assert_eq!(text(1_772_442_900), "2026-03-02T09:15:00Z");
        assert_eq!(parse("2026-03-02T09:15:00Z"), Some(1_772_442_900));
        assert_eq!(parse("2026-03-02T10:15:00+01:00"), Some(1_772_442_900));
        assert_eq!(parse("yesterday"), None);
    }
}
