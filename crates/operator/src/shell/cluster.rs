//! What a pass reads from a namespace, and writes to it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::error::PassError;
use super::facts;
use super::kind::ClientResource;
use crate::cluster_error::status;
use crate::pass::{InUse, StoredSecret, Subject, UnusedSecret, WantedSecret};
use crate::resource::ClientStatus;

/// Under which the operator owns fields.
pub(super) const MANAGER: &str = "portvakt-operator";

/// A namespace, for resources of one kind.
pub(super) struct Namespace<R> {
    resources: Api<R>,
    secrets: Api<Secret>,
    pods: Api<Pod>,
    replica_sets: Api<ReplicaSet>,
}

impl<R: ClientResource> Namespace<R> {
    pub(super) fn new(client: &Client, name: &str) -> Self {
        Self {
            resources: Api::namespaced(client.clone(), name),
            secrets: Api::namespaced(client.clone(), name),
            pods: Api::namespaced(client.clone(), name),
            replica_sets: Api::namespaced(client.clone(), name),
        }
    }

    /// The resource as the API server has it, not as a copy of some moments ago.
    pub(super) async fn find(&self, name: &str) -> Result<Option<R>, PassError> {
        let found = self.resources.get_opt(name).await;
        found.map_err(PassError::at("read the resource"))
    }

    /// The Secret of this name.
    pub(super) async fn secret(
        &self,
        name: &str,
        subject: &Subject,
    ) -> Result<Option<StoredSecret>, PassError> {
        let found = self.secrets.get_opt(name).await;
        let found = found.map_err(PassError::at("read the Secret"))?;
        Ok(found.map(|secret| facts::stored(secret, subject)))
    }

    /// Those of these Secrets that are labelled as operators label those of this kind of resource.
    pub(super) async fn secrets_of_kind(
        &self,
        names: &BTreeSet<&str>,
        at_once: u32,
    ) -> Result<BTreeMap<String, Secret>, PassError> {
        let labels = format!("type={}", R::SECRET_TYPE);
        let mut page = ListParams::default().labels(&labels).limit(at_once);
        let mut found = BTreeMap::new();
        loop {
            let listed = self.secrets.list(&page).await;
            let listed = listed.map_err(PassError::at("list the Secrets"))?;
            let secrets = listed.items.into_iter();
            let all = secrets.map(|secret| (secret.name_any(), secret));
            found.extend(all.filter(|(name, _)| names.contains(name.as_str())));
            match listed.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(found),
            }
        }
    }

    /// Secrets with the labels of this resource's.
    pub(super) async fn managed_secrets(
        &self,
        subject: &Subject,
    ) -> Result<Vec<StoredSecret>, PassError> {
        let labels = format!("app={},type={}", subject.name(), R::SECRET_TYPE);
        let found = self
            .secrets
            .list(&ListParams::default().labels(&labels))
            .await;
        let found = found.map_err(PassError::at("list the Secrets"))?;
        let secrets = found.items.into_iter();
        Ok(secrets
            .map(|secret| facts::stored(secret, subject))
            .collect())
    }

    /// What the workload of this name was started with.
    pub(super) async fn in_use(&self, workload: &str) -> Result<InUse, PassError> {
        let labelled = ListParams::default().labels(&format!("app={workload}"));
        let pods = self.pods.list(&labelled).await;
        let pods = pods.map_err(PassError::at("list the Pods"))?;
        let sets = self.replica_sets.list(&labelled).await;
        let sets = sets.map_err(PassError::at("list the ReplicaSets"))?;
        Ok(facts::in_use(&pods.items, &sets.items))
    }

    /// Writes a Secret that the resource controls. What others have put into it stays.
    pub(super) async fn write_secret(
        &self,
        resource: &R,
        wanted: WantedSecret,
    ) -> Result<(), PassError> {
        let name = wanted.name.clone();
        let data = wanted.entries.into_data();
        let data = data
            .into_iter()
            .map(|(name, value)| (name, ByteString(value)));
        let secret = Secret {
            data: Some(data.collect()),
            type_: Some("Opaque".to_owned()),
            metadata: ObjectMeta {
                name: Some(name.clone()),
                labels: Some(wanted.labels),
                annotations: Some(wanted.annotations),
                owner_references: Some(owner(resource).into_iter().collect()),
                ..ObjectMeta::default()
            },
            ..Secret::default()
        };
        // What the existing operator has written into its Secret is this one's from now on.
        let apply = PatchParams::apply(MANAGER).force();
        let written = self
            .secrets
            .patch(&name, &apply, &Patch::Apply(&secret))
            .await;
        written.map(drop).map_err(PassError::at("write the Secret"))
    }

    /// Deletes a Secret that nothing uses, if it still is what was looked at; one that is gone is fine.
    pub(super) async fn delete_secret(&self, unused: &UnusedSecret) -> Result<(), PassError> {
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: Some(unused.version.uid.clone()),
                resource_version: Some(unused.version.resource_version.clone()),
            }),
            ..DeleteParams::default()
        };
        match self.secrets.delete(&unused.name, &params).await {
            Err(error) if status(&error) != Some(404) => {
                Err(PassError::at("delete an unused Secret")(error))
            }
            _ => Ok(()),
        }
    }

    /// Replaces the status, if nobody has changed the resource since it was read. Answers the resource as
    /// it is then.
    pub(super) async fn write_status(
        &self,
        resource: &R,
        status: &ClientStatus,
    ) -> Result<R, PassError> {
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        let wanted = resource.clone().with_status(status.clone());
        let written = self
            .resources
            .replace_status(&resource.name_any(), &params, &wanted)
            .await;
        written.map_err(PassError::at("write the status"))
    }

    /// Replaces the finalizers, if nobody has changed the resource since it was read. Answers the resource
    /// as it is then, or nothing if that let it go.
    pub(super) async fn write_finalizers(
        &self,
        resource: &R,
        finalizers: &[String],
    ) -> Result<Option<R>, PassError> {
        let written = self
            .merge(resource, json!({"finalizers": finalizers}))
            .await;
        match written {
            Ok(written) => Ok(Some(written)),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(PassError::at("write the finalizers")(error)),
        }
    }

    /// Takes annotations away, if nobody has changed the resource since it was read. Answers the resource
    /// as it is then.
    pub(super) async fn remove_annotations(
        &self,
        resource: &R,
        annotations: &[&str],
    ) -> Result<R, PassError> {
        let none = annotations
            .iter()
            .map(|name| ((*name).to_owned(), Value::Null));
        let none: serde_json::Map<_, _> = none.collect();
        let written = self.merge(resource, json!({"annotations": none})).await;
        written.map_err(PassError::at("take the annotations away"))
    }

    async fn merge(&self, resource: &R, mut metadata: Value) -> Result<R, kube::Error> {
        metadata["resourceVersion"] = json!(resource.resource_version());
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patch = Patch::Merge(json!({"metadata": metadata}));
        let name = resource.name_any();
        self.resources.patch(&name, &params, &patch).await
    }
}

fn owner<R: ClientResource>(resource: &R) -> Option<OwnerReference> {
    let owner = resource.controller_owner_ref(&())?;
    Some(OwnerReference {
        block_owner_deletion: Some(true),
        ..owner
    })
}
