//! The client resources of a workload, as the platform makes them (spec: nais §3.7, §3.8).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use kube::api::{ApiResource, DynamicObject};
use kube::core::gvk::GroupVersionKind;
use portvakt_nais::desired::ClientKind;
use portvakt_nais::model::WorkloadKind;
use serde::Serialize;
use serde_json::Value;

use super::{CORRELATION, WorkloadError, read, resource};

/// Both kinds of client resources.
pub const CLIENTS: [ClientKind; 2] = [ClientKind::Maskinporten, ClientKind::IdPorten];

/// What is to become of a client resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is made.
    Create(Box<DynamicObject>),
    /// It is replaced, over the version that was read.
    Replace(Box<DynamicObject>),
    /// It is deleted, if it is the one that was read.
    Delete,
    /// It stays as it is.
    Keep,
    /// It is going away; another is made when it is gone.
    Wait,
    /// It is somebody else's and stays as it is, although the workload asks for one of its name.
    Refuse(String),
}

/// What the API server calls a kind of client resources.
pub fn client_resource(kind: ClientKind) -> ApiResource {
    let kind = match kind {
        ClientKind::Maskinporten => "MaskinportenClient",
        ClientKind::IdPorten => "IDPortenClient",
    };
    ApiResource::from_gvk(&GroupVersionKind::gvk("nais.io", "v1", kind))
}

/// The client resource of each kind that a workload asks for, if it does.
///
/// A login client of its own has an Application with members of the years until 2023; today's share one, unless
/// `own_idporten_client`.
///
/// # Errors
/// What is wrong with the workload.
pub fn wanted(
    workload_kind: WorkloadKind,
    object: &DynamicObject,
    own_idporten_client: bool,
) -> Result<[(ClientKind, Option<DynamicObject>); 2], WorkloadError> {
    let (metadata, workload) = read(workload_kind, object)?;
    Ok(CLIENTS.map(|kind| {
        let spec = match kind {
            ClientKind::Maskinporten => {
                let client = workload.maskinporten_client(&metadata);
                client.map(|spec| json(&spec))
            }
            ClientKind::IdPorten => {
                let idporten = workload.idporten.as_ref();
                let is_legacy = idporten.is_some_and(|idporten| idporten.legacy.is_some());
                let client = workload.idporten_client(&metadata);
                let client = client.filter(|_| is_legacy || own_idporten_client);
                client.map(|spec| json(&spec))
            }
        };
        let client = spec.map(|spec| made(workload_kind, object, kind, &spec));
        (kind, client)
    }))
}

/// What is to become of the client resource of this name and kind.
pub fn change(
    owner: &DynamicObject,
    existing: Option<&DynamicObject>,
    wanted: Option<DynamicObject>,
) -> Change {
    let Some(existing) = existing else {
        return wanted.map_or(Change::Keep, |wanted| Change::Create(Box::new(wanted)));
    };
    let is_ours = is_owned(existing, owner);
    match wanted {
        None if is_ours && existing.metadata.deletion_timestamp.is_none() => Change::Delete,
        None => Change::Keep,
        Some(_) if existing.metadata.deletion_timestamp.is_some() => Change::Wait,
        Some(_) if !is_ours => Change::Refuse(refusal(existing)),
        Some(wanted) => {
            let merged = merged(existing, wanted);
            if merged == *existing {
                Change::Keep
            } else {
                Change::Replace(Box::new(merged))
            }
        }
    }
}

fn refusal(existing: &DynamicObject) -> String {
    let kind = existing
        .types
        .as_ref()
        .map_or("resource", |types| &types.kind);
    let name = existing.name_any();
    let owners = existing.owner_references().iter();
    let owners: Vec<_> = owners
        .map(|owner| format!("{} {}", owner.kind, owner.name))
        .collect();
    let whose = if owners.is_empty() {
        "was made by hand".to_owned()
    } else {
        format!("belongs to {}", owners.join(", "))
    };
    format!(
        "{kind} {name} {whose} and is left alone: delete it, or take the section out of the workload"
    )
}

fn made(
    workload_kind: WorkloadKind,
    object: &DynamicObject,
    client_kind: ClientKind,
    spec: &Value,
) -> DynamicObject {
    let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_default());
    let mut client = DynamicObject::new(&name, &client_resource(client_kind)).within(&namespace);
    let mut labels = object.labels().clone();
    labels.insert("app".to_owned(), name.clone());
    labels.insert("team".to_owned(), namespace);
    let deploy = object.annotations().get(CORRELATION);
    let annotations = deploy.map(|id| (CORRELATION.to_owned(), id.clone()));
    let annotations: BTreeMap<_, _> = annotations.into_iter().collect();
    let kind = resource(workload_kind);
    client.metadata.labels = Some(labels);
    client.metadata.annotations = (!annotations.is_empty()).then_some(annotations);
    client.metadata.owner_references = Some(vec![OwnerReference {
        api_version: kind.api_version,
        kind: kind.kind,
        name,
        uid: object.uid().unwrap_or_default(),
        ..OwnerReference::default()
    }]);
    client.data = serde_json::json!({"spec": spec});
    client
}

/// A workload of the same name that was made anew is another one.
fn is_owned(existing: &DynamicObject, owner: &DynamicObject) -> bool {
    let uid = owner.uid();
    let mut owners = existing.owner_references().iter();
    uid.is_some() && owners.any(|owner| Some(&owner.uid) == uid.as_ref())
}

/// What is there, with the labels and the specification that are wanted. Unlike the platform, it loses neither
/// finalizers nor annotations that somebody has put there.
fn merged(existing: &DynamicObject, wanted: DynamicObject) -> DynamicObject {
    let mut merged = existing.clone();
    merged.metadata.labels = wanted.metadata.labels;
    if let Some(annotations) = wanted.metadata.annotations {
        let own = merged.metadata.annotations.get_or_insert_default();
        own.extend(annotations);
    }
    let mut spec = wanted.data["spec"].clone();
    // The API server fills it in, and nobody can change it.
    let integration = &existing.data["spec"]["integrationType"];
    if spec["integrationType"].is_null() && !integration.is_null() {
        spec["integrationType"] = integration.clone();
    }
    merged.data["spec"] = spec;
    merged
}

fn json(spec: &impl Serialize) -> Value {
    // A specification is plain data; it has a JSON form.
    serde_json::to_value(spec).unwrap_or_default()
}
