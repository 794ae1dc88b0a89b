//! Lists of a target that passes over many resources share, so that none of them lists everything that is
//! registered.
//!
//! A list only says where to look: which client has a description, which scope a subscope. The record itself
//! is read when it is needed, so an old list costs a call and never a wrong decision. What a list does not
//! name is believed to be missing only if the list is young, and not older than an attempt to make it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use portvakt_api_types::AccessResponse;
use portvakt_client::{ClientError, DescribedClient, SelfService};
use portvakt_nais::plan::{Action, Plan};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How old a shared list may be.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// One that names what is looked for.
    pub found: Duration,
    /// One that does not, before somebody acts on that.
    pub missing: Duration,
    /// Prefixes and delegation sources, which the target's operator changes now and then.
    pub settled: Duration,
}

impl Default for Ages {
    fn default() -> Self {
        Self {
            found: Duration::from_mins(1),
            missing: Duration::from_secs(2),
            settled: Duration::from_mins(5),
        }
    }
}

/// The lists of one target. Whoever needs one that is being fetched waits for it.
#[derive(Debug, Default)]
pub struct Lists {
    ages: Ages,
    /// Ids of active clients by description.
    clients: Shelf<BTreeMap<String, Vec<String>>>,
    /// Full names of own scopes.
    scopes: Shelf<BTreeSet<String>>,
    granted: Shelf<Vec<AccessResponse>>,
    prefixes: Shelf<BTreeMap<String, String>>,
    delegation_sources: Shelf<BTreeMap<String, String>>,
    /// When somebody last tried to make a client of this description.
    attempts: Lock<HashMap<String, Instant>>,
}

/// Somebody is carrying out a plan. A list from before its end does not say which of the plan's clients
/// are missing.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Attempt<'l> {
    lists: &'l Lists,
    descriptions: Vec<String>,
}

impl Lists {
    /// Nothing yet; what is fetched is kept so long.
    pub fn new(ages: Ages) -> Self {
        Self {
            ages,
            ..Self::default()
        }
    }

    /// To be held while a plan is carried out.
    pub fn attempt(&self, plan: &Plan) -> Attempt<'_> {
        let made = plan.steps.iter().filter_map(|step| match &step.action {
            Action::CreateClient { client, .. } => Some(client.owner.to_string()),
            _ => None,
        });
        let attempt = Attempt {
            lists: self,
            descriptions: made.collect(),
        };
        attempt.note();
        attempt
    }

    /// Ids of the clients that may have this description: those that somebody has seen.
    pub(crate) async fn described(
        &self,
        api: &SelfService,
        description: &str,
    ) -> Result<Vec<String>, ClientError> {
        let list = self.clients(api, self.ages.found, None).await?;
        Ok(list.get(description).cloned().unwrap_or_default())
    }

    /// As [`Lists::described`], by a list that is young enough to say that there is none.
    pub(crate) async fn described_now(
        &self,
        api: &SelfService,
        description: &str,
    ) -> Result<Vec<String>, ClientError> {
        let attempted = self.attempted(description);
        let list = self.clients(api, self.ages.missing, attempted).await?;
        Ok(list.get(description).cloned().unwrap_or_default())
    }

    fn attempted(&self, description: &str) -> Option<Instant> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.get(description).copied()
    }

    async fn clients(
        &self,
        api: &SelfService,
        age: Duration,
        after: Option<Instant>,
    ) -> Result<Arc<BTreeMap<String, Vec<String>>>, ClientError> {
        let begun = Instant::now();
        let fetch = async || {
            // An administration client for scopes alone.
            let listed = match api.client_descriptions().await {
                Err(error) if error.status() == Some(403) => Vec::new(),
                listed => listed?,
            };
            self.forget_attempts_before(begun);
            Ok(by_description(listed))
        };
        self.clients.get(age, after, fetch).await
    }

    /// The list that began later tells of them.
    fn forget_attempts_before(&self, begun: Instant) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|_, at| *at >= begun);
    }

    /// Own scopes with this subscope, below whatever prefix.
    pub(crate) async fn with_subscope(
        &self,
        api: &SelfService,
        subscope: &str,
    ) -> Result<Vec<String>, ClientError> {
        let fetch = async || {
            let listed = api.scopes().await?;
            Ok(listed.into_iter().map(|scope| scope.name).collect())
        };
        let names = self.scopes.get(self.ages.missing, None, fetch).await?;
        let has = |name: &&String| name.split_once(':').is_some_and(|(_, own)| own == subscope);
        Ok(names.iter().filter(has).cloned().collect())
    }

    /// What the organization was given of these scopes.
    pub(crate) async fn granted(
        &self,
        api: &SelfService,
        scopes: &BTreeSet<String>,
    ) -> Result<Vec<AccessResponse>, ClientError> {
        let mut found = Vec::new();
        // An old list that has some access lacking is asked for again.
        for age in [self.ages.found, self.ages.missing] {
            let list = self
                .granted
                .get(age, None, async || api.granted().await)
                .await?;
            let is_wanted = |record: &&AccessResponse| scopes.contains(&record.scope);
            found = list.iter().filter(is_wanted).cloned().collect();
            let approved = found.iter().filter(|record| record.state == "APPROVED");
            let approved: BTreeSet<_> = approved.map(|record| &record.scope).collect();
            if approved.len() == scopes.len() {
                break;
            }
        }
        Ok(found)
    }

    /// Who owns which prefix; empty where the target does not tell.
    pub(crate) async fn prefixes(
        &self,
        api: &SelfService,
    ) -> Result<Arc<BTreeMap<String, String>>, ClientError> {
        let fetch = async || {
            let listed = where_offered(api.prefixes().await)?;
            let owners = listed.into_iter();
            Ok(owners
                .map(|record| (record.prefix, record.owner_orgno))
                .collect())
        };
        self.prefixes.get(self.ages.settled, None, fetch).await
    }

    /// Issuers of delegation sources by name.
    pub(crate) async fn delegation_sources(
        &self,
        api: &SelfService,
    ) -> Result<Arc<BTreeMap<String, String>>, ClientError> {
        let fetch = async || {
            let listed = where_offered(api.delegation_sources().await)?;
            Ok(listed
                .into_iter()
                .map(|source| (source.name, source.issuer))
                .collect())
        };
        self.delegation_sources
            .get(self.ages.settled, None, fetch)
            .await
    }
}

