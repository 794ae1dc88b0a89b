//! Why an administrative act is refused.

use std::fmt;

use crate::entropy::EntropyUnavailable;
use crate::ports::StorageError;

/// A refused or failed act. Each variant has one status on a REST surface (spec: selfservice §4).
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    /// No such record, or none that the caller may know of.
    #[error("{kind} {id} does not exist")]
    NotFound {
        /// What was looked for.
        kind: RecordKind,
        /// Its id.
        id: String,
    },
    /// The record exists, active or not; making it again is refused.
    #[error("{kind} {id} exists already: {remedy}")]
    AlreadyExists {
        /// What exists.
        kind: RecordKind,
        /// Its id.
        id: String,
        /// What to do instead.
        remedy: String,
    },
    /// Attributes that break rules, all of them at once.
    #[error("{}", joined(.0))]
    Invalid(Vec<FieldFault>),
    /// Attributes that only somebody else may set, all of them at once.
    #[error("{}", joined(.0))]
    Forbidden(Vec<FieldFault>),
    /// The record is in a state in which the act makes no sense.
    #[error("{0}")]
    Conflict(String),
    /// The store failed; not a fact about the act.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No id could be made.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl AdministrationError {
    pub(crate) fn not_found(kind: RecordKind, id: impl fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }

    pub(crate) fn already_exists(kind: RecordKind, id: impl fmt::Display, remedy: &str) -> Self {
        Self::AlreadyExists {
            kind,
            id: id.to_string(),
            remedy: remedy.to_owned(),
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault::new(field, message)])
    }

    pub(crate) fn forbidden(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Forbidden(vec![FieldFault::new(field, message)])
    }
}

fn joined(faults: &[FieldFault]) -> String {
    faults
        .iter()
        .map(FieldFault::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// One attribute that an act is refused for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldFault {
    /// The attribute by its wire name, `scopes[2]` for an element.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl FieldFault {
    /// A fault of this attribute.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Collects the faults of one record, so that all are reported at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldFaults {
    /// Attributes that break a rule.
    pub invalid: Vec<FieldFault>,
    /// Attributes that only somebody else may set.
    pub forbidden: Vec<FieldFault>,
}

impl FieldFaults {
    /// Records that an attribute breaks a rule.
    pub fn invalid(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.invalid.push(FieldFault::new(field, message));
    }

    /// Records that an attribute is not the caller's to set.
    pub fn forbidden(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.forbidden.push(FieldFault::new(field, message));
    }

    /// Checks the number of characters of a text.
    pub fn length(&mut self, field: &str, text: &str, allowed: std::ops::RangeInclusive<usize>) {
        let characters = text.chars().count();
        if characters < *allowed.start() {
            self.invalid(field, "is required");
        } else if characters > *allowed.end() {
            self.invalid(
                field,
                format!("has {characters} characters: at most {}", allowed.end()),
            );
        }
    }

    /// Nothing, or the refusal: what is invalid goes before what is forbidden.
    pub fn into_result(self) -> Result<(), AdministrationError> {
        if !self.invalid.is_empty() {
            Err(AdministrationError::Invalid(self.invalid))
        } else if !self.forbidden.is_empty() {
            Err(AdministrationError::Forbidden(self.forbidden))
        } else {
            Ok(())
        }
    }
}

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// An organization.
    Organization,
    /// The assignment of a prefix.
    Prefix,
    /// A scope.
    Scope,
    /// An organization's access to a scope.
    Access,
    /// A client.
    Client,
    /// A client's key, or its set of keys.
    Key,
    /// A client's on-behalf-of registration.
    OnBehalfOf,
    /// A test person.
    Person,
    /// Whom somebody with a foreign identity is here.
    IdentityMatch,
    /// A delegation source.
    DelegationSource,
    /// A delegation.
    Delegation,
    /// A system user.
    SystemUser,
    /// A consent.
    Consent,
}

impl RecordKind {
    /// The name of the list that holds such records, in registry files and reports.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Organization => "organizations",
            Self::Prefix => "prefixes",
            Self::Scope => "scopes",
            Self::Access => "access",
            Self::Client => "clients",
            Self::Key => "keys",
            Self::OnBehalfOf => "onbehalfof",
            Self::Person => "people",
            Self::IdentityMatch => "identity_matches",
            Self::DelegationSource => "delegation_sources",
            Self::Delegation => "delegations",
            Self::SystemUser => "system_users",
            Self::Consent => "consents",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Organization => "organization",
            Self::Prefix => "prefix",
            Self::Scope => "scope",
            Self::Access => "access",
            Self::Client => "client",
            Self::Key => "key",
            Self::OnBehalfOf => "on-behalf-of registration",
            Self::Person => "person",
            Self::IdentityMatch => "identity match",
            Self::DelegationSource => "delegation source",
            Self::Delegation => "delegation",
            Self::SystemUser => "system user",
            Self::Consent => "consent",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_reported_and_the_invalid_ones_first() {
        let mut faults = FieldFaults::default();
        faults.forbidden("protected", "only the operator");
        faults.length("description", "", 1..=10);
        faults.length("client_name", "12345678901", 1..=10);
        let error = faults.into_result().unwrap_err();
        assert_eq!(
            error.to_string(),
            "description: is required; client_name: has 11 characters: at most 10"
        );
        assert!(FieldFaults::default().into_result().is_ok());
    }
}
