//! National identity numbers are kept out of whatever is stored or shown: the audit log, remembered
//! refusals, explanations.

use serde_json::Value;

/// Digits of a national identity number.
const PID_DIGITS: usize = 11;
/// What stands in the place of what is hidden.
pub const HIDDEN: &str = "(hidden)";

/// The text with every run of exactly eleven digits hidden, wherever it stands: a national identity
/// number is one, and an organization number, a time or a key id is not.
///
/// Random ids are left whole: of the request ids one in a hundred has eleven digits in a row, and
/// would not be found again.
pub fn redacted(text: &str) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, from) = rest.split_at(end);
        if is_random_id(word) {
            kept.push_str(word);
        } else {
            hide(word, &mut kept);
        }
        let next = from.find(is_of_word).unwrap_or(from.len());
        kept.push_str(&from[..next]);
        rest = &from[next..];
    }
    kept
}

/// Whether this is a request id, 32 hex digits, or a UUID (RFC 9562 §4).
fn is_random_id(word: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if word.len() == 32 {
        return is_hex(word);
    }
    let parts = word.split('-');
    word.len() == 36
        && parts.clone().map(str::len).eq([8, 4, 4, 4, 12])
        && parts.clone().all(is_hex)
}

fn hide(word: &str, kept: &mut String) {
    let mut rest = word;
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
            ("æ1ø", "æ1ø"),
            ("", ""),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }

    #[test]
    fn random_ids_stay_whole_whatever_digits_they_have() {
        for id in [
            "a17869010057b0123456789abcdef012",
            "2f6c0b1e-9a54-4d5e-8a0f-a17869010057",
        ] {
            let text = format!("/clients/{id} of {id}");
            assert_eq!(redacted(&text), text);
        }
        for (text, expected) in [
            (
                "a17869010057b0123456789abcdef01",
                "a(hidden)b0123456789abcdef01",
            ),
            (
                "x17869010057b0123456789abcdef012",
                "x(hidden)b0123456789abcdef012",
            ),
            (
                "2f6c0b1e-9a54-4d5e-8a0f0-17869010057",
                "2f6c0b1e-9a54-4d5e-8a0f0-(hidden)",
            ),
            ("-17869010057-", "-(hidden)-"),
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
