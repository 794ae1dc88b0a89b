//! Where in which file something is wrong.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::Node;

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub file: Option<Arc<str>>,
    /// Which value: `scopes[2].access[0]`; empty for the file or document as a whole.
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
    #[must_use]
    pub fn at(&self, member: &str) -> Self {
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

    /// The same place at the line and column of a value that stands there.
    #[must_use]
    pub fn of_node(&self, node: &Node) -> Self {
        if node.line == 0 {
            return self.clone();
        }
        Self {
            line: node.line,
            column: node.column,
            ..self.clone()
        }
    }

    /// Something wrong here.
    pub fn fault(self, message: impl Into<String>) -> Fault {
        Fault {
            place: self,
            message: message.into(),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde hands the field over as it is")]
fn as_text<S: Serializer>(file: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    file.as_deref().serialize(serializer)
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
