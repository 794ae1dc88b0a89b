//! An organization's own part of the log, without what it may not know of others.

use serde_json::{Value, json};

use super::entry::{AuditEntry, AuditFilter, ObjectKind, StoredEntry};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::{StorageError, UnitOfWork};
use crate::redaction::HIDDEN;

/// Entries that are looked at together.
const CHUNK: u32 = 500;
/// Most entries that one page looks at, whether or not it shows them.
const MAX_LOOKED_AT: u64 = 5000;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditReader {
    /// The organization whose part is read.
    pub organization: OrgNumber,
    /// May read what is about clients.
    pub sees_clients: bool,
    /// May read what is about scopes and access to them.
    pub sees_scopes: bool,
}

/// Which entries of the part are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartQuery {
    /// Whose object has this key, or a longer one that begins with it and a space.
    pub object_key: Option<String>,
    /// Of this request.
    pub request_id: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// Those with a greater number.
    pub after: u64,
    /// Most entries of the page.
    pub limit: usize,
}

/// Some entries in order of number.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPart {
    /// The entries; there may be none although there are more.
    pub entries: Vec<AuditEntry>,
    /// The number after which to go on; none at the end.
    pub next: Option<u64>,
}

/// Reads a page. However long the log is, a page costs no more than a bounded number of entries.
pub async fn read_part(
    unit: &mut dyn UnitOfWork,
    reader: AuditReader,
    query: &PartQuery,
) -> Result<AuditPart, StorageError> {
    let filter = AuditFilter {
        organization: Some(reader.organization),
        object_key: query.object_key.clone(),
        request_id: query.request_id.clone(),
    };
    let (mut entries, mut after, mut looked_at) = (Vec::new(), query.after, 0);
    while looked_at < MAX_LOOKED_AT {
        let chunk = unit.list_audit(&filter, after, CHUNK).await?;
        for stored in &chunk {
            if entries.len() == query.limit {
                return Ok(AuditPart {
                    entries,
                    next: Some(after),
                });
            }
            after = stored.link.sequence;
            looked_at += 1;
            entries.extend(query.shown(stored, reader)?);
        }
        if chunk.len() < CHUNK as usize {
            return Ok(AuditPart {
                entries,
                next: None,
            });
        }
    }
    let next = Some(after);
    Ok(AuditPart { entries, next })
}

impl PartQuery {
    fn shown(
        &self,
        stored: &StoredEntry,
        reader: AuditReader,
    ) -> Result<Option<AuditEntry>, StorageError> {
        let corrupt = |_| StorageError::Corrupt {
            table: "audit",
            column: "entry",
            key: stored.link.sequence.to_string(),
        };
        let entry = stored.entry().map_err(corrupt)?;
        if !self.is_in_time(&entry) {
            return Ok(None);
        }
        let shown = reader.shown(entry);
        // A key that is hidden must not be found by guessing it.
        Ok(shown.filter(|entry| self.is_about(&entry.object.key)))
    }

