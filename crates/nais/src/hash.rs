//! The hash that a resource's status shows (spec: nais §6.9).

use serde::Serialize;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// `status.synchronizationHash` of a specification, in lower-case hexadecimal. It is informational
/// only: nothing is decided by it, and it is no protection against intent.
pub fn synchronization_hash<T: Serialize>(spec: &T) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(spec)?;
    let hash = escape(&json).bytes().fold(0, |hash: u64, byte| {
        let value = fnv1(OFFSET, &[byte]);
        fnv1(fnv1(OFFSET, &hash.to_le_bytes()), &value.to_le_bytes())
    });
    Ok(format!("{hash:x}"))
}

/// The characters that Go escapes in JSON; outside strings JSON has none of them.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '&' => escaped.push_str("\\u0026"),
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// FNV-1: multiply, then xor.
fn fnv1(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| {
        hash.wrapping_mul(PRIME) ^ u64::from(*byte)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json};

    use super::*;
    use crate::model::{IdPortenClientSpec, MaskinportenClientSpec};

    #[test]
    fn hashes_are_those_of_the_existing_operator() {
        let login: IdPortenClientSpec =
            from_str(r#"{"redirectURIs":["https://test.com"],"secretName":"test"}"#).unwrap();
        assert_eq!(synchronization_hash(&login).unwrap(), "de6ecbc3b6cb148b");
        let cases = [
            (
                json!({"scopes": {"consumes": [{"name": "some-scope"}]}, "secretName": ""}),
                "9829660b73e52236",
            ),
            (json!({"secretName": "x"}), "e2b10f294bcb82db"),
        ];
        for (spec, expected) in cases {
            let spec: MaskinportenClientSpec = serde_json::from_value(spec).unwrap();
            assert_eq!(synchronization_hash(&spec).unwrap(), expected);
        }
    }
}
