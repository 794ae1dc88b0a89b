//! Levels of assurance (spec: idporten §6.4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A level that a login can reach: the value of `acr`, under the name that is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Acr {
    /// A Norwegian eID, low.
    #[serde(rename = "idporten-loa-low")]
    IdportenLow,
    /// A Norwegian eID, between low and substantial. Compared, never published.
    #[serde(rename = "idporten-loa-substantial-limited")]
    IdportenSubstantialLimited,
    /// A Norwegian eID, substantial.
    #[serde(rename = "idporten-loa-substantial")]
    IdportenSubstantial,
    /// A Norwegian eID, high.
    #[serde(rename = "idporten-loa-high")]
    IdportenHigh,
    /// A foreign notified eID, low.
    #[serde(rename = "eidas-loa-low")]
    EidasLow,
    /// A foreign notified eID, substantial.
    #[serde(rename = "eidas-loa-substantial")]
    EidasSubstantial,
    /// A foreign notified eID, high.
    #[serde(rename = "eidas-loa-high")]
    EidasHigh,
    /// An address of e-mail that somebody registered.
    #[serde(rename = "selfregistered-email")]
    SelfregisteredEmail,
}

impl Acr {
    /// Every level.
    pub const ALL: [Self; 8] = [
        Self::IdportenLow,
        Self::IdportenSubstantialLimited,
        Self::IdportenSubstantial,
        Self::IdportenHigh,
        Self::EidasLow,
        Self::EidasSubstantial,
        Self::EidasHigh,
        Self::SelfregisteredEmail,
    ];

    /// The level as `acr` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IdportenLow => "idporten-loa-low",
            Self::IdportenSubstantialLimited => "idporten-loa-substantial-limited",
            Self::IdportenSubstantial => "idporten-loa-substantial",
            Self::IdportenHigh => "idporten-loa-high",
            Self::EidasLow => "eidas-loa-low",
            Self::EidasSubstantial => "eidas-loa-substantial",
            Self::EidasHigh => "eidas-loa-high",
            Self::SelfregisteredEmail => "selfregistered-email",
        }
    }
}

impl FromStr for Acr {
    type Err = UnknownAcr;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut levels = Self::ALL.into_iter();
        levels
            .find(|level| level.as_str() == text)
            .ok_or(UnknownAcr)
    }
}

impl fmt::Display for Acr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text that is no level that is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a level of assurance")]
pub struct UnknownAcr;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_text_and_in_json() {
        for level in Acr::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
        for text in ["", "Level4", "IDPORTEN-LOA-HIGH", "idporten-loa-high "] {
            assert_eq!(text.parse::<Acr>(), Err(UnknownAcr), "{text}");
        }
    }
}
