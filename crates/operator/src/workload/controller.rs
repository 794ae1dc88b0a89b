//! Makes the client resources of workloads.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt};
use kube::api::{Api, DeleteParams, DynamicObject, PartialObjectMeta, PostParams, Preconditions};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::watcher::Event as Watched;
use kube::runtime::{Predicate, PredicateConfig, WatchStreamExt, predicates, reflector, watcher};
use kube::{Client, Resource, ResourceExt};
use portvakt_nais::desired::ClientKind;
use portvakt_nais::model::WorkloadKind;

use super::clients::{CLIENTS, Change, change, client_resource, wanted};
use super::{WorkloadError, resource, trim};
use crate::cluster_error::{ClusterError, status};
use crate::pass::Event;
use crate::shell::{Bounds, REPEATED, Teller};

/// Who events say that they are from.
const REPORTER: &str = "portvakt-operator";

/// Passes of one kind that are made at the same time.
const PASSES_AT_ONCE: u16 = 8;

/// When what stands in the way may have gone: a resource that is being deleted, or somebody else's.
const LATER: Duration = Duration::from_secs(30);

/// When what failed is tried again.
const SOON: Duration = Duration::from_secs(5);

/// What the passes of one kind share.
struct Work {
    kind: WorkloadKind,
    client: Client,
    own_idporten_client: bool,
    teller: Teller,
}

/// How a client resource is after a pass.
enum Outcome {
    /// As the workload wants it.
    Done,
    /// Something that goes away by itself stands in the way.
    Waiting,
    /// Somebody has to do something first, as the text says; whether that is seen when they do it.
    Refused { why: String, is_seen: bool },
}

/// Looks after the workloads of a kind until `stop` comes; then passes that are under way end first.
///
/// With `own_idporten_client` every Application with logins gets a client of its own (spec: nais §8.6).
pub async fn run(
    kind: WorkloadKind,
    client: Client,
    own_idporten_client: bool,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let workloads: Api<DynamicObject> = Api::all_with(client.clone(), &resource(kind));
    let writer = reflector::store::Writer::new(resource(kind));
    let reader = writer.as_reader();
    // What somebody writes to a status is no reason for a pass.
    let asked = predicates::generation
        .combine(predicates::labels)
        .combine(predicates::annotations);
    let workloads = watcher(workloads, Bounds::default().watched())
        .default_backoff()
        .modify(trim)
        .reflect(writer)
        .applied_objects()
        .predicate_filter(asked, PredicateConfig::default());
    let mut controller = Controller::for_stream_with(workloads, reader, resource(kind));
    for kind in CLIENTS {
        controller = controller.owns_stream_with(clients(&client, kind), client_resource(kind));
    }
    let work = Work {
        kind,
        teller: Teller::new(client.clone(), REPORTER),
        client,
        own_idporten_client,
    };
    controller
        .with_config(Config::default().concurrency(PASSES_AT_ONCE))
        .graceful_shutdown_on(stop)
        .run(pass, on_error, Arc::new(work))
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::debug!(%error, "the queue of {}", kind.as_str());
            }
        })
        .await;
}

/// Client resources that were changed or deleted; what their operator writes to their status is no change.
fn clients(
    client: &Client,
    kind: ClientKind,
) -> impl Stream<Item = Result<PartialObjectMeta<DynamicObject>, watcher::Error>> + Send + use<> {
    let clients: Api<PartialObjectMeta<DynamicObject>> =
        Api::all_with(client.clone(), &client_resource(kind));
    let changed = predicates::generation
        .combine(predicates::labels)
        .combine(predicates::annotations);
    watcher(clients, Bounds::default().watched())
        .default_backoff()
        .map_ok(|event| match event {
            // What is deleted is as it was, and so would be held for unchanged.
            Watched::Delete(mut gone) => {
                gone.metadata.generation = None;
                Watched::Delete(gone)
            }
            other => other,
        })
        .touched_objects()
        .predicate_filter(changed, PredicateConfig::default())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the controller hands these over"
)]
fn on_error(workload: Arc<DynamicObject>, error: &ClusterError, work: Arc<Work>) -> Action {
    let (kind, name) = (work.kind.as_str(), workload.name_any());
    let namespace = workload.namespace().unwrap_or_default();
    tracing::warn!(%error, namespace, "the clients of {kind} {name}");
    Action::requeue(SOON)
}

