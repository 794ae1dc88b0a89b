//! The change feed: what each revision touched, so that whoever keeps copies knows which are old.

use async_trait::async_trait;

use super::{Revision, StorageError};

/// What a record of the feed is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangedKind {
    /// Key: the organization's number.
    Organization,
    /// Key: the prefix.
    Prefix,
    /// Key: the full name.
    Scope,
    /// Key: scope, a space, number of the consumer.
    Access,
    /// The client or its keys. Key: the client id.
    Client,
    /// Key: client id, a space, the value.
    OnBehalfOf,
    /// Key: the name.
    DelegationSource,
    /// Key: scope, consumer, supplier and issuer of the source, separated by spaces.
    Delegation,
    /// Key: the id.
    SystemUser,
    /// Key: the id.
    Consent,
    /// Key: empty, because a national identity number belongs in its own record only.
    Person,
    /// Key: empty, because a foreign identifier belongs in its own record only.
    IdentityMatch,
    /// Key: the key id.
    SigningKey,
}

impl ChangedKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
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
        Self::IdentityMatch,
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
            Self::IdentityMatch => "identity_match",
            Self::SigningKey => "signing_key",
        }
    }

    /// The kind of this word; none for a word that only a later version of the program knows.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One record that a commit touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRecord {
    /// What it is.
    pub kind: ChangedKind,
    /// Which one; the form is the kind's.
    pub key: String,
}

/// How far an answer of the feed reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// To the present.
    Complete,
    /// To a revision before the present: ask again from there.
    Partial,
    /// To the present, but the feed cannot tell what changed: the changes were trimmed, or are too
    /// many or of a kind that this program does not know, or the asker knows revisions that this
    /// store never had (it was restored). Everything may have changed.
    Gap,
}

/// What changed after a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The last revision that the answer covers.
    pub revision: Revision,
    /// In order of revision; empty for [`Extent::Gap`].
    pub records: Vec<ChangedRecord>,
    /// How far the answer reaches.
    pub extent: Extent,
}

impl Changes {
    /// Everything up to `revision` may have changed.
    pub fn gap(revision: Revision) -> Self {
        Self {
            revision,
            records: Vec::new(),
            extent: Extent::Gap,
        }
    }
}

/// The feed. Its answers, and every read that begins after one, tell of the same store: never of a
/// copy that may be behind.
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// What changed after `since`, whole revisions only. An answer has at most `limit` records: a
    /// single revision that touched more is a gap.
    async fn changes_since(&self, since: Revision, limit: u32) -> Result<Changes, StorageError>;

    /// Drops the oldest records beyond the newest `keep`, whole revisions only, a bounded number
    /// at a time, and says how many. Whoever asks for them later gets a gap.
    async fn trim_changes(&self, keep: u64) -> Result<u64, StorageError>;

    /// Returns soon after a change was committed, by whomever. A hint only: it may come late, for
    /// nothing, or, as here, never.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in ChangedKind::ALL {
            assert_eq!(ChangedKind::from_word(kind.as_str()), Some(kind));
        }
        assert_eq!(ChangedKind::from_word("tenant"), None);
    }
}
