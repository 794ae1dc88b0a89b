//! Variables, some of which must not be shown.

use std::fmt;

/// Variables in order; of two with one name the later counts.
pub type Variables = Vec<Variable>;

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: Value,
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Something that may be shown.
    Plain(String),
    /// Something that may not.
    Secret(Secret),
}

/// A text that is never shown: it has no `Display`, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, to put it where it belongs: the environment of a process, or a file of mode 0600.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl Variable {
    /// A variable that may be shown.
    pub fn plain(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: Value::Plain(value.into()),
        }
    }

    pub(crate) fn secret(name: &str, value: String) -> Self {
        Self {
            name: name.to_owned(),
            value: Value::Secret(Secret::new(value)),
        }
    }
}

impl Value {
    /// The text, secret or not, to put it where it belongs.
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }

    /// Whether it must not be shown.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}
