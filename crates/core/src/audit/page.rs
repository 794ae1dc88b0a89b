//! The log a page at a time, by more than a store can look up.

use super::entry::{AuditEntry, AuditFilter, ObjectKind, StoredEntry};
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::ports::{AuditLog, StorageError};

/// How many entries are read for one page at most, however few of them are asked for.
pub const MAX_SCANNED: u32 = 2000;

/// How many entries are read at a time.
const BATCH: u32 = 200;

/// Which entries are asked for: those that meet every condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// What a store looks up.
    pub filter: AuditFilter,
    /// That this client did, or that are about it, its keys, its secrets or its
    /// registrations.
    pub client_id: Option<ClientId>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

/// Some of the entries that are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPage {
    /// In order of number; perhaps none, although more follow.
    pub entries: Vec<AuditEntry>,
    /// The number to go on after; none at the end of the log.
    pub next: Option<u64>,
}

/// The first `limit` entries after the one with this number. At most [`MAX_SCANNED`] entries are
/// read, so that a question that few entries answer takes several pages rather than long.
pub async fn page<L: AuditLog + ?Sized>(
    log: &mut L,
    query: &AuditQuery,
    after: u64,
    limit: u32,
) -> Result<AuditPage, StorageError> {
    let (mut last, mut scanned, mut entries) = (after, 0, Vec::new());
    let full = |entries: &Vec<_>| entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    while scanned < MAX_SCANNED {
        let batch = log.list_audit(&query.filter, last, BATCH).await?;
        let is_last = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        for stored in &batch {
            if full(&entries) {
                return Ok(AuditPage {
                    entries,
                    next: Some(last),
                });
            }
            last = stored.link.sequence;
            let entry = read(stored)?;
            if query.admits(&entry) {
                entries.push(entry);
            }
        }
        if is_last {
            return Ok(AuditPage {
                entries,
                next: None,
            });
        }
        scanned += BATCH;
    }
    Ok(AuditPage {
        entries,
        next: Some(last),
    })
}

fn read(stored: &StoredEntry) -> Result<AuditEntry, StorageError> {
    stored.entry().map_err(|_| StorageError::Corrupt {
        table: "audit",
        column: "entry",
        key: stored.link.sequence.to_string(),
    })
}

impl AuditQuery {
    /// What a store does not look up.
    fn admits(&self, entry: &AuditEntry) -> bool {
        let is_of = |client_id: &ClientId| {
            entry.actor.client_id.as_ref() == Some(client_id) || is_about(entry, client_id)
        };
        self.client_id.as_ref().is_none_or(is_of) && self.admits_time(entry)
    }

    /// An entry whose time cannot be read is left out of no page.
    fn admits_time(&self, entry: &AuditEntry) -> bool {
        let Ok(at) = Timestamp::parse(&entry.at) else {
            return true;
        };
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

fn is_about(entry: &AuditEntry, client_id: &ClientId) -> bool {
    let first_part = entry.object.key.split(' ').next();
    belongs_to_client(entry.object.kind) && first_part == Some(client_id.as_str())
}

/// Whether the key of such an object begins with the id of a client.
fn belongs_to_client(kind: ObjectKind) -> bool {
    match kind {
        ObjectKind::Client
        | ObjectKind::KeySet
        | ObjectKind::ClientSecret
        | ObjectKind::OnBehalfOf => true,
        ObjectKind::Organization
        | ObjectKind::Prefix
        | ObjectKind::Scope
        | ObjectKind::Access
        | ObjectKind::DelegationSource
        | ObjectKind::Delegation
        | ObjectKind::SystemUser
        | ObjectKind::Consent
        | ObjectKind::Person
        | ObjectKind::Authorization
        | ObjectKind::IdentityMatch
        | ObjectKind::SigningKey
        | ObjectKind::Endpoint
        | ObjectKind::Registry => false,
    }
}
