//! Every reason for which the login surface refuses something (spec: idporten §19).
//!
//! A [`LoginRefusal`] is one fact about one request. Its [`LoginRefusalCode`] names the row of the
//! table that says how it looks on the wire and what helps; the documentation is generated from it.

mod table;

use std::time::Duration;

pub use self::table::{LoginRefusalCode, LoginRefusalRow, Shown};

/// The most scopes that a description names.
const MAX_NAMED: usize = 10;

/// Why something is refused. What it holds may be shown: names of parameters and scopes, fixed
/// texts; never a value that a stranger or a person sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginRefusal {
    /// A row that says everything.
    Plain(LoginRefusalCode),
    /// A row that names a parameter.
    Parameter(LoginRefusalCode, &'static str),
    /// A row with a fixed text that says what exactly.
    Detail(LoginRefusalCode, &'static str),
    /// Scopes that the client may not ask for.
    Scopes(Vec<String>),
    /// Scopes of which the access token would need one.
    OneOf(&'static [&'static str]),
    /// More requests than may be sent.
    TooManyRequests {
        /// When the next one is granted.
        retry_after: Duration,
    },
}

impl From<LoginRefusalCode> for LoginRefusal {
    fn from(code: LoginRefusalCode) -> Self {
        Self::Plain(code)
    }
}

impl LoginRefusalCode {
    /// Whether it says how a login ended, and not that somebody was refused: the person did not want to,
    /// or a request that no page may be shown for (`prompt=none`) learns that one is needed.
    pub fn is_outcome(self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::NothingGranted | Self::LoginRequired | Self::ConsentRequired
        )
    }
}

impl LoginRefusal {
    /// The row of the table that it belongs to.
    pub fn code(&self) -> LoginRefusalCode {
        match self {
            Self::Plain(code) | Self::Parameter(code, _) | Self::Detail(code, _) => *code,
            Self::Scopes(_) => LoginRefusalCode::ScopeRefused,
            Self::OneOf(_) => LoginRefusalCode::ScopeRequired,
            Self::TooManyRequests { .. } => LoginRefusalCode::TooManyRequests,
        }
    }

    /// The `error` member.
    pub fn error(&self) -> &'static str {
        self.code().row().error.as_str()
    }

    /// The `error_description`: the row's text, and what the refusal adds to it, in the characters
    /// that RFC 6749 §5.2 permits.
    pub fn description(&self) -> String {
        let text = self.code().row().text;
        match self {
            Self::Plain(_) | Self::TooManyRequests { .. } => text.to_owned(),
            Self::Parameter(_, name) => format!("{text}: {name}"),
            Self::Detail(_, detail) => format!("{text}: {detail}"),
            Self::OneOf(scopes) => format!("{text}: {}", scopes.join(" ")),
            Self::Scopes(scopes) => {
                let named = &scopes[..scopes.len().min(MAX_NAMED)];
                printable(&format!("{text}: {}", named.join(" ")))
            }
        }
    }
}

/// Scopes may have characters that an `error_description` may not.
fn printable(text: &str) -> String {
    let keep = |character: char| match character {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => character,
        _ => '?',
    };
    text.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_may_stand_in_an_answer() {
        let allowed = |text: &str| {
            let printable = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\';
            text.bytes().all(printable)
        };
        for code in LoginRefusalCode::ALL {
            assert!(allowed(code.row().text), "{}", code.name());
        }
        let scopes = LoginRefusal::Scopes(vec!["fjord:båt\"".to_owned()]);
        assert!(allowed(&scopes.description()), "{}", scopes.description());
    }

    #[test]
    fn no_two_rows_say_the_same() {
        let texts: BTreeSet<_> = LoginRefusalCode::ALL
            .iter()
            .map(|code| code.row().text)
            .collect();
        assert_eq!(texts.len(), LoginRefusalCode::ALL.len());
    }

    #[test]
    fn what_is_shown_on_a_page_or_in_json_is_no_success() {
        for code in LoginRefusalCode::ALL {
            let status = code.row().http_status;
            assert!((400..=503).contains(&status), "{}", code.name());
        }
    }
}
