//! Makes the client resources of workloads.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use kube::api::{Api, DeleteParams, DynamicObject, PostParams, Preconditions};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use portvakt_nais::desired::ClientKind;
use portvakt_nais::model::WorkloadKind;

use super::clients::{CLIENTS, Change, change, client_resource, wanted};
use super::{WorkloadError, resource};

/// Who events say that they are from.
const REPORTER: &str = "portvakt-operator";

/// When what stands in the way may have gone: a resource that is being deleted, or somebody else's.
const LATER: Duration = Duration::from_secs(30);

/// When what failed is tried again.
const SOON: Duration = Duration::from_secs(5);

/// What the passes of one kind share.
struct Work {
    kind: WorkloadKind,
    client: Client,
    own_idporten_client: bool,
    recorder: Recorder,
}

/// A pass that the API server did not let through.
#[derive(Debug, thiserror::Error)]
#[error("{act}: {source}")]
struct PassError {
    act: &'static str,
    source: kube::Error,
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
    let recorder = Recorder::new(client.clone(), Reporter::from(REPORTER));
    let mut controller =
        Controller::new_with(workloads, watcher::Config::default(), resource(kind));
    for kind in CLIENTS {
        let clients: Api<DynamicObject> = Api::all_with(client.clone(), &client_resource(kind));
        controller =
            controller.owns_with(clients, client_resource(kind), watcher::Config::default());
    }
    let work = Work {
        kind,
        client,
        own_idporten_client,
        recorder,
    };
    controller
        .graceful_shutdown_on(stop)
        .run(pass, on_error, Arc::new(work))
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::debug!(%error, "the queue of {}", kind.as_str());
            }
        })
        .await;
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the controller hands these over"
)]
fn on_error(workload: Arc<DynamicObject>, error: &PassError, work: Arc<Work>) -> Action {
    let (kind, name) = (work.kind.as_str(), workload.name_any());
    let namespace = workload.namespace().unwrap_or_default();
    tracing::warn!(%error, namespace, "the clients of {kind} {name}");
    Action::requeue(SOON)
}

async fn pass(workload: Arc<DynamicObject>, work: Arc<Work>) -> Result<Action, PassError> {
    // Its clients go with it: the API server's garbage collection sees to that.
    if workload.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let mut is_done = true;
    for kind in CLIENTS {
        is_done &= work.look_after(&workload, kind).await?;
    }
    Ok(if is_done {
        Action::await_change()
    } else {
        Action::requeue(LATER)
    })
}

impl Work {
    /// Whether the client resource is as the workload wants it.
    async fn look_after(
        &self,
        workload: &DynamicObject,
        kind: ClientKind,
    ) -> Result<bool, PassError> {
        let wanted = wanted(self.kind, workload, kind, self.own_idporten_client);
        let wanted = match wanted {
            Ok(wanted) => wanted,
            // Nothing is taken away from a workload because of a slip.
            Err(WorkloadError(message)) => {
                self.tell(workload, &message).await;
                return Ok(true);
            }
        };
        let namespace = workload.namespace().unwrap_or_default();
        let clients: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &namespace, &client_resource(kind));
        let name = workload.name_any();
        let existing = clients.get_opt(&name).await;
        let existing = existing.map_err(at("read the client resource"))?;
        match change(workload, existing.as_ref(), wanted) {
            Change::Keep => Ok(true),
            Change::Wait => Ok(false),
            Change::Refuse(message) => {
                self.tell(workload, &message).await;
                Ok(false)
            }
            Change::Create(client) => {
                let created = clients.create(&PostParams::default(), &client).await;
                self.outcome(workload, created.map(drop), "make the client resource")
                    .await
            }
            Change::Replace(client) => {
                let replaced = clients
                    .replace(&name, &PostParams::default(), &client)
                    .await;
                self.outcome(workload, replaced.map(drop), "replace the client resource")
                    .await
            }
            Change::Delete => {
                let deleted = clients.delete(&name, &exactly(existing.as_ref())).await;
                self.outcome(workload, deleted.map(drop), "delete the client resource")
                    .await
            }
        }
    }

    /// What the schema refuses is told; trying again does not mend it.
    async fn outcome(
        &self,
        workload: &DynamicObject,
        result: Result<(), kube::Error>,
        act: &'static str,
    ) -> Result<bool, PassError> {
        match result {
            Err(kube::Error::Api(status)) if status.code == 422 => {
                self.tell(workload, &status.message).await;
                Ok(true)
            }
            other => other.map(|()| true).map_err(at(act)),
        }
    }

    /// Events are for people who look; a pass does not fail for them.
    async fn tell(&self, workload: &DynamicObject, message: &str) {
        let event = Event {
            type_: EventType::Warning,
            reason: "FailedSynchronization".to_owned(),
            // The API server takes no longer ones.
            note: Some(message.chars().take(1000).collect()),
            action: "Synchronize".to_owned(),
            secondary: None,
        };
        let about = workload.object_ref(&resource(self.kind));
        if let Err(error) = self.recorder.publish(&event, &about).await {
            tracing::warn!(%error, "an event was not written");
        }
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

fn at(act: &'static str) -> impl Fn(kube::Error) -> PassError {
    move |source| PassError { act, source }
}
