//! Where in which file something is wrong.

use std::fmt;
use std::sync::Arc;

/// A place in a registry file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, if it has a name.
    pub file: Option<Arc<str>>,
    /// Which value: `scopes[2].access[0]`; empty for the file as a whole.
    pub path: String,
    /// From 1; 0 when it is not known.
    pub line: u64,
    /// From 1; 0 when it is not known.
    pub column: u64,
}

impl Place {
    /// The whole of a file.
    pub fn of_file(name: &str) -> Self {
        Self {
            file: Some(name.into()),
            ..Self::default()
        }
    }

    /// A member of the value here, or an element of it (`[3]`).
    pub(super) fn at(&self, member: &str) -> Self {
        let separator = if self.path.is_empty() || member.starts_with('[') {
            ""
        } else {
            "."
        };
        Self {
            path: format!("{}{separator}{member}", self.path),
            ..self.clone()
        }
    }

    pub(super) fn fault(self, message: impl Into<String>) -> Fault {
        Fault {
            place: self,
            message: message.into(),
        }
    }
}

/// `registry.yaml:12:5: scopes[2].access[0]`, as far as it is known.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match (&self.file, self.line) {
            (Some(file), 0) => parts.push(file.to_string()),
            (Some(file), line) => parts.push(format!("{file}:{line}:{}", self.column)),
            (None, 0) => {}
            (None, line) => parts.push(format!("line {line}, column {}", self.column)),
        }
        if !self.path.is_empty() {
            parts.push(self.path.clone());
        }
        formatter.write_str(&parts.join(": "))
    }
}

/// Something wrong, or worth a remark, at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, and what to do. Never a key, nor a national identity number.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.to_string() {
            place if place.is_empty() => formatter.write_str(&self.message),
            place => write!(formatter, "{place}: {}", self.message),
        }
    }
}
