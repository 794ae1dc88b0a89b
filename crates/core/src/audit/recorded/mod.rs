//! The unit of work that writes the audit log by itself.

mod known;
mod ports;

use async_trait::async_trait;
use serde_json::Value;
use tracing::Instrument;

use self::known::Known;
use super::actor::Act;
use super::append::append;
use super::entry::{AuditEntry, AuditObject, ObjectKind};
use super::snapshot::{Audited, Snapshot};
use crate::organization::OrgNumber;
use crate::ports::{Revision, StorageError, Store, UnitOfWork};
use crate::spans::span;

/// A unit of work around another one, which notes every change and appends the notes to the audit
/// log when it commits: the change and its entry are in one transaction, and neither is without
/// the other. A save that changes nothing leaves no entry, and neither does a unit that is dropped.
pub struct Recorded {
    inner: Box<dyn UnitOfWork>,
    act: Act,
    known: Known,
    notes: Vec<Note>,
}

/// A change, before it has a place in the log.
struct Note {
    object: AuditObject,
    organizations: Vec<OrgNumber>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Recorded {
    /// Begins a transaction on the store whose changes are recorded as `act`.
    pub async fn begin(store: &dyn Store, act: Act) -> Result<Box<dyn UnitOfWork>, StorageError> {
        Ok(Box::new(Self::new(store.begin().await?, act)))
    }

    /// Records what is done in `inner` from now on.
    pub fn new(inner: Box<dyn UnitOfWork>, act: Act) -> Self {
        Self {
            inner,
            act,
            known: Known::default(),
            notes: Vec::new(),
        }
    }

    /// Notes that a record was saved, if it differs from what it was.
    fn note<T: Audited>(&mut self, before: Option<&T>, after: &T) {
        self.note_concerning(before, after, []);
    }

    /// As [`Recorded::note`], for a record that concerns organizations which it does not name.
    fn note_concerning<T: Audited>(
        &mut self,
        before: Option<&T>,
        after: &T,
        more: impl IntoIterator<Item = OrgNumber>,
    ) {
        if before == Some(after) {
            return;
        }
        let mut after = after.snapshot();
        after.organizations.extend(more);
        self.note_change(before.map(Audited::snapshot), after);
    }

    fn note_change(&mut self, before: Option<Snapshot>, after: Snapshot) {
        let mut organizations = after.organizations;
        let before = before.map(|before| {
            organizations.extend(before.organizations);
            before.value
        });
        let actor = &self.act.actor;
        organizations.extend(actor.organization.into_iter().chain(actor.supplier));
        organizations.sort_unstable();
        organizations.dedup();
        self.notes.push(Note {
            object: AuditObject {
                kind: after.kind,
                key: after.key,
            },
            organizations,
            before,
            after: Some(after.value),
        });
    }
}

#[async_trait]
impl UnitOfWork for Recorded {
    fn revision(&self) -> Revision {
        self.inner.revision()
    }

    async fn commit(self: Box<Self>) -> Result<Revision, StorageError> {
        let Self {
            mut inner,
            act,
            notes,
            ..
        } = *self;
        let committed = async move {
            if !notes.is_empty() {
                let entries = notes.into_iter().map(|note| entry(&act, note));
                append(inner.as_mut(), entries).await?;
            }
            inner.commit().await
        };
        committed.instrument(span!("registry.commit")).await
    }
}

fn entry(act: &Act, note: Note) -> AuditEntry {
    let (before, after) = (note.before.as_ref(), note.after.as_ref());
    let change = change(note.object.kind, before, after);
    AuditEntry {
        // Given by the entry that this one follows.
        sequence: 0,
        at: act.at.to_string(),
        actor: act.actor.clone(),
        request_id: act.request_id.clone(),
        operation: format!("{}.{change}", note.object.kind),
        object: note.object,
        organizations: note.organizations,
        before: note.before,
        after: note.after,
    }
}

/// What happened, in one word.
fn change(kind: ObjectKind, before: Option<&Value>, after: Option<&Value>) -> &'static str {
    let was = |member: &str| before.map(|record| &record[member]);
    let is = |member: &str| after.map_or(&Value::Null, |record| &record[member]);
    match kind {
        ObjectKind::Access => match is("state").as_str() {
            Some("APPROVED") => "grant",
            Some("DENIED") => "withdraw",
            _ => "request",
        },
        ObjectKind::KeySet if is("keys").as_array().is_some_and(Vec::is_empty) => "remove",
        ObjectKind::KeySet => "replace",
        ObjectKind::ClientSecret if is("secrets").as_array().is_some_and(Vec::is_empty) => "remove",
        ObjectKind::ClientSecret if before.is_some() => "rotate",
        _ if before.is_none() => "create",
        _ => match (was("active"), is("active")) {
            (Some(Value::Bool(true)), Value::Bool(false)) => "deactivate",
            (Some(Value::Bool(false)), Value::Bool(true)) => "reactivate",
            _ => "update",
        },
    }
}
