//! What must not get into the log.

use serde_json::Value;

/// Digits of a national identity number.
const PID_DIGITS: usize = 11;
/// What stands in the place of what is hidden.
pub const HIDDEN: &str = "(hidden)";

/// The text with every run of exactly eleven digits hidden, wherever it stands: a national identity
/// number is one, and an organization number, a time or a key id is not. Random identifiers are
/// left alone: one request id in forty has such a run by chance, and must be found again.
pub fn redacted(text: &str) -> String {
    let keep_or_hide = |word: &str| {
        if is_random_identifier(word) {
            word.to_owned()
        } else {
            without_runs(word)
        }
    };
    let words: Vec<_> = text.split(' ').map(keep_or_hide).collect();
    words.join(" ")
}

/// 32 lower-case hexadecimal digits, or a UUID (RFC 9562 §4): what this server makes.
fn is_random_identifier(word: &str) -> bool {
    let lengths: Vec<_> = word.split('-').map(str::len).collect();
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    matches!(lengths[..], [32] | [8, 4, 4, 4, 12]) && word.bytes().all(|b| b == b'-' || is_hex(b))
}

fn without_runs(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        kept.push_str(before);
        kept.push_str(if end == PID_DIGITS { HIDDEN } else { digits });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// As [`redacted`], for every text, name of a member and number of a value.
pub fn redact(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redacted(&text)),
        Value::Array(values) => values.into_iter().map(redact).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (redacted(&name), redact(value)))
            .collect(),
        Value::Number(number) => {
            let text = number.to_string();
            if redacted(&text) == text {
                Value::Number(number)
            } else {
                Value::String(HIDDEN.to_owned())
            }
        }
        Value::Bool(_) | Value::Null => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn eleven_digits_are_hidden_wherever_they_stand_and_nothing_else_is() {
        for (text, expected) in [
            ("17869010057", "(hidden)"),
            (
                "urn:altinn:person:identifier-no:17869010057",
                "urn:altinn:person:identifier-no:(hidden)",
            ),
            ("a17869010057b17869010057", "a(hidden)b(hidden)"),
            ("0192:312773023", "0192:312773023"),
            ("2026-03-02T09:15:00.123Z", "2026-03-02T09:15:00.123Z"),
            ("178690100571", "178690100571"),
            (
                "kunde 17869010057 og 17869010057a",
                "kunde (hidden) og (hidden)a",
            ),
            (
                "a17869010057bcdef0123456789abcde",
                "a17869010057bcdef0123456789abcde",
            ),
            (
                "2f6c0b1e-9a54-4d5e-8a0f-17869010057a kunde",
                "2f6c0b1e-9a54-4d5e-8a0f-17869010057a kunde",
            ),
            (
                "2f6c0b1e-9a54-4d5e-8a0f-17869010057",
                "2f6c0b1e-9a54-4d5e-8a0f-(hidden)",
            ),
            ("æ1ø", "æ1ø"),
            ("", ""),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }

    #[test]
    fn members_elements_and_numbers_are_searched() {
        let value = json!({"17869010057": [{"a": 17_869_010_057_u64}, 312_773_023, true, null]});
        assert_eq!(
            redact(value),
            json!({"(hidden)": [{"a": "(hidden)"}, 312_773_023, true, null]})
        );
    }
}
