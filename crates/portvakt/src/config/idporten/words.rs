//! The words that keys of the section may have.

use portvakt_core::login::acr::AcrAliases;
use portvakt_core::login::issuer::Environment;
use portvakt_core::person::AcceptedNumbers;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether real people log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EnvironmentName {
    /// They do.
    Production,
    /// Nobody real does.
    Test,
}

impl From<EnvironmentName> for Environment {
    fn from(name: EnvironmentName) -> Self {
        match name {
            EnvironmentName::Production => Self::Production,
            EnvironmentName::Test => Self::Test,
        }
    }
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EidName {
    /// Anybody synthetic, without a password.
    Testid,
    /// Anybody of another country, without a password.
    Eidas,
    /// Whoever types an address of e-mail and the code that is shown then.
    Email,
}

impl EidName {
    /// Whether nobody real logs in with it.
    pub(super) fn is_for_tests(self) -> bool {
        match self {
            Self::Testid | Self::Eidas | Self::Email => true,
        }
    }
}

/// Which national identity numbers are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AcceptedNumbersName {
    /// Those that fit the environment.
    ByEnvironment,
    /// Those of real people.
    Real,
    /// Those of the synthetic register.
    Synthetic,
    /// Both.
    RealAndSynthetic,
}

impl AcceptedNumbersName {
    /// The kinds, where those of the environment are known.
    pub(super) fn settled(self, by_environment: AcceptedNumbers) -> AcceptedNumbers {
        match self {
            Self::ByEnvironment => by_environment,
            Self::Real => AcceptedNumbers::RealOnly,
            Self::Synthetic => AcceptedNumbers::SyntheticOnly,
            Self::RealAndSynthetic => AcceptedNumbers::RealAndSynthetic,
        }
    }
}

/// Other names of levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AcrAliasesName {
    /// Those of the platform before.
    Legacy,
    /// Also those of the national eIDAS proxy.
    LegacyAndProxy,
}

impl From<AcrAliasesName> for AcrAliases {
    fn from(name: AcrAliasesName) -> Self {
        match name {
            AcrAliasesName::Legacy => Self::Legacy,
            AcrAliasesName::LegacyAndProxy => Self::LegacyAndProxy,
        }
    }
}
