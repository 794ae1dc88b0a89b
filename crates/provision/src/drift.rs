//! Noticing that somebody else changed what is registered, by a few requests however much that is.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use portvakt_client::{ClientError, SelfService};
use serde::Serialize;

/// Most answers that are read at one time; more follow at the next.
const MAX_ANSWERS: usize = 20;

/// What may have changed at a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// These records; none of them when nothing did.
    Touched(Touched),
    /// It is not known what, so everything that is registered.
    Anything,
}

/// Records that were made or changed, by whomever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Ids of clients; their keys count as part of them.
    pub clients: BTreeSet<String>,
    /// Full names of scopes; access to them counts as part of them.
    pub scopes: BTreeSet<String>,
}

/// How often a target is asked.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// One that tells what changed after a revision.
    pub changes: Duration,
    /// One whose lists have to be compared.
    pub lists: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            changes: Duration::from_secs(30),
            lists: Duration::from_mins(5),
        }
    }
}

/// Who asks a target what changed, again and again.
#[derive(Debug)]
pub struct Watch {
    api: SelfService,
    pace: Pace,
    known: Known,
}

/// What of the target's state was seen last.
#[derive(Debug)]
enum Known {
    Nothing,
    /// Everything up to this revision.
    Revision(u64),
    /// These lists.
    Lists(Box<Digests>),
}

/// One number for each record.
#[derive(Debug, Default)]
struct Digests {
    clients: BTreeMap<String, u64>,
    scopes: BTreeMap<String, u64>,
    granted: BTreeMap<String, u64>,
}

impl Watch {
    /// Has seen nothing yet.
    pub fn new(api: SelfService, pace: Pace) -> Self {
        Self {
            api,
            pace,
            known: Known::Nothing,
        }
    }

    /// Has seen everything up to this revision, which one before it has told.
    #[must_use]
    pub fn after(self, revision: u64) -> Self {
        let known = Known::Revision(revision);
        Self { known, ..self }
    }

    /// The revision up to which everything was seen, where the target tells of such.
    pub fn revision(&self) -> Option<u64> {
        match self.known {
            Known::Revision(revision) => Some(revision),
            Known::Nothing | Known::Lists(_) => None,
        }
    }

    /// When to ask again.
    pub fn pause(&self) -> Duration {
        match self.known {
            Known::Lists(_) => self.pace.lists,
            Known::Nothing | Known::Revision(_) => self.pace.changes,
        }
    }

    /// What changed since it was asked last. The first answer of a Portvakt is that anything may have: nobody
    /// looked before. Elsewhere it is that nothing did, because comparing everything takes requests for each
    /// record; keys, and access of others, are not noticed there.
    ///
    /// # Errors
    /// The target's. Nothing is lost by it: the next answer begins where the last good one ended.
    pub async fn look(&mut self) -> Result<Drift, ClientError> {
        match &mut self.known {
            Known::Nothing => self.begin().await,
            Known::Revision(revision) => {
                let drift = follow(&self.api, revision).await?;
                if drift.is_none() {
                    // The target is another one now, or what is before it answered in its place: the next
                    // look finds out, and until then anything may have changed.
                    self.known = Known::Nothing;
                }
                Ok(drift.unwrap_or(Drift::Anything))
            }
            Known::Lists(before) => {
                let now = Digests::read(&self.api).await?;
                let touched = now.differing(before);
                **before = now;
                Ok(Drift::Touched(touched))
            }
        }
    }

    async fn begin(&mut self) -> Result<Drift, ClientError> {
        if let Some(present) = self.api.changes(None).await? {
            self.known = Known::Revision(present.revision);
            return Ok(Drift::Anything);
        }
        self.known = Known::Lists(Box::new(Digests::read(&self.api).await?));
        Ok(Drift::Touched(Touched::default()))
    }
}

/// What changed after a revision, which moves on; `None` if the target does not tell.
async fn follow(api: &SelfService, revision: &mut u64) -> Result<Option<Drift>, ClientError> {
    let (mut touched, mut since) = (Touched::default(), *revision);
    for _ in 0..MAX_ANSWERS {
        let Some(answer) = api.changes(Some(since)).await? else {
            return Ok(None);
        };
        since = answer.revision;
        for change in answer.changes {
            match change.kind.as_str() {
                "client" => touched.clients.insert(change.key),
                "scope" => touched.scopes.insert(change.key),
                "access" => touched.scopes.insert(scope_of(change.key)),
                // A later server tells of more.
                _ => false,
            };
        }
        match answer.extent.as_str() {
            "partial" => {}
            "complete" => break,
            // A gap, or what only a later server means.
            _ => {
                *revision = since;
                return Ok(Some(Drift::Anything));
            }
        }
    }
    *revision = since;
    Ok(Some(Drift::Touched(touched)))
}

fn scope_of(access: String) -> String {
    match access.rsplit_once(' ') {
        Some((scope, _)) => scope.to_owned(),
        None => access,
    }
}

impl Digests {
    async fn read(api: &SelfService) -> Result<Self, ClientError> {
        let clients = where_allowed(api.clients().await)?;
        let scopes = where_allowed(api.scopes().await)?;
        let granted = where_allowed(api.granted().await)?;
        Ok(Self {
            clients: digests(&clients, |client| &client.client_id),
            scopes: digests(&scopes, |scope| &scope.name),
            granted: digests(&granted, |access| &access.scope),
        })
    }

    fn differing(&self, before: &Self) -> Touched {
        let scopes = differing(&self.scopes, &before.scopes);
        Touched {
            clients: differing(&self.clients, &before.clients).collect(),
            scopes: scopes
                .chain(differing(&self.granted, &before.granted))
                .collect(),
        }
    }
}

/// A list that an administration client for something else may not read.
fn where_allowed<T>(list: Result<Vec<T>, ClientError>) -> Result<Vec<T>, ClientError> {
    match list {
        Err(error) if error.status() == Some(403) => Ok(Vec::new()),
        other => other,
    }
}

fn digests<T: Serialize>(records: &[T], name: impl Fn(&T) -> &String) -> BTreeMap<String, u64> {
    let records = records.iter();
    records
        .map(|record| (name(record).clone(), digest(record)))
        .collect()
}

/// Compared with its own kind alone, within one process.
fn digest(record: &impl Serialize) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Plain data with text keys always becomes JSON.
    serde_json::to_vec(record)
        .unwrap_or_default()
        .hash(&mut hasher);
    hasher.finish()
}

/// Names of what is new, is gone, or has changed.
fn differing<'d>(
    one: &'d BTreeMap<String, u64>,
    other: &'d BTreeMap<String, u64>,
) -> impl Iterator<Item = String> + 'd {
    let changed = one
        .iter()
        .filter(|(name, digest)| other.get(*name) != Some(digest));
    let gone = other.keys().filter(|name| !one.contains_key(*name));
    changed.map(|(name, _)| name).chain(gone).cloned()
}
