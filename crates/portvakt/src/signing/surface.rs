//! The surfaces that sign, each with keys of its own.

/// A surface, by the name that its keys are stored under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SigningSurface {
    /// Tokens of machines.
    Maskinporten,
    /// Logins of people.
    Idporten,
}

impl SigningSurface {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Maskinporten, Self::Idporten];

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Maskinporten => "maskinporten",
            Self::Idporten => "idporten",
        }
    }
}
