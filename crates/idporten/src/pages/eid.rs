//! What pages show of eID providers and of the people of test providers.

use super::texts::Texts;
use super::{Language, LocalPath, Localized, Logo, Name};

/// A level of assurance, without its framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `low`
    Low,
    /// `substantial`
    Substantial,
    /// `high`
    High,
}

impl Level {
    /// From the lowest to the highest.
    pub const ALL: [Self; 3] = [Self::Low, Self::Substantial, Self::High];

    /// The value of the field `level`.
    pub const fn value(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Substantial => "substantial",
            Self::High => "high",
        }
    }

    /// The level with exactly this value.
    pub fn from_value(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.value() == value)
    }

    pub(super) fn label(self, text: Texts) -> &'static str {
        match self {
            Self::Low => text.level_low(),
            Self::Substantial => text.level_substantial(),
            Self::High => text.level_high(),
        }
    }
}

/// A way to log in that the selector offers.
#[derive(Clone, Debug)]
pub struct EidOption {
    /// What it is called.
    pub name: Localized<Name>,
    /// A line about it.
    pub description: Option<Localized<Name>>,
    /// Its logo.
    pub logo: Option<Logo>,
    /// The highest level that it reaches.
    pub level: Level,
    /// Where it begins, with a GET request.
    pub begins_at: LocalPath,
}

impl EidOption {
    /// The built-in test provider under its own name.
    pub fn testid(language: Language, level: Level, begins_at: LocalPath) -> Self {
        Self::built_in(
            Texts::of(language).login_testid(),
            language,
            level,
            begins_at,
        )
    }

    /// The built-in login of other countries under its own name.
    pub fn eidas(language: Language, level: Level, begins_at: LocalPath) -> Self {
        Self::built_in(
            Texts::of(language).login_eidas(),
            language,
            level,
            begins_at,
        )
    }

    /// The built-in login with an address of e-mail under its own name.
    pub fn email(language: Language, level: Level, begins_at: LocalPath) -> Self {
        Self::built_in(
            Texts::of(language).login_email(),
            language,
            level,
            begins_at,
        )
    }

    fn built_in(name: &str, language: Language, level: Level, begins_at: LocalPath) -> Self {
        Self {
            name: Localized {
                text: Name::new(name),
                language,
            },
            description: None,
            logo: None,
            level,
            begins_at,
        }
    }
}

/// A person of the registry whom a test provider offers.
#[derive(Clone)]
pub struct TestPerson {
    /// The synthetic identity number.
    pub pid: String,
    /// The person's name.
    pub name: Name,
}
