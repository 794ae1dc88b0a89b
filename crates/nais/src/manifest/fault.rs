//! Everything that is wrong with a manifest.

use std::fmt;

use portvakt_yaml::{Fault, Place};
use serde::Serialize;

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
        self.add(place.fault(message));
    }

    pub(super) fn add(&mut self, fault: Fault) {
        keep(&mut self.faults, fault);
    }

    pub(super) fn warn(&mut self, place: Place, message: impl Into<String>) {
        keep(&mut self.warnings, place.fault(message));
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

fn keep(faults: &mut Vec<Fault>, fault: Fault) {
    if faults.len() < MAX_FAULTS {
        faults.push(fault);
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.faults.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}
