//! Where in which file something is wrong.

use std::fmt;

use serde::Serialize;

/// A place in a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Which value: `spec.maskinporten.scopes.exposes[0].name`; empty for the whole document.
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

/// `app.yaml:12:5: spec.maskinporten.enabled`, as far as it is known.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match (&self.file, self.line) {
            (Some(file), 0) => parts.push(file.clone()),
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
    /// What, and what to write instead.
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

/// Everything that is wrong with a manifest, and what was worth a remark beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// What is wrong, in the order of the file; never empty in a refusal.
    pub faults: Vec<Fault>,
    /// What is accepted and may still be a slip.
    pub warnings: Vec<Fault>,
}

/// Most faults, and most warnings, that are kept: a text made to be wrong costs no more than this.
pub const MAX_FAULTS: usize = 1000;

impl Faults {
    pub(super) fn fault(&mut self, place: Place, message: impl Into<String>) {
        keep(&mut self.faults, place, message);
    }

    pub(super) fn warn(&mut self, place: Place, message: impl Into<String>) {
        keep(&mut self.warnings, place, message);
    }

    /// Whether another warning would be dropped, so that it need not be made up.
    pub(super) fn has_room_for_warning(&self) -> bool {
        self.warnings.len() < MAX_FAULTS
    }

    /// Both lists in the order of the file.
    pub(super) fn sort(&mut self) {
        let order = |fault: &Fault| (fault.place.line, fault.place.column);
        self.faults.sort_by_key(order);
        self.warnings.sort_by_key(order);
    }
}

fn keep(faults: &mut Vec<Fault>, place: Place, message: impl Into<String>) {
    if faults.len() < MAX_FAULTS {
        faults.push(place.fault(message));
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.faults.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}
