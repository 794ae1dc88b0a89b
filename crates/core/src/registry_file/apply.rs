//! Bringing a registry into the state that a file declares.

mod clients;
mod registers;
mod scopes;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::model::{Located, OrganizationEntry};
use super::{RegistryFile, read};
use crate::administration::{AdministrationError, Change, RecordKind, Saved, organization, prefix};
use crate::clock::Timestamp;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::organization::Organization;
use crate::ports::{StorageError, UnitOfWork};
use portvakt_yaml::{Fault, Place};

/// What applying needs beside the file and the registry.
pub struct ApplyContext<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// For ids of clients that state none.
    pub entropy: &'a dyn Entropy,
    /// Called after each entry with how many are done.
    pub progress: &'a mut (dyn FnMut(usize) + Send),
}

/// What applying a file did.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Applied {
    /// For each kind of record how many were created, updated, and right already.
    #[serde(serialize_with = "by_name")]
    pub counts: BTreeMap<RecordKind, Counts>,
    /// What was accepted and may still be a slip.
    #[serde(skip)]
    pub warnings: Vec<Fault>,
}

fn by_name<S: Serializer>(
    counts: &BTreeMap<RecordKind, Counts>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(kind, counts)| (kind.plural(), counts)))
}

/// How many records of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Did not exist.
    pub created: usize,
    /// Differed.
    pub updated: usize,
    /// Were so already.
    pub unchanged: usize,
}

impl Applied {
    /// Whether anything was written.
    pub fn is_changed(&self) -> bool {
        self.counts
            .values()
            .any(|counts| counts.created + counts.updated > 0)
    }

    fn count(&mut self, kind: RecordKind, change: Change) {
        let counts = self.counts.entry(kind).or_default();
        match change {
            Change::Created => counts.created += 1,
            Change::Updated => counts.updated += 1,
            Change::Unchanged => counts.unchanged += 1,
        }
    }
}

/// Why nothing may be committed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// What the file declares breaks rules; every fault.
    #[error("the registry file has {} faults", .0.len())]
    Refused(Vec<Fault>),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No id could be made.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Applies a file as the operator: also operator-only scopes may be put on clients, which includes
/// the access to them. What the file does not mention stays as it is; what it says already changes
/// nothing. The registry must have been bootstrapped.
///
/// After an error the unit of work holds a part of the file and must be dropped.
pub async fn apply<'a>(
    file: &RegistryFile,
    unit: &'a mut (dyn UnitOfWork + 'a),
    context: ApplyContext<'a>,
) -> Result<Applied, ApplyError> {
    let mut applying = Applying {
        unit,
        context,
        applied: Applied {
            warnings: file.warnings(),
            ..Applied::default()
        },
        faults: Vec::new(),
        done: 0,
    };
    applying.find_repeated(file);
    applying.organizations(&file.organizations).await?;
    applying
        .delegation_sources(&file.delegation_sources)
        .await?;
    applying.scopes(&file.scopes).await?;
    applying.clients(&file.clients).await?;
    applying.introspecting_clients(&file.scopes).await?;
    applying.people(&file.people).await?;
    applying.identity_matches(&file.identity_matches).await?;
    applying.delegations(&file.delegations).await?;
    applying.system_users(&file.system_users).await?;
    applying.consents(&file.consents).await?;
    if applying.faults.is_empty() {
        Ok(applying.applied)
    } else {
        Err(ApplyError::Refused(applying.faults))
    }
}

/// A file on its way into the registry.
struct Applying<'a> {
    unit: &'a mut dyn UnitOfWork,
    context: ApplyContext<'a>,
    applied: Applied,
    faults: Vec<Fault>,
    done: usize,
}

