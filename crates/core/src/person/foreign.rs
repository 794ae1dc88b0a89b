//! What a person is known by in another country, and whom they are here.

use std::fmt;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::Pid;

/// The longest identifier, in characters.
const MAX_CHARACTERS: usize = 255;

/// An eIDAS identifier (spec: idporten §18.5): the country whose eID it is, the country that it was
/// made for, and a value of the first one's choice, as in `EE/NO/47101010033`.
///
/// It is as confidential as a national identity number: `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EidasIdentifier(Box<str>);

impl EidasIdentifier {
    /// Reads an identifier. It is compared byte for byte ever after.
    pub fn parse(text: &str) -> Result<Self, InvalidEidasIdentifier> {
        let mut parts = text.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        let valid = is_country(part()) && is_country(part()) && is_value(part());
        if valid && text.chars().count() <= MAX_CHARACTERS {
            Ok(Self(text.into()))
        } else {
            Err(InvalidEidasIdentifier)
        }
    }

    /// The country whose eID it is, by its code in eIDAS (`EL` for Greece). The person need not be a
    /// citizen of it.
    pub fn country(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The identifier, for claims, look-ups and the store and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whether this has the form of a country's code.
fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_value(text: &str) -> bool {
    let allowed = |character: char| {
        character.is_ascii_digit()
            || matches!(character, '-' | '=')
            || character.general_category_group() == GeneralCategoryGroup::Letter
    };
    !text.is_empty() && text.chars().all(allowed)
}

impl fmt::Debug for EidasIdentifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EidasIdentifier(hidden)")
    }
}

/// A text that is not an eIDAS identifier. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an eIDAS identifier: two countries and a value, as in EE/NO/47101010033")]
pub struct InvalidEidasIdentifier;

/// A row of the table that finds the national identity number of people with a foreign eID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityMatch {
    /// Who they are there.
    pub identifier: EidasIdentifier,
    /// Who they are here.
    pub pid: Pid,
    /// A row that was withdrawn finds nobody.
    pub active: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_two_countries_and_a_value() {
        let longest = format!("EE/NO/{}", "a".repeat(MAX_CHARACTERS - 6));
        for valid in ["EE/NO/47101010033", "EL/NO/Aß-1=", "SE/NO/ŋåøж", &longest] {
            let identifier = EidasIdentifier::parse(valid).unwrap();
            assert_eq!(identifier.expose(), valid);
            assert_eq!(identifier.country(), &valid[..2]);
        }
        for invalid in [
            "",
            "EE",
            "EE/NO",
            "EE/NO/",
            "ee/NO/1",
            "EST/NO/1",
            "EE/N1/1",
            "/EE/NO/1",
            "EE/NO/1/2",
            "EE/NO/1 2",
            "EE/NO/1\n",
            "EE/NO/<b>",
            // Neither a letter nor a digit of this syntax: a combining mark, and a digit elsewhere.
            "EE/NO/e\u{301}",
            "EE/NO/\u{661}",
            &format!("{longest}a"),
        ] {
            assert_eq!(
                EidasIdentifier::parse(invalid),
                Err(InvalidEidasIdentifier),
                "{invalid:?}"
            );
        }
    }

    #[test]
    fn debug_hides_the_identifier() {
        let identifier = EidasIdentifier::parse("EE/NO/47101010033").unwrap();
        assert_eq!(format!("{identifier:?}"), "EidasIdentifier(hidden)");
    }
}
