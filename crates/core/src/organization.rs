//! Organizations and their numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;

/// The number of a legal entity: nine digits.
///
/// Two spellings are read, `312773023` and ISO 6523's `0192:312773023`. A wrong check digit is
/// never refused ([`OrgNumber::has_valid_check_digit`]): documented examples fail it
/// (spec: selfservice §2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgNumber([u8; 9]);

/// The register of identifiers that [`OrgNumber::iso6523`] belongs to; `authority` in tokens
/// (spec: maskinporten §8.3).
pub const IDENTIFIER_AUTHORITY: &str = "iso6523-actorid-upis";

/// The ISO 6523 code of the Norwegian register of legal entities.
const ISO_6523_PREFIX: &str = "0192:";

impl OrgNumber {
    /// Reads nine digits, or `0192:` and nine digits.
    pub fn parse(text: &str) -> Result<Self, InvalidOrgNumber> {
        let digits = text
            .strip_prefix(ISO_6523_PREFIX)
            .unwrap_or(text)
            .as_bytes();
        let digits: [u8; 9] = digits.try_into().map_err(|_| InvalidOrgNumber)?;
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(InvalidOrgNumber)
        }
    }

    /// The nine digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The published identifier, `0192:` and nine digits (spec: maskinporten §8.3).
    pub fn iso6523(&self) -> String {
        format!("{ISO_6523_PREFIX}{self}")
    }

    /// Whether the last digit is the check digit (modulus 11) of the first eight.
    pub fn has_valid_check_digit(&self) -> bool {
        let weights = [3, 2, 7, 6, 5, 4, 3, 2];
        let sum: u32 = weights
            .iter()
            .zip(self.0)
            .map(|(weight, digit)| weight * value(digit))
            .sum();
        match 11 - sum % 11 {
            10 => false,
            11 => value(self.0[8]) == 0,
            check => value(self.0[8]) == check,
        }
    }
}

fn value(digit: u8) -> u32 {
    u32::from(digit - b'0')
}

impl FromStr for OrgNumber {
    type Err = InvalidOrgNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for OrgNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for OrgNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for OrgNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for OrgNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A text that is not an organization number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an organization number is nine digits, or 0192: and nine digits")]
pub struct InvalidOrgNumber;

/// A legal entity that provides, consumes or supplies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Identifies it.
    pub orgno: OrgNumber,
    /// Shown to people; empty when the organization is known by number only.
    pub name: String,
    /// A deactivated organization gets no tokens, and its scopes are refused.
    pub active: bool,
    /// When it was first recorded.
    pub created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings_and_publishes_iso_6523() {
        let number = OrgNumber::parse("312773023").unwrap();
        assert_eq!(OrgNumber::parse("0192:312773023"), Ok(number));
        assert_eq!(number.iso6523(), "0192:312773023");
        assert_eq!(number.to_string(), "312773023");
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "31277302",
            "3127730233",
            "31277302x",
            "0193:312773023",
            " 312773023",
            "٣١٢٧٧٣٠٢٣",
        ] {
            assert_eq!(OrgNumber::parse(text), Err(InvalidOrgNumber), "{text}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_seen_but_never_refused() {
        assert!(
            OrgNumber::parse("889640782")
                .unwrap()
                .has_valid_check_digit()
        );
        assert!(
            OrgNumber::parse("991825827")
                .unwrap()
                .has_valid_check_digit()
        );
        assert!(
            !OrgNumber::parse("123456789")
                .unwrap()
                .has_valid_check_digit()
        );
    }
}