impl Applying<'_> {
    fn now(&self) -> Timestamp {
        self.context.now
    }

    fn entry_done(&mut self) {
        self.done += 1;
        (self.context.progress)(self.done);
    }

    fn warn(&mut self, place: Place, message: impl Into<String>) {
        self.applied.warnings.push(place.fault(message));
    }

    fn refuse(&mut self, place: Place, message: impl Into<String>) {
        self.faults.push(place.fault(message));
    }

    /// Counts what was saved; a refusal is a fault at this place, a failure ends everything.
    fn settle<T>(
        &mut self,
        place: &Place,
        kind: RecordKind,
        result: Result<Saved<T>, AdministrationError>,
    ) -> Result<Option<T>, ApplyError> {
        let saved = self.accept(place, result)?;
        Ok(saved.map(|saved| {
            self.applied.count(kind, saved.change);
            saved.record
        }))
    }

    /// What succeeded; a refusal is a fault at this place, a failure ends everything.
    fn accept<T>(
        &mut self,
        place: &Place,
        result: Result<T, AdministrationError>,
    ) -> Result<Option<T>, ApplyError> {
        use AdministrationError::{
            AlreadyExists, Conflict, Entropy, Forbidden, Invalid, NotFound, Storage,
        };
        let error = match result {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error,
        };
        match error {
            Storage(error) => return Err(error.into()),
            Entropy(error) => return Err(error.into()),
            Invalid(faults) | Forbidden(faults) => {
                for fault in faults {
                    self.refuse(place.at(&fault.field), fault.message);
                }
            }
            error @ (NotFound { .. } | AlreadyExists { .. } | Conflict(_)) => {
                self.refuse(place.clone(), error.to_string());
            }
        }
        Ok(None)
    }

    fn find_repeated(&mut self, file: &RegistryFile) {
        let faults = &mut self.faults;
        read::repeated(
            &file.organizations,
            |entry| Some(entry.orgno),
            "the organization",
            faults,
        );
        read::repeated(&file.scopes, |entry| Some(&entry.name), "the scope", faults);
        read::repeated(
            &file.clients,
            |entry| entry.client_id.as_ref(),
            "the client",
            faults,
        );
        read::repeated(
            &file.delegation_sources,
            |entry| Some(&entry.name),
            "the source",
            faults,
        );
        read::repeated(
            &file.system_users,
            |entry| Some(&entry.id),
            "the system user",
            faults,
        );
        read::repeated(
            &file.consents,
            |entry| Some(&entry.id),
            "the consent",
            faults,
        );
        read::repeated(
            &file.people,
            |entry| Some(entry.pid.expose()),
            "the person",
            faults,
        );
        read::repeated(
            &file.identity_matches,
            |entry| Some(entry.identifier.expose()),
            "the match",
            faults,
        );
        let row = |entry| Some(registers::key(entry));
        read::repeated(&file.delegations, row, "the delegation", faults);
    }

    async fn organizations(
        &mut self,
        entries: &[Located<OrganizationEntry>],
    ) -> Result<(), ApplyError> {
        for Located { place, entry } in entries {
            let saved = self.organization(entry).await;
            self.settle(place, RecordKind::Organization, saved)?;
            for (index, wanted) in entry.prefixes.iter().enumerate() {
                let place = place.at(&format!("prefixes[{index}]"));
                let now = self.now();
                let (prefix, active) = (&wanted.prefix, wanted.active);
                let saved = prefix::put(self.unit, prefix, entry.orgno, active, now).await;
                self.settle(&place, RecordKind::Prefix, saved)?;
            }
            self.entry_done();
        }
        Ok(())
    }

    async fn organization(
        &mut self,
        entry: &OrganizationEntry,
    ) -> Result<Saved<Organization>, AdministrationError> {
        if let Some(name) = &entry.name {
            organization::check_name(name)?;
        }
        let now = self.now();
        let known = organization::ensure(self.unit, entry.orgno, now).await?;
        let mut wanted = known.record.clone();
        if let Some(name) = &entry.name {
            wanted.name.clone_from(name);
        }
        wanted.active = entry.active.unwrap_or(wanted.active);
        if wanted == known.record {
            return Ok(known);
        }
        wanted.last_updated = now;
        self.unit.save_organization(&wanted).await?;
        let change = match known.change {
            Change::Created => Change::Created,
            Change::Updated | Change::Unchanged => Change::Updated,
        };
        Ok(Saved {
            record: wanted,
            change,
        })
    }
}
