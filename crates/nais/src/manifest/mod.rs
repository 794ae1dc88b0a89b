//! Reading manifests: documents in YAML or JSON become [`Resource`]s, or a list of everything that
//! is wrong with them. Reading files is the caller's business.

mod clients;
mod document;
mod entry;
mod fault;
mod idporten;
mod resource;
mod scopes;
mod template;
mod workload;

pub use self::document::MAX_MANIFEST_BYTES;
pub use self::fault::{Faults, MAX_FAULTS};
pub use portvakt_yaml::{Fault, Place};

use crate::model::Resource;

/// What one or more files declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The documents that this crate acts on, in order.
    pub resources: Vec<Resource>,
    /// What is accepted and may still be a slip, in the order of each file.
    pub warnings: Vec<Fault>,
}

impl Manifest {
    /// Reads a text of at most [`MAX_MANIFEST_BYTES`], with any number of documents.
    ///
    /// # Errors
    /// Every fault in every document, not the first alone, up to [`MAX_FAULTS`].
    pub fn parse(text: &str) -> Result<Self, Faults> {
        Self::read(text, &Place::default())
    }

    /// As [`Manifest::parse`], with the file's name in every place.
    ///
    /// # Errors
    /// Every fault in every document, not the first alone.
    pub fn parse_named(name: &str, text: &str) -> Result<Self, Faults> {
        Self::read(text, &Place::of_file(name))
    }

    fn read(text: &str, place: &Place) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut resources = Vec::new();
        for node in document::parse(text, place, &mut faults) {
            resource::read(&node, place.clone(), &mut resources, &mut faults);
        }
        faults.sort();
        if !faults.faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            resources,
            warnings: faults.warnings,
        })
    }

    /// Adds what another file declares.
    pub fn merge(&mut self, other: Self) {
        self.resources.extend(other.resources);
        self.warnings.extend(other.warnings);
    }
}

#[cfg(test)]
mod tests;
