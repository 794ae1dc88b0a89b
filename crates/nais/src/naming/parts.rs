//! Parts of names, each parsed once. The patterns are those of the published resource definitions
//! (spec: nais §3.2), so what is refused here is refused by a cluster, too.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that does not follow the pattern of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(&'static str);

/// A text that follows a pattern: how it is made, shown and kept.
macro_rules! pattern_text {
    ($(#[$meta:meta])* $name:ident, $accepts:expr, $refusal:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                if $accepts(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError($refusal))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

pattern_text! {
    /// The last part of a subscope.
    SubscopeName,
    is_subscope_name,
    "must be at least two of a-z, æ, ø, å and 0-9, in parts with '/' or '.' between them: \
     'some.scope.read' or 'sykepenger/afp.read'"
}

pattern_text! {
    /// The first part of a subscope.
    Product,
    is_product,
    "must be of a-z and 0-9 only: 'arbeid'"
}

pattern_text! {
    /// An organization number. The check digit is not looked at: documented examples fail it.
    OrgNumber,
    is_orgno,
    "must be an organization number of nine digits, in quotes: \"889640782\""
}

pattern_text! {
    /// The name or the namespace of a Kubernetes object.
    ResourceName,
    is_resource_name,
    "must be 1 to 63 of a-z, 0-9, '-' and '.', with a letter or digit first and last"
}

impl SubscopeName {
    pub(super) fn default_separator(&self) -> Separator {
        if self.0.contains('/') {
            Separator::Slash
        } else {
            Separator::Colon
        }
    }
}

impl OrgNumber {
    /// Whether the last digit is the check digit (modulo 11) of the others.
    pub fn has_valid_check_digit(&self) -> bool {
        let digits = self.0.bytes().map(|byte| u32::from(byte - b'0'));
        let weights = [3, 2, 7, 6, 5, 4, 3, 2, 1];
        let sum: u32 = digits
            .zip(weights)
            .map(|(digit, weight)| digit * weight)
            .sum();
        sum.is_multiple_of(11)
    }
}

/// What joins product and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Separator {
    /// `/`, which is recommended, and required for delegation.
    #[serde(rename = "/")]
    Slash,
    /// `:`
    #[serde(rename = ":")]
    Colon,
    /// `.`
    #[serde(rename = ".")]
    Dot,
}

impl FromStr for Separator {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text {
            "/" => Ok(Self::Slash),
            ":" => Ok(Self::Colon),
            "." => Ok(Self::Dot),
            _ => Err(NameError("must be \"/\", \":\" or \".\"")),
        }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Slash => "/",
            Self::Colon => ":",
            Self::Dot => ".",
        })
    }
}

/// `^([a-zæøå0-9]+\/?)+(\:[a-zæøå0-9]+)*[a-zæøå0-9]+(\.[a-zæøå0-9]+)*$`
fn is_subscope_name(text: &str) -> bool {
    let mut dots = text.split('.');
    let head = dots.next().unwrap_or_default();
    let mut colons = head.split(':');
    let first = colons.next().unwrap_or_default();
    let colons: Vec<_> = colons.collect();
    let first = match colons.last() {
        // The part after the last colon takes the place of two repetitions.
        Some(last) if last.chars().count() < 2 => return false,
        Some(_) => first.strip_suffix('/').unwrap_or(first),
        None if first.chars().count() < 2 => return false,
        None => first,
    };
    first.split('/').chain(colons).chain(dots).all(is_word)
}

fn is_word(word: &str) -> bool {
    let is_allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | 'æ' | 'ø' | 'å');
    !word.is_empty() && word.chars().all(is_allowed)
}

fn is_product(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_orgno(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_resource_name(text: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_allowed = |b: u8| is_inner(b) || matches!(b, b'-' | b'.');
    text.len() <= 63
        && text.bytes().all(is_allowed)
        && text.bytes().next().is_some_and(is_inner)
        && text.bytes().last().is_some_and(is_inner)
}
