//! The use-cases of administration: what may be recorded, and what recording it entails.
//!
//! Every function works inside a unit of work that its caller begins and commits, reads no clock,
//! and answers with a typed error, so that the command line, a REST handler and a Kubernetes
//! operator act by the same rules. Functions repeated with the same arguments change nothing, not
//! even `last_updated`. Nothing is deleted (spec: selfservice §11).
//!
//! One file for each resource; start reading at [`scope`] or [`client`]. Whole files of records
//! are applied by [`crate::registry_file`].

pub mod access;
pub mod bootstrap;
pub mod client;
pub mod delegation;
mod error;
pub mod key;
pub mod on_behalf_of;
pub mod operator;
pub mod organization;
pub mod prefix;
pub mod scope;
pub mod secret;

pub use self::error::{AdministrationError, FieldFault, FieldFaults, RecordKind};

use crate::organization::OrgNumber;

/// In whose name an act is done, where the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Whoever runs the server.
    Operator,
    /// An organization that administers what it owns.
    Owner(OrgNumber),
}

/// A record as it now is, and whether the act changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved<T> {
    /// The record.
    pub record: T,
    /// What the act did to it.
    pub change: Change,
}

/// What an act did to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It did not exist before.
    Created,
    /// It was changed.
    Updated,
    /// It was so already; nothing was written.
    Unchanged,
}

impl<T> Saved<T> {
    pub(crate) fn created(record: T) -> Self {
        Self {
            record,
            change: Change::Created,
        }
    }

    pub(crate) fn updated(record: T) -> Self {
        Self {
            record,
            change: Change::Updated,
        }
    }

    pub(crate) fn unchanged(record: T) -> Self {
        Self {
            record,
            change: Change::Unchanged,
        }
    }
}
