//! The change feed: what each commit touched. Whoever keeps records in memory follows it.

use std::str::FromStr;

use crate::ports::Revision;

/// One record that a commit touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The commit.
    pub revision: Revision,
    /// The kind of record.
    pub kind: ChangeKind,
    /// The record's key; the parts of a longer key are separated by a space. Empty for people: a
    /// national identity number belongs in its own table only.
    pub key: String,
}

/// The kinds of records that the feed tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// An organization, by number.
    Organization,
    /// The assignment of a prefix, by prefix.
    Prefix,
    /// A scope, by name.
    Scope,
    /// An organization's access, by scope and consumer.
    Access,
    /// A client or its keys, by client id.
    Client,
    /// An on-behalf-of registration, by client id and value.
    OnBehalfOf,
    /// A delegation source, by name.
    DelegationSource,
    /// A delegation, by scope, consumer, supplier and source.
    Delegation,
    /// A system user, by id.
    SystemUser,
    /// A consent, by id.
    Consent,
    /// A person.
    Person,
    /// A signing key of the server, by key id.
    SigningKey,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Organization,
        Self::Prefix,
        Self::Scope,
        Self::Access,
        Self::Client,
        Self::OnBehalfOf,
        Self::DelegationSource,
        Self::Delegation,
        Self::SystemUser,
        Self::Consent,
        Self::Person,
        Self::SigningKey,
    ];

    /// The word that stores keep.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Prefix => "prefix",
            Self::Scope => "scope",
            Self::Access => "access",
            Self::Client => "client",
            Self::OnBehalfOf => "on_behalf_of",
            Self::DelegationSource => "delegation_source",
            Self::Delegation => "delegation",
            Self::SystemUser => "system_user",
            Self::Consent => "consent",
            Self::Person => "person",
            Self::SigningKey => "signing_key",
        }
    }
}

/// The word is of no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kind of record has this name")]
pub struct UnknownChangeKind;

impl FromStr for ChangeKind {
    type Err = UnknownChangeKind;

    fn from_str(word: &str) -> Result<Self, UnknownChangeKind> {
        let named = |kind: &Self| kind.as_str() == word;
        Self::ALL.into_iter().find(named).ok_or(UnknownChangeKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_word() {
        for kind in ChangeKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("Scope".parse::<ChangeKind>(), Err(UnknownChangeKind));
    }
}
