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

/// Which deploy a workload is of; the platform writes it on the workload.
const CORRELATION: &str = "nais.io/deploymentCorrelationID";

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

/// Drops what is never looked at, so that a copy of every workload of a cluster is small.
fn trim(object: &mut DynamicObject) {
    object.metadata.managed_fields = None;
    if let Some(annotations) = &mut object.metadata.annotations {
        annotations.retain(|name, _| name == CORRELATION);
    }
    let spec = object.data.get_mut("spec").and_then(Value::as_object_mut);
    let spec = spec.map(|spec| {
        spec.retain(|name, _| MEMBERS.contains(&name.as_str()));
        std::mem::take(spec)
    });
    object.data = json!({"spec": spec});
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_workload_is_kept_what_its_clients_depend_on() {
        let whole: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "nais.io/v1alpha1", "kind": "Application",
            "metadata": {
                "name": "a", "namespace": "team", "uid": "u", "labels": {"some": "label"},
                "annotations": {CORRELATION: "d1", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
                "managedFields": [{"manager": "kubectl"}],
            },
            "spec": {
                "image": "example/app:1", "env": [{"name": "PASSWORD", "value": "p"}],
                "maskinporten": {"enabled": true, "scopes": {"consumes": [{"name": "a:b"}]}},
            },
            "status": {"synchronizationState": "RolloutComplete"},
        }))
        .unwrap();
        let mut trimmed = whole.clone();
        trim(&mut trimmed);
        let kind = WorkloadKind::Application;
        assert_eq!(wanted(kind, &trimmed, false), wanted(kind, &whole, false));
        let kept = serde_json::to_value(&trimmed).unwrap();
        let spec =
            json!({"maskinporten": {"enabled": true, "scopes": {"consumes": [{"name": "a:b"}]}}});
        assert_eq!(kept["spec"], spec);
        assert_eq!(kept["metadata"]["annotations"], json!({CORRELATION: "d1"}));
        assert_eq!(
            (&kept["status"], &kept["metadata"]["managedFields"]),
            (&Value::Null, &Value::Null)
        );
    }
}