impl Attempt<'_> {
    fn note(&self) {
        let now = Instant::now();
        let attempts = self.lists.attempts.lock();
        let mut attempts = attempts.unwrap_or_else(PoisonError::into_inner);
        attempts.extend(self.descriptions.iter().map(|one| (one.clone(), now)));
    }
}

impl Drop for Attempt<'_> {
    /// Also when the plan is given up in between: what was sent may arrive.
    fn drop(&mut self) {
        self.note();
    }
}

fn by_description(listed: Vec<DescribedClient>) -> BTreeMap<String, Vec<String>> {
    let mut ids: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for client in listed.into_iter().filter(|client| client.active) {
        ids.entry(client.description)
            .or_default()
            .push(client.client_id);
    }
    ids
}

/// A list that a target need not have.
pub(crate) fn where_offered<T>(list: Result<Vec<T>, ClientError>) -> Result<Vec<T>, ClientError> {
    match list {
        Err(error) if matches!(error.status(), Some(403..=405)) => Ok(Vec::new()),
        other => other,
    }
}

/// A place for one list.
#[derive(Debug)]
struct Shelf<T>(Mutex<Option<Kept<T>>>);

#[derive(Debug)]
struct Kept<T> {
    list: Arc<T>,
    begun: Instant,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Shelf<T> {
    /// The list that is kept, if it is not older than that and was begun after the instant; else a new one.
    async fn get(
        &self,
        age: Duration,
        after: Option<Instant>,
        fetch: impl AsyncFnOnce() -> Result<T, ClientError>,
    ) -> Result<Arc<T>, ClientError> {
        let mut kept = self.0.lock().await;
        let is_good = |kept: &&Kept<T>| {
            kept.begun.elapsed() <= age && after.is_none_or(|after| kept.begun > after)
        };
        if let Some(kept) = kept.as_ref().filter(is_good) {
            return Ok(kept.list.clone());
        }
        let begun = Instant::now();
        let list = Arc::new(fetch().await?);
        *kept = Some(Kept {
            list: list.clone(),
            begun,
        });
        Ok(list)
    }
}
