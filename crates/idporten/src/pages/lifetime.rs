use std::time::Duration;

use super::texts::Texts;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long something lasts, as people say it: in days, hours or minutes. What is no whole number of
/// the unit is rounded up, and said to be about that.
pub(super) fn in_words(lifetime: Duration, text: Texts) -> String {
    let seconds = lifetime.as_secs().max(1);
    // A unit is good when it says exactly how long, or when its fractions matter little.
    let is_good = |unit: u64| seconds.is_multiple_of(unit) || seconds > 3 * unit;
    let (unit, one, many): (u64, _, fn(Texts, &str) -> String) = if is_good(DAY) {
        (DAY, text.duration_day(), |text, count| {
            text.duration_days(count).to_string()
        })
    } else if is_good(HOUR) {
        (HOUR, text.duration_hour(), |text, count| {
            text.duration_hours(count).to_string()
        })
    } else {
        (MINUTE, text.duration_minute(), |text, count| {
            text.duration_minutes(count).to_string()
        })
    };
    let count = seconds.div_ceil(unit);
    let words = if count == 1 {
        one.to_owned()
    } else {
        many(text, &count.to_string())
    };
    if seconds.is_multiple_of(unit) {
        words
    } else {
        text.duration_about(&words).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::*;

    #[track_caller]
    fn check(seconds: u64, language: Language, words: &str) {
        let lifetime = Duration::from_secs(seconds);
        assert_eq!(in_words(lifetime, Texts::of(language)), words);
    }

    #[test]
    fn a_lifetime_is_said_in_the_largest_unit_that_fits() {
        check(30 * DAY, Language::English, "30 days");
        check(DAY, Language::Bokmal, "1 dag");
        check(30 * HOUR, Language::English, "30 hours");
        check(2 * HOUR, Language::English, "2 hours");
        check(HOUR, Language::NorthernSami, "1 diimmu");
        check(20 * MINUTE, Language::Nynorsk, "20 minutt");
        check(MINUTE, Language::English, "1 minute");
    }

    #[test]
    fn what_is_not_exact_is_said_to_be_about_that() {
        check(20 * MINUTE - 7, Language::English, "about 20 minutes");
        check(100 * HOUR, Language::English, "about 5 days");
        check(4 * HOUR - 30, Language::Bokmal, "omtrent 4 timer");
        check(0, Language::English, "about 1 minute");
    }
}
