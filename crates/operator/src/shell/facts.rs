//! Objects of the cluster as the plain data that a pass looks at.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::cluster::MANAGER;
use crate::pass::{Entries, InUse, SecretOwner, SecretVersion, StoredSecret, Subject, created_at};

/// A Secret, seen from this resource.
pub(super) fn stored(secret: Secret, subject: &Subject) -> StoredSecret {
    let metadata = secret.metadata;
    let created_at = created_at(&metadata);
    let owners = metadata.owner_references.unwrap_or_default();
    let controller = owners
        .into_iter()
        .find(|owner| owner.controller == Some(true));
    let data = secret.data.unwrap_or_default();
    let data = data.into_iter().map(|(name, value)| (name, value.0));
    StoredSecret {
        name: metadata.name.unwrap_or_default(),
        version: SecretVersion {
            uid: metadata.uid.unwrap_or_default(),
            resource_version: metadata.resource_version.unwrap_or_default(),
        },
        labels: metadata.labels.unwrap_or_default(),
        created_at,
        annotations: metadata.annotations.unwrap_or_default(),
        owner: match controller {
            None => SecretOwner::Nobody,
            Some(owner) if owner.uid == subject.uid => SecretOwner::Subject,
            Some(owner) => SecretOwner::Another(format!("{} {}", owner.kind, owner.name)),
        },
        entries: Entries::from(data.collect::<std::collections::BTreeMap<_, _>>()),
    }
}

/// What the Pods and `ReplicaSets` of a workload were started with. A Pod that has ended uses nothing.
pub(super) fn in_use(pods: &[Pod], replica_sets: &[ReplicaSet]) -> InUse {
    let mut used = InUse::default();
    for pod in pods.iter().filter(|pod| !has_ended(pod)) {
        if let Some(spec) = &pod.spec {
            used.add_pod(spec, created_at(&pod.metadata));
        }
    }
    let templates = replica_sets
        .iter()
        .filter_map(|set| set.spec.as_ref()?.template.as_ref());
    for spec in templates.filter_map(|template| template.spec.as_ref()) {
        used.add_template(spec);
    }
    used
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// When the operator wrote an object's status last, by the API server's clock, in seconds since 1970. Whoever may
/// change the object can put any time beside the writes of others: what counts is the operator's own, in the
/// answer to it.
pub(super) fn status_written_at(metadata: &ObjectMeta) -> Option<i64> {
    let mut writers = metadata.managed_fields.iter().flatten();
    let own = writers.find(|writer| {
        writer.manager.as_deref() == Some(MANAGER)
            && writer.operation.as_deref() == Some("Update")
            && writer.subresource.as_deref() == Some("status")
    });
    Some(own?.time.as_ref()?.0.as_second())
}
