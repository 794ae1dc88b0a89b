//! Scopes: their grammar, their names in NAIS manifests, their attributes, the reserved ones.

mod naming;
mod record;
mod reserved;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::naming::{AccessLevel, InvalidSubscopeName, Separator, Subscope};
pub use self::record::{Scope, TokenType, Visibility};
pub use self::reserved::{
    OPERATOR_READ, OPERATOR_WRITE, RESERVED_SCOPES, ReservedScope, reserved_scope,
};

/// The longest scope, in characters (spec: maskinporten §2.1).
pub const MAX_SCOPE_CHARACTERS: usize = 255;

/// What a prefix looks like: `[a-zæøå0-9][a-zæøå0-9._-]{0,63}` (spec: maskinporten §2.1).
///
/// A prefix is assigned by the operator to one organization, which may have several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Arc<str>);

impl Prefix {
    /// Reads a prefix.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let mut characters = text.chars();
        let first = characters.next().ok_or(InvalidScope::EmptyPrefix)?;
        let starts_well = is_prefix_letter(first);
        let goes_on_well = characters.all(|c| is_prefix_letter(c) || matches!(c, '.' | '_' | '-'));
        if starts_well && goes_on_well && text.chars().count() <= 64 {
            Ok(Self(text.into()))
        } else {
            Err(InvalidScope::Prefix(clip(text)))
        }
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_prefix_letter(character: char) -> bool {
    character.is_ascii_lowercase()
        || character.is_ascii_digit()
        || matches!(character, 'æ' | 'ø' | 'å')
}

/// One element of a `scope` value: RFC 6749 §3.3 `scope-token` characters and `æøåÆØÅ`.
///
/// A token that arrives in a grant need not name an existing scope, nor even follow the grammar
/// of [`ScopeName`]; whether it does is for the decision to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeToken(Arc<str>);

impl ScopeToken {
    /// Reads one scope token of 1 to 255 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        if text.is_empty() {
            return Err(InvalidScope::EmptySubscope);
        }
        if text.chars().count() > MAX_SCOPE_CHARACTERS {
            return Err(InvalidScope::TooLong);
        }
        match text
            .chars()
            .find(|character| !is_scope_character(*character))
        {
            None => Ok(Self(text.into())),
            Some(character) => Err(InvalidScope::Character(character)),
        }
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_scope_character(character: char) -> bool {
    match character {
        '"' | '\\' => false,
        'æ' | 'ø' | 'å' | 'Æ' | 'Ø' | 'Å' => true,
        other => other.is_ascii_graphic(),
    }
}

/// The full name of a scope: `prefix:subscope`, or one of the reserved names without a colon.
///
/// The *first* colon separates; later ones belong to the subscope. Comparison is exact and
/// case-sensitive, and no scope implies another (spec: maskinporten §2.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeName(ScopeToken);

impl ScopeName {
    /// Reads a full scope name.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let token = ScopeToken::parse(text)?;
        match text.split_once(':') {
            None if reserved_scope(text).is_some() => Ok(Self(token)),
            None => Err(InvalidScope::NoPrefix(clip(text))),
            Some((_, "")) => Err(InvalidScope::EmptySubscope),
            Some((prefix, _)) => Prefix::parse(prefix).map(|_| Self(token)),
        }
    }

    /// Joins a prefix and a subscope.
    pub fn join(prefix: &Prefix, subscope: &str) -> Result<Self, InvalidScope> {
        Self::parse(&format!("{}:{subscope}", prefix.as_str()))
    }

    /// The full name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name as a `scope` element.
    pub fn token(&self) -> &ScopeToken {
        &self.0
    }

    /// What stands before the first colon; none for a reserved name without one.
    pub fn prefix(&self) -> Option<&str> {
        self.as_str().split_once(':').map(|(prefix, _)| prefix)
    }

    /// What stands after the first colon; the whole name when there is none.
    pub fn subscope(&self) -> &str {
        self.as_str()
            .split_once(':')
            .map_or(self.as_str(), |(_, subscope)| subscope)
    }

    /// The access level that the name's postfix states.
    pub fn access_level(&self) -> AccessLevel {
        AccessLevel::of(self.subscope())
    }
}

/// Why a text is not a scope, a scope token or a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScope {
    /// Nothing stands before the colon.
    #[error("the prefix is empty: write prefix:subscope")]
    EmptyPrefix,
    /// The prefix has a character that no prefix has, or more than 64.
    #[error(
        "{0:?} is not a prefix: 1 to 64 of a-z, æøå, 0-9, '.', '_' and '-', beginning with a letter or digit"
    )]
    Prefix(String),
    /// No colon, and not one of the reserved names.
    #[error("{0:?} has no prefix: write prefix:subscope")]
    NoPrefix(String),
    /// Nothing stands after the colon.
    #[error("the subscope is empty: write prefix:subscope")]
    EmptySubscope,
    /// A character that no scope may contain.
    #[error("the character {0:?} is not allowed in a scope")]
    Character(char),
    /// More than [`MAX_SCOPE_CHARACTERS`].
    #[error("a scope has at most {MAX_SCOPE_CHARACTERS} characters")]
    TooLong,
}

/// The beginning of a text that someone else wrote, short enough for a message.
fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}

macro_rules! text_type {
    ($type:ty) => {
        impl FromStr for $type {
            type Err = InvalidScope;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_type!(Prefix);
text_type!(ScopeToken);
text_type!(ScopeName);

#[cfg(test)]
mod tests;
