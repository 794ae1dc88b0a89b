//! The languages of pages and of the `locale` claim (spec: idporten §6.5).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The cookie that keeps the language that a person chose in the pages.
pub const LANGUAGE_COOKIE: &str = "IDPORTEN_SELECTED_LANGUAGE";

/// A language of the pages.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Bokmål, which every missing text falls back to.
    #[default]
    Nb,
    /// Nynorsk.
    Nn,
    /// English.
    En,
    /// Northern Sámi. ISO 639-1 calls it `se`.
    Se,
}

impl Locale {
    /// Every language, in the order of the language switch.
    pub const ALL: [Self; 4] = [Self::Nb, Self::Nn, Self::En, Self::Se];

    /// The code, for `lang`, the `locale` claim and the cookie.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nb => "nb",
            Self::Nn => "nn",
            Self::En => "en",
            Self::Se => "se",
        }
    }

    /// The first language of a preference list that the pages have. What is not supported, or is
    /// no language at all, is passed over.
    pub fn preferred(ui_locales: &str) -> Option<Self> {
        ui_locales.split(' ').find_map(Self::of_tag)
    }

    /// What the person chose, else what the client prefers, else Bokmål.
    pub fn choose(cookie: Option<&str>, ui_locales: Option<&str>) -> Self {
        let chosen = cookie.and_then(|code| code.parse().ok());
        let asked = || ui_locales.and_then(Self::preferred);
        chosen.or_else(asked).unwrap_or_default()
    }

    /// The language of a tag's primary subtag (RFC 5646 §2.2.1); tags have no case.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or(tag);
        match primary.to_ascii_lowercase().as_str() {
            "no" => Some(Self::Nb),
            "sme" => Some(Self::Se),
            other => other.parse().ok(),
        }
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut locales = Self::ALL.into_iter();
        locales
            .find(|locale| locale.as_str() == text)
            .ok_or(UnknownLocale)
    }
}

/// A text that is not one of the four codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of nb, nn, en and se")]
pub struct UnknownLocale;

impl fmt::Display for Locale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_supported_language_of_the_list_is_taken() {
        for (ui_locales, expected) in [
            ("nn nb", Some(Locale::Nn)),
            ("en-GB", Some(Locale::En)),
            ("no", Some(Locale::Nb)),
            ("NB-no", Some(Locale::Nb)),
            ("sme en", Some(Locale::Se)),
            ("de fr se", Some(Locale::Se)),
            ("  en", Some(Locale::En)),
            ("de", None),
            ("english", None),
            ("", None),
        ] {
            assert_eq!(Locale::preferred(ui_locales), expected, "{ui_locales:?}");
        }
    }

    #[test]
    fn what_the_person_chose_outvotes_the_client() {
        assert_eq!(Locale::choose(Some("se"), Some("en")), Locale::Se);
        assert_eq!(Locale::choose(None, Some("en")), Locale::En);
        assert_eq!(Locale::choose(None, None), Locale::Nb);
        // A cookie that nobody here has set says nothing.
        assert_eq!(Locale::choose(Some("EN"), Some("nn")), Locale::Nn);
    }

    #[test]
    fn codes_are_the_same_in_text_and_json() {
        for locale in Locale::ALL {
            assert_eq!(locale.as_str().parse(), Ok(locale));
            assert_eq!(serde_json::to_value(locale).unwrap(), locale.as_str());
        }
        for text in ["", "no", "NB", "nb-NO"] {
            assert_eq!(text.parse::<Locale>(), Err(UnknownLocale), "{text}");
        }
    }
}