async fn pass(workload: Arc<DynamicObject>, work: Arc<Work>) -> Result<Action, ClusterError> {
    // Its clients go with it: the API server's garbage collection sees to that.
    if workload.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let wanted = match wanted(work.kind, &workload, work.own_idporten_client) {
        Ok(wanted) => wanted,
        // Nothing is taken away from a workload because of a slip.
        Err(WorkloadError(message)) => {
            work.tell(&workload, message).await;
            return Ok(Action::await_change());
        }
    };
    let mut is_done = true;
    let mut refusals = Vec::new();
    for (kind, wanted) in wanted {
        match work.look_after(&workload, kind, wanted).await? {
            Outcome::Done => {}
            Outcome::Waiting => is_done = false,
            Outcome::Refused { why, is_seen } => {
                is_done &= is_seen;
                refusals.push(why);
            }
        }
    }
    // Events with the same reason are counted as one, so that there is one for both kinds.
    if !refusals.is_empty() {
        work.tell(&workload, refusals.join("; ")).await;
    }
    Ok(if is_done {
        Action::await_change()
    } else {
        Action::requeue(LATER)
    })
}

impl Work {
    async fn look_after(
        &self,
        workload: &DynamicObject,
        kind: ClientKind,
        wanted: Option<DynamicObject>,
    ) -> Result<Outcome, ClusterError> {
        let namespace = workload.namespace().unwrap_or_default();
        let clients: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &namespace, &client_resource(kind));
        let name = workload.name_any();
        let existing = clients.get_opt(&name).await;
        let existing = existing.map_err(ClusterError::at("read the client resource"))?;
        let params = PostParams::default();
        match change(workload, existing.as_ref(), wanted) {
            Change::Keep => Ok(Outcome::Done),
            Change::Wait => Ok(Outcome::Waiting),
            Change::Refuse(why) => Ok(Outcome::Refused {
                why,
                is_seen: false,
            }),
            Change::Create(client) => {
                let created = clients.create(&params, &client).await;
                outcome(created.map(drop), "make the client resource")
            }
            Change::Replace(client) => {
                let replaced = clients.replace(&name, &params, &client).await;
                outcome(replaced.map(drop), "replace the client resource")
            }
            Change::Delete => {
                let deleted = clients.delete(&name, &exactly(existing.as_ref())).await;
                outcome(deleted.map(drop), "delete the client resource")
            }
        }
    }

    async fn tell(&self, workload: &DynamicObject, message: String) {
        let about = workload.object_ref(&resource(self.kind));
        let event = Event::warning(REPEATED, message);
        self.teller.tell(&about, &[event]).await;
    }
}

/// What the schema refuses is told; trying again does not mend it, and a change of the workload does.
fn outcome(result: Result<(), kube::Error>, act: &'static str) -> Result<Outcome, ClusterError> {
    match result {
        Ok(()) => Ok(Outcome::Done),
        Err(error) if status(&error) == Some(422) => Ok(Outcome::Refused {
            why: ClusterError::at(act)(error).to_string(),
            is_seen: true,
        }),
        Err(error) => Err(ClusterError::at(act)(error)),
    }
}

/// The object that was read, and no other that has its name by now.
fn exactly(existing: Option<&DynamicObject>) -> DeleteParams {
    DeleteParams {
        preconditions: Some(Preconditions {
            uid: existing.and_then(ResourceExt::uid),
            resource_version: existing.and_then(ResourceExt::resource_version),
        }),
        ..DeleteParams::default()
    }
}
