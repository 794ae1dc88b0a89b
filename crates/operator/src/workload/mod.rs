//! `Application` and `Naisjob`, as far as they ask for clients (spec: nais §3).
//!
//! Their definitions are the platform's, and so an object of theirs may hold anything. What is looked at is read as
//! a manifest is: the same fields, the older forms too, and the same messages.
//!
//! [`wanted`] and [`change`] say which client resources a workload has, and what is to become of those that are
//! there; [`run`] is the controller that carries it out, for clusters where no platform does.

mod clients;
mod controller;

use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::gvk::GroupVersionKind;
use kube::{Client, ResourceExt};
use portvakt_nais::manifest::Manifest;
use portvakt_nais::model::{Metadata, ResourceKind, Workload, WorkloadKind};
use serde_json::{Map, Value, json};

pub use self::clients::{CLIENTS, Change, change, client_resource, wanted};
pub use self::controller::run;

/// In the order in which they are looked for. A namespace has at most one of a name.
pub const KINDS: [WorkloadKind; 2] = [WorkloadKind::Application, WorkloadKind::Naisjob];

/// Members of `spec` that say which clients there are. The rest is the platform's business, and what is wrong
/// with it no reason to withhold a client.
const MEMBERS: [&str; 4] = ["maskinporten", "idporten", "ingresses", "webproxy"];

/// What is wrong with a workload, with the field and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WorkloadError(pub String);

/// What the API server calls a kind.
pub fn resource(kind: WorkloadKind) -> ApiResource {
    let version = match kind {
        WorkloadKind::Application => "v1alpha1",
        WorkloadKind::Naisjob => "v1",
    };
    ApiResource::from_gvk(&GroupVersionKind::gvk("nais.io", version, kind.as_str()))
}

/// The workloads of a namespace.
pub fn api(client: &Client, namespace: &str, kind: WorkloadKind) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &resource(kind))
}

/// What an object asks for.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(
    kind: WorkloadKind,
    object: &DynamicObject,
) -> Result<(Metadata, Workload), WorkloadError> {
    let spec = object.data.get("spec").and_then(Value::as_object);
    let members = MEMBERS.iter().filter_map(|name| {
        let value = spec?.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    let resource = resource(kind);
    let document = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": object.name_any(),
            "namespace": object.namespace(),
            "labels": object.labels(),
        },
        "spec": members.collect::<Map<_, _>>(),
    });
    let manifest = Manifest::parse(&document.to_string());
    let manifest = manifest.map_err(|faults| {
        let first = faults.faults.first();
        // In an object of a cluster there are fields and no lines.
        WorkloadError(first.map_or_else(String::new, |fault| {
            format!("{}: {}", fault.place.path, fault.message)
        }))
    })?;
    let found = manifest.resources.into_iter().next();
    match found.map(|resource| (resource.metadata, resource.kind)) {
        Some((metadata, ResourceKind::Workload(workload))) => Ok((metadata, *workload)),
        // A document of such a kind is read as a workload or is a fault.
        _ => Err(WorkloadError(format!("no {}", kind.as_str()))),
    }
}
