//! Passes whenever there is a reason.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{Api, PartialObjectMeta};
use kube::runtime::controller::{self, Action, Config, Controller};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Predicate, PredicateConfig, WatchStreamExt, predicates, reflector, watcher};

use super::error::PassError;
use super::kind::ClientResource;
use super::pass::{Operator, Passed};
use super::survey::{AtRest, survey};
use crate::pass::{backoff, spread};

/// Passes of one kind that are made at the same time. A resource that fails waits its pause without
/// taking one of them.
const PASSES_AT_ONCE: u16 = 8;

/// What `kubectl apply` keeps of an object: all of it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the passes of one kind share.
struct Work {
    operator: Operator,
    at_rest: AtRest,
    secrets: Store<PartialObjectMeta<Secret>>,
    /// How often each resource has failed in a row.
    failures: Mutex<HashMap<(String, String), u32>>,
    jitter: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// Looks after every resource of a kind until `stop` comes; then passes that are under way end first.
/// `jitter` gives numbers from 0 to 1, by which pauses differ.
///
/// Only the metadata of resources and Secrets is watched: a pass reads the resource itself, one that cannot
/// be read is in nobody's way, and keys are in memory while a pass needs them.
pub async fn run<R: ClientResource>(
    operator: Operator,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
    jitter: impl Fn() -> f64 + Send + Sync + 'static,
) {
    let stop = stop.shared();
    let at_rest = {
        let stopping = pin!(stop.clone());
        match select(stopping, pin!(survey::<R>(&operator))).await {
            Either::Left(_) => return,
            Either::Right((at_rest, _)) => at_rest,
        }
    };
    let resources: Api<PartialObjectMeta<R>> = Api::all(operator.client().clone());
    let secrets: Api<PartialObjectMeta<Secret>> = Api::all(operator.client().clone());
    let (reader, writer) = reflector::store::<PartialObjectMeta<R>>();
    let (stored, secret_writer) = reflector::store::<PartialObjectMeta<Secret>>();
    // What the operator writes to the status is no reason for a pass.
    let asked = predicates::generation
        .combine(predicates::labels)
        .combine(predicates::annotations)
        .combine(predicates::finalizers);
    let watched = operator.bounds().watched();
    let resources = watcher(resources, watched.clone())
        .default_backoff()
        .modify(strip)
        .reflect(writer)
        .applied_objects()
        .predicate_filter(asked, PredicateConfig::default());
    let labelled = watched.labels(&format!("type={}", R::SECRET_TYPE));
    let secrets = watcher(secrets, labelled)
        .default_backoff()
        .modify(strip)
        .reflect(secret_writer)
        .touched_objects();
    let figures = operator.figures().clone();
    let counted = stored.clone();
    let secrets = secrets.inspect(move |_| figures.set_secrets(R::KIND, counted.len()));
    let concerned = operator.concerns.queue(R::KIND).map(|key| {
        let owner = key.owner;
        ObjectRef::new(owner.name()).within(owner.namespace())
    });
    let work = Arc::new(Work {
        operator,
        at_rest,
        secrets: stored,
        failures: Mutex::default(),
        jitter: Box::new(jitter),
    });
    Controller::for_stream(resources, reader)
        .owns_stream(secrets)
        .reconcile_on(concerned)
        .with_config(Config::default().concurrency(PASSES_AT_ONCE))
        .graceful_shutdown_on(stop)
        .run(reconcile::<R>, on_error, Arc::clone(&work))
        .for_each(async |result| {
            // It went away without a pass.
            if let Err(controller::Error::ObjectNotFound(gone)) = &result {
                let namespace = gone.namespace.clone().unwrap_or_default();
                work.gone::<R>(&(namespace, gone.name.clone()));
            }
            if let Err(error) = result {
                tracing::debug!(%error, "the queue of {}", R::kind(&()));
            }
        })
        .await;
}

/// Drops what nobody looks at and what is most of an object: ten thousand of them are kept.
fn strip<K>(object: &mut PartialObjectMeta<K>) {
    object.metadata.managed_fields = None;
    if let Some(annotations) = &mut object.metadata.annotations {
        annotations.remove(LAST_APPLIED);
    }
}

async fn reconcile<R: ClientResource>(
    resource: Arc<PartialObjectMeta<R>>,
    work: Arc<Work>,
) -> Result<Action, PassError> {
    let key = key(&resource);
    if !work.operator.is_due(R::KIND, &key.0, &key.1)
        && let Some(pause) = work.at_rest.pause(&resource, &work.secrets)
    {
        return Ok(Action::requeue(spread(pause, (work.jitter)())));
    }
    let pass = work.operator.pass::<R>(&key.0, &key.1);
    let passed = work.operator.lead().guard(pass).await;
    let passed = passed.ok_or(PassError::NotLeading)??;
    Ok(match passed {
        Passed::Gone => {
            work.gone::<R>(&key);
            Action::await_change()
        }
        Passed::Rested(pause) | Passed::Succeeded(pause) => {
            work.forget(&key);
            Action::requeue(spread(pause, (work.jitter)()))
        }
        Passed::Failed(Some(pause)) => Action::requeue(pause),
        Passed::Failed(None) => Action::requeue(work.pause(key)),
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what the controller takes has these arguments"
)]
fn on_error<R: ClientResource>(
    resource: Arc<PartialObjectMeta<R>>,
    error: &PassError,
    work: Arc<Work>,
) -> Action {
    let key = key(&resource);
    let (namespace, name) = &key;
    let kind = R::kind(&());
    if error.is_conflict() {
        tracing::debug!(%namespace, name, "somebody changed a {kind} during a pass");
    } else {
        tracing::warn!(%error, %namespace, name, "a pass over a {kind} was not written down");
    }
    Action::requeue(work.pause(key))
}

fn key<R: ClientResource>(resource: &PartialObjectMeta<R>) -> (String, String) {
    let namespace = resource.namespace().unwrap_or_default();
    (namespace, resource.name_any())
}

impl Work {
    fn pause(&self, key: (String, String)) -> Duration {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = failures.entry(key).or_default();
        *failures = failures.saturating_add(1);
        backoff(*failures, (self.jitter)())
    }

    fn gone<R: ClientResource>(&self, key: &(String, String)) {
        self.operator.gone(R::KIND, &key.0, &key.1);
        self.forget(key);
    }

    fn forget(&self, key: &(String, String)) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(key);
    }
}
