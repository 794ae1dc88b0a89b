//! `prompt` (spec: idporten §6.6).

use serde::{Deserialize, Serialize};

/// What may, or must, be shown to the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// What is needed.
    #[default]
    Needed,
    /// No page at all.
    Nothing,
    /// These pages, also if they were not needed.
    Always {
        /// A new login, although there is a session.
        login: bool,
        /// The consent dialog, also for scopes that do not require it.
        consent: bool,
    },
}

impl Prompt {
    /// Reads the parameter; none if it has a value or combination that is not supported.
    pub fn parse(prompt: Option<&str>) -> Option<Self> {
        let values = prompt.unwrap_or_default().split(' ');
        let mut values = values.filter(|value| !value.is_empty()).peekable();
        if values.peek().is_none() {
            return Some(Self::Needed);
        }
        let (mut nothing, mut login, mut consent) = (false, false, false);
        for value in values {
            match value {
                "none" => nothing = true,
                "login" => login = true,
                "consent" => consent = true,
                _ => return None,
            }
        }
        match (nothing, login || consent) {
            (true, false) => Some(Self::Nothing),
            (true, true) => None,
            (false, _) => Some(Self::Always { login, consent }),
        }
    }

    /// Whether a session does not suffice.
    pub fn wants_login(self) -> bool {
        matches!(self, Self::Always { login: true, .. })
    }

    /// Whether the person is asked about scopes that do not require it.
    pub fn wants_consent(self) -> bool {
        matches!(self, Self::Always { consent: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_combinations() {
        let always = |login, consent| Some(Prompt::Always { login, consent });
        for (prompt, expected) in [
            (None, Some(Prompt::Needed)),
            (Some(" "), Some(Prompt::Needed)),
            (Some("none"), Some(Prompt::Nothing)),
            (Some("login"), always(true, false)),
            (Some("consent"), always(false, true)),
            (Some("login consent"), always(true, true)),
            (Some("consent login"), always(true, true)),
            (Some("none login"), None),
            (Some("select_account"), None),
            (Some("LOGIN"), None),
            (Some("login create"), None),
        ] {
            assert_eq!(Prompt::parse(prompt), expected, "{prompt:?}");
        }
    }
}
