//! Entries, their one written form, and the link from each to the next.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::Actor;
use crate::organization::OrgNumber;

/// What the first entry follows: SHA-256 of this text.
const FIRST_LABEL: &[u8] = b"portvakt-audit-1";

/// A hash of the chain.
type Hash = [u8; 32];

/// One change or refusal. Its written form is compact JSON with the members in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// 1 for the first entry, then without gaps.
    pub sequence: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub actor: Actor,
    /// The request that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Kind and change: `scope.create`, `access.withdraw`, `token.refuse`.
    pub operation: String,
    /// What was changed.
    pub object: AuditObject,
    /// Whom it concerns, in order: the actor's organizations and those that the record names.
    pub organizations: Vec<OrgNumber>,
    /// The record as it was; none if it is new.
    pub before: Option<Value>,
    /// The record as it became; none if it is gone (key sets only).
    pub after: Option<Value>,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditObject {
    /// The kind of record.
    pub kind: ObjectKind,
    /// Its key; the parts of a longer key are separated by a space, the part that is a record of
    /// its own first (`nav:a.read 312773023` for access). Hidden for people.
    pub key: String,
}

/// The kinds of records that are audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
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
    /// A client's key set.
    KeySet,
    /// A client's secrets.
    ClientSecret,
    /// An on-behalf-of registration.
    OnBehalfOf,
    /// A delegation source.
    DelegationSource,
    /// A delegation.
    Delegation,
    /// A system user.
    SystemUser,
    /// A consent.
    Consent,
    /// A person: one of the registry's test people, or whoever logs in or is reached.
    Person,
    /// What a person lets a client have.
    Authorization,
    /// Whom somebody with a foreign identity is here.
    IdentityMatch,
    /// A signing key of the server.
    SigningKey,
    /// An address where a request was refused, when nothing more is known of what it was about.
    Endpoint,
    /// All of the registry, when it was restored from a backup.
    Registry,
}

impl ObjectKind {
    /// The name that the log has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Prefix => "prefix",
            Self::Scope => "scope",
            Self::Access => "access",
            Self::Client => "client",
            Self::KeySet => "key_set",
            Self::ClientSecret => "client_secret",
            Self::OnBehalfOf => "on_behalf_of",
            Self::DelegationSource => "delegation_source",
            Self::Delegation => "delegation",
            Self::SystemUser => "system_user",
            Self::Consent => "consent",
            Self::Person => "person",
            Self::Authorization => "authorization",
            Self::IdentityMatch => "identity_match",
            Self::SigningKey => "signing_key",
            Self::Endpoint => "endpoint",
            Self::Registry => "registry",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A place in the chain: how many entries there are so far, and the hash of the last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuditLink {
    /// The entry's number; 0 before the first.
    pub sequence: u64,
    /// The entry's hash.
    pub hash: Hash,
}

impl AuditLink {
    /// What the first entry follows.
    pub fn first() -> Self {
        Self {
            sequence: 0,
            hash: bytes(&digest(&SHA256, FIRST_LABEL)),
        }
    }

    /// The hash in hexadecimal.
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }

    /// The link of the entry that has this text and follows.
    pub(super) fn next(&self, text: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&self.hash);
        context.update(text.as_bytes());
        Self {
            // A log of 2^64 entries is further off than any disk.
            sequence: self.sequence.saturating_add(1),
            hash: bytes(&context.finish()),
        }
    }
}

impl fmt::Debug for AuditLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "AuditLink({}, {})",
            self.sequence,
            self.hash_hex()
        )
    }
}

fn bytes(digest: &aws_lc_rs::digest::Digest) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

fn hex(hash: &Hash) -> String {
    use fmt::Write;
    let mut text = String::with_capacity(64);
    for byte in hash {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An entry as a store keeps it: the written form, its hash, and copies of what it is looked up by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The entry's number and hash.
    pub link: AuditLink,
    /// The written form: what is hashed, byte for byte.
    pub text: String,
    /// Copy of the object's key.
    pub object_key: String,
    /// Copy of the organizations, separated by spaces.
    pub organizations: String,
    /// Copy of the request id.
    pub request_id: Option<String>,
}

impl StoredEntry {
    /// The entry that follows `last`, which gives it its number.
    pub(super) fn following(
        last: &AuditLink,
        mut entry: AuditEntry,
    ) -> Result<Self, UnreadableEntry> {
        entry.sequence = last.sequence.saturating_add(1);
        let text = serde_json::to_string(&entry).map_err(|_| UnreadableEntry)?;
        Ok(Self {
            link: last.next(&text),
            text,
            organizations: spaced(&entry.organizations),
            object_key: entry.object.key,
            request_id: entry.request_id,
        })
    }

    /// Reads the written form.
    pub fn entry(&self) -> Result<AuditEntry, UnreadableEntry> {
        serde_json::from_str(&self.text).map_err(|_| UnreadableEntry)
    }

    /// Whether number and copies are those of the written form.
    pub(super) fn agrees_with(&self, entry: &AuditEntry) -> bool {
        self.link.sequence == entry.sequence
            && self.object_key == entry.object.key
            && self.organizations == spaced(&entry.organizations)
            && self.request_id == entry.request_id
    }
}

fn spaced(organizations: &[OrgNumber]) -> String {
    let texts: Vec<_> = organizations.iter().map(OrgNumber::as_str).collect();
    texts.join(" ")
}

/// A text that is not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an entry of the audit log")]
pub struct UnreadableEntry;

/// Which entries a list holds: those that meet every condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// That concern this organization.
    pub organization: Option<OrgNumber>,
    /// Whose object has this key, or a longer one that begins with it and a space.
    pub object_key: Option<String>,
    /// Of this request.
    pub request_id: Option<String>,
}