    fn is_in_time(&self, entry: &AuditEntry) -> bool {
        let Ok(at) = Timestamp::parse(&entry.at) else {
            return false;
        };
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    fn is_about(&self, key: &str) -> bool {
        let begins = |wanted: &String| {
            let rest = key.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        self.object_key.as_ref().is_none_or(begins)
    }
}

impl AuditReader {
    /// The entry as the reader may see it, if it may see it at all.
    pub fn shown(self, mut entry: AuditEntry) -> Option<AuditEntry> {
        if !entry.organizations.contains(&self.organization) {
            return None;
        }
        let acted = self.acted(&entry);
        if is_clients_refusal(&entry) {
            entry = self.refusal(entry, acted)?;
        } else if !self.may_see(&entry) {
            return None;
        } else if entry.object.kind == ObjectKind::OnBehalfOf && !acted {
            self.hide_client_of_supplier(&mut entry);
        }
        entry.actor.user = None;
        // Whom a pseudonym stands for is the operator's to know; it is the same for all clients.
        entry.actor.person = None;
        if !acted {
            let supplier = entry.actor.supplier.take();
            entry.actor.client_id = None;
            entry
                .organizations
                .retain(|orgno| *orgno == self.organization || Some(*orgno) != supplier);
        }
        Some(entry)
    }

    /// Whether the act was done by, or for, the reader's organization.
    fn acted(self, entry: &AuditEntry) -> bool {
        let own = Some(self.organization);
        entry.actor.organization == own || entry.actor.supplier == own
    }

    fn may_see(self, entry: &AuditEntry) -> bool {
        match entry.object.kind {
            ObjectKind::Organization | ObjectKind::Endpoint => true,
            ObjectKind::Prefix | ObjectKind::Scope => self.sees_scopes,
            // One's own access is no secret from any of one's clients.
            ObjectKind::Access => {
                self.sees_scopes || self.is_named(entry.after.as_ref(), "consumer_orgno")
            }
            ObjectKind::Client
            | ObjectKind::KeySet
            | ObjectKind::ClientSecret
            | ObjectKind::OnBehalfOf
            | ObjectKind::Delegation
            | ObjectKind::SystemUser
            | ObjectKind::Consent => self.sees_clients,
            // The operator's.
            ObjectKind::DelegationSource
            | ObjectKind::Person
            | ObjectKind::Authorization
            | ObjectKind::IdentityMatch
            | ObjectKind::SigningKey
            | ObjectKind::Registry => false,
        }
    }

    fn is_named(self, record: Option<&Value>, member: &str) -> bool {
        record.is_some_and(|record| record[member] == self.organization.as_str())
    }

    /// A customer learns that it was registered, and nothing of the client.
    fn hide_client_of_supplier(self, entry: &mut AuditEntry) {
        if !self.is_named(entry.after.as_ref(), "orgno") {
            return;
        }
        HIDDEN.clone_into(&mut entry.object.key);
        for record in [&mut entry.before, &mut entry.after].into_iter().flatten() {
            keep_members(record, &["onbehalfof", "name", "orgno", "active"]);
        }
    }

    /// A client's refused request from the side of the client, or of a scope's owner.
    fn refusal(self, entry: AuditEntry, acted: bool) -> Option<AuditEntry> {
        let proven = entry.after.as_ref()?["proven"] == true;
        // Only the client's organizations are told of what nobody proved to have sent.
        if self.sees_clients && (acted || !proven) {
            Some(for_client(entry))
        } else if self.sees_scopes && proven {
            self.for_owner(entry)
        } else {
            None
        }
    }

    /// Without the client: who asked, for which scopes of the owner's, and why it was refused.
    fn for_owner(self, mut entry: AuditEntry) -> Option<AuditEntry> {
        let after = entry.after.as_mut()?;
        let scopes = after.get_mut("scopes")?.as_array_mut()?;
        scopes.retain(|scope| scope["owner_orgno"] == self.organization.as_str());
        if scopes.is_empty() {
            return None;
        }
        HIDDEN.clone_into(&mut entry.object.key);
        entry.organizations = vec![self.organization];
        entry.actor.client_id = None;
        entry.actor.organization = None;
        entry.actor.supplier = None;
        Some(entry)
    }
}

/// Whether it is a refusal of what a client asked, or of what somebody asked in its name.
fn is_clients_refusal(entry: &AuditEntry) -> bool {
    let operations = ["token.refuse", "login.refuse", "companion.refuse"];
    operations.contains(&entry.operation.as_str())
}

/// Without the owners, and without what the token endpoint did not say: whether a scope exists that
/// the client has not registered.
fn for_client(mut entry: AuditEntry) -> AuditEntry {
    if let Some(after) = &mut entry.after {
        if after["refusal"] == "InvalidScopes" {
            after["scopes"] = json!([]);
        }
        let scopes = after.get_mut("scopes").and_then(Value::as_array_mut);
        for scope in scopes.into_iter().flatten() {
            keep_members(scope, &["scope"]);
        }
    }
    let actor = &entry.actor;
    if actor.organization.is_some() {
        let own = [actor.organization, actor.supplier];
        entry
            .organizations
            .retain(|orgno| own.contains(&Some(*orgno)));
    }
    entry
}

fn keep_members(record: &mut Value, names: &[&str]) {
    if let Some(members) = record.as_object_mut() {
        members.retain(|name, _| names.contains(&name.as_str()));
    }
}

#[cfg(test)]
mod tests;
