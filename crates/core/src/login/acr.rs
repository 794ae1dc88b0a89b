//! Levels of assurance, and which of them satisfy a request (spec: idporten §6.4, appendix B).
//!
//! A level belongs to a framework, and frameworks never substitute for each other: a foreign eID
//! does not answer a request for a Norwegian one, however high its level is.

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

/// Within which levels can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framework {
    /// Norwegian eIDs.
    Idporten,
    /// Foreign eIDs that were notified under Regulation (EU) 910/2014.
    Eidas,
    /// Addresses that people registered themselves.
    Email,
}

impl Framework {
    /// Every framework.
    pub const ALL: [Self; 3] = [Self::Idporten, Self::Eidas, Self::Email];
}

impl Acr {
    /// Every level, each framework from its lowest.
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

    /// The value on the wire.
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

    /// The framework that it is compared in.
    pub fn framework(self) -> Framework {
        match self {
            Self::IdportenLow
            | Self::IdportenSubstantialLimited
            | Self::IdportenSubstantial
            | Self::IdportenHigh => Framework::Idporten,
            Self::EidasLow | Self::EidasSubstantial | Self::EidasHigh => Framework::Eidas,
            Self::SelfregisteredEmail => Framework::Email,
        }
    }

    /// Its place in its framework; higher is more.
    fn rank(self) -> u8 {
        match self {
            Self::SelfregisteredEmail => 0,
            Self::IdportenLow | Self::EidasLow => 1,
            Self::IdportenSubstantialLimited => 2,
            Self::IdportenSubstantial | Self::EidasSubstantial => 3,
            Self::IdportenHigh | Self::EidasHigh => 4,
        }
    }

    /// Whether this level answers a request for at least `minimum`.
    pub fn satisfies(self, minimum: Self) -> bool {
        self.framework() == minimum.framework() && self.rank() >= minimum.rank()
    }

    /// The eIDAS level of the same name; the one above where there is none. For the legacy
    /// `login_hint=eidas:true` (spec: idporten §6.11).
    fn in_eidas(self) -> Option<Self> {
        match self {
            Self::IdportenLow => Some(Self::EidasLow),
            Self::IdportenSubstantialLimited | Self::IdportenSubstantial => {
                Some(Self::EidasSubstantial)
            }
            Self::IdportenHigh => Some(Self::EidasHigh),
            Self::EidasLow | Self::EidasSubstantial | Self::EidasHigh => Some(self),
            Self::SelfregisteredEmail => None,
        }
    }
}

impl fmt::Display for Acr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Acr {
    type Err = UnknownAcr;

    /// Reads what is emitted. Aliases are for requests only.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut levels = Self::ALL.into_iter();
        levels
            .find(|level| level.as_str() == text)
            .ok_or(UnknownAcr)
    }
}

/// A text that is no level that is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a level of assurance")]
pub struct UnknownAcr;

/// What requests may call levels beside their emitted values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcrAliases {
    /// `Level3` and `Level4` of the platform before.
    #[default]
    Legacy,
    /// Also `no-notified-*`, which the national eIDAS proxy sends.
    LegacyAndProxy,
}

impl AcrAliases {
    fn read(self, value: &str) -> Option<Acr> {
        match (value, self) {
            ("Level3", _) | ("no-notified-substantial", Self::LegacyAndProxy) => {
                Some(Acr::IdportenSubstantial)
            }
            ("Level4", _) | ("no-notified-high", Self::LegacyAndProxy) => Some(Acr::IdportenHigh),
            ("no-notified-low", Self::LegacyAndProxy) => Some(Acr::IdportenLow),
            (value, _) => value.parse().ok(),
        }
    }
}

/// The levels that a request accepts: a minimum in each framework that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AcceptableSet {
    /// At most one of each framework, at least one in all.
    minimums: Vec<Acr>,
}

impl Default for AcceptableSet {
    /// A request without `acr_values` wants a Norwegian eID, substantial or better.
    fn default() -> Self {
        Self {
            minimums: vec![Acr::IdportenSubstantial],
        }
    }
}

impl AcceptableSet {
    /// Reads `acr_values`. Values that nobody knows are ignored beside one that is known.
    pub fn parse(acr_values: &str, aliases: AcrAliases) -> Result<Self, NoKnownAcr> {
        let known = acr_values
            .split(' ')
            .filter_map(|value| aliases.read(value));
        Self::of(known).ok_or(NoKnownAcr)
    }

    /// The union of these minimums; of two in one framework the lower one counts.
    fn of(levels: impl IntoIterator<Item = Acr>) -> Option<Self> {
        let mut minimums: Vec<Acr> = Vec::new();
        for level in levels {
            let same = |known: &&mut Acr| known.framework() == level.framework();
            match minimums.iter_mut().find(same) {
                Some(known) if known.rank() > level.rank() => *known = level,
                Some(_) => {}
                None => minimums.push(level),
            }
        }
        (!minimums.is_empty()).then_some(Self { minimums })
    }

    /// The same levels asked of foreign eIDs only.
    #[must_use]
    pub fn moved_to_eidas(&self) -> Self {
        let moved = self.minimums.iter().filter_map(|level| level.in_eidas());
        Self::of(moved).unwrap_or(Self {
            minimums: vec![Acr::EidasSubstantial],
        })
    }

    /// Foreign eIDs at substantial or better, which is what the legacy hint means by itself.
    pub fn eidas_substantial() -> Self {
        Self {
            minimums: vec![Acr::EidasSubstantial],
        }
    }

    /// Whether a login that reached `acr` satisfies the request.
    pub fn accepts(&self, acr: Acr) -> bool {
        self.minimums.iter().any(|minimum| acr.satisfies(*minimum))
    }

    /// Whether one of these levels satisfies the request.
    pub fn accepts_any(&self, mut levels: impl Iterator<Item = Acr>) -> bool {
        levels.any(|level| self.accepts(level))
    }

    /// The one framework that it asks for; none if there are several.
    pub fn only(&self) -> Option<Framework> {
        match self.minimums[..] {
            [single] => Some(single.framework()),
            _ => None,
        }
    }
}

/// `acr_values` has no value that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("acr_values has no known value")]
pub struct NoKnownAcr;

#[cfg(test)]
mod tests;
