//! What an operator finds when it begins: what every resource is about, and which of them need no pass. Without
//! it, a start takes two requests for each resource, and whoever changes one meanwhile waits for all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, PartialObjectMeta};
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::time::{Instant, sleep, timeout};

use super::cluster::Namespace;
use super::error::PassError;
use super::facts;
use super::kind::ClientResource;
use super::pass::Operator;
use crate::pass::{Subject, Triage, triage};

/// Until the API server is asked again what there is.
const PAUSE: Duration = Duration::from_secs(2);

/// What was found is not believed any longer, nor kept.
const BELIEVED: Duration = Duration::from_mins(30);

/// Resources that needed nothing, by namespace and name.
#[derive(Debug)]
pub(super) struct AtRest {
    found: Mutex<HashMap<(String, String), Rest>>,
    begun: Instant,
}

/// What was looked at.
#[derive(Debug)]
struct Rest {
    /// Of the resource.
    version: Option<String>,
    secret: String,
    secret_version: Option<String>,
    pause: Duration,
}

impl AtRest {
    /// When a resource is to be looked at, if neither it nor its Secret has changed since.
    pub(super) fn pause<R: ClientResource>(
        &self,
        resource: &PartialObjectMeta<R>,
        secrets: &Store<PartialObjectMeta<Secret>>,
    ) -> Option<Duration> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if self.begun.elapsed() >= BELIEVED {
            *found = HashMap::new();
        }
        let namespace = resource.namespace()?;
        let rest = found.get(&(namespace.clone(), resource.name_any()))?;
        let secret = secrets.get(&ObjectRef::new(&rest.secret).within(&namespace))?;
        let is_same = rest.version.is_some()
            && rest.version == resource.resource_version()
            && rest.secret_version == secret.resource_version();
        is_same.then_some(rest.pause)
    }
}

/// Looks at every resource of a kind, until the API server has told of all.
pub(super) async fn survey<R: ClientResource>(operator: &Operator) -> AtRest {
    let limit = operator.bounds().pass;
    loop {
        let attempted = timeout(limit, attempt::<R>(operator)).await;
        match attempted.unwrap_or(Err(PassError::Late(limit))) {
            Ok(at_rest) => return at_rest,
            Err(error) => {
                let kind = R::kind(&());
                tracing::warn!(%error, "the resources of the kind {kind} are not known yet");
                sleep(PAUSE).await;
            }
        }
    }
}

/// A bounded number of resources is in memory at a time. One that cannot be read is noted when somebody has
/// mended it.
async fn attempt<R: ClientResource>(operator: &Operator) -> Result<AtRest, PassError> {
    let resources: Api<DynamicObject> =
        Api::all_with(operator.client().clone(), &ApiResource::erase::<R>(&()));
    let mut page = ListParams::default().limit(operator.bounds().page);
    let (begun, mut found) = (Instant::now(), HashMap::new());
    // Another operator may have led meanwhile.
    operator.concerns.forget_all(R::KIND);
    loop {
        let listed = resources.list(&page).await;
        let listed = listed.map_err(PassError::at("list the resources"))?;
        let mut namespaces: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for resource in listed.items {
            let Ok(resource) = resource.try_parse::<R>() else {
                continue;
            };
            let subject = resource.subject(&operator.rules.settings.cluster)?;
            operator.concerns.note(&subject, &operator.rules.settings);
            operator.figures().seen(&subject);
            let version = resource.resource_version();
            let namespace = subject.key.owner.namespace().to_owned();
            let there = namespaces.entry(namespace).or_default();
            there.push((subject, version));
        }
        for (namespace, subjects) in namespaces {
            judge::<R>(operator, &namespace, subjects, &mut found).await?;
        }
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    operator.concerns.surveyed(R::KIND);
    let found = Mutex::new(found);
    Ok(AtRest { found, begun })
}

/// Finds those of the resources of a namespace that need nothing.
async fn judge<R: ClientResource>(
    operator: &Operator,
    namespace: &str,
    subjects: Vec<(Subject, Option<String>)>,
    found: &mut HashMap<(String, String), Rest>,
) -> Result<(), PassError> {
    let secrets = subjects.iter().map(|(subject, _)| subject);
    let names: BTreeSet<_> = secrets.filter_map(Subject::secret_name).collect();
    let space = Namespace::<R>::new(operator.client(), namespace);
    let mut secrets = space
        .secrets_of_kind(&names, operator.bounds().page)
        .await?;
    for (subject, version) in &subjects {
        let Some(secret) = subject.secret_name().and_then(|name| secrets.remove(name)) else {
            continue;
        };
        let (name, secret_version) = (secret.name_any(), secret.resource_version());
        let stored = facts::stored(secret, subject);
        let triage = triage(subject, Some(&stored), &operator.rules, operator.now());
        if let (Triage::Rest(pause), true) = (triage, subject.has_finalizer()) {
            let rest = Rest {
                version: version.clone(),
                secret: name,
                secret_version,
                pause,
            };
            let key = (namespace.to_owned(), subject.name().to_owned());
            found.insert(key, rest);
        }
    }
    Ok(())
}
