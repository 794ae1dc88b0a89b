//! A custom resource of either kind as plain data.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use portvakt_nais::Settings;
use portvakt_nais::desired::{ClientKey, ClientKind, Desired, Presence, desired};
use portvakt_nais::manifest::{Manifest, Place};
use portvakt_nais::model::{Metadata, Resource, ResourceKind};
use portvakt_nais::naming::{Owner, OwnerError, ResourceName};

use super::Rival;
use crate::resource::{ClientStatus, IDPortenClient, MaskinportenClient, Spec, SpecError};

/// Put on every resource, so that it does not go before its client does.
pub const FINALIZER: &str = "digdirator.nais.io/finalizer";

/// What the existing operator put on resources until October 2024; it is taken off and never put on.
pub const OLD_FINALIZER: &str = "finalizer.digdirator.nais.io";

/// Asks for a pass although everything is up to date.
pub const RESYNC: &str = "digdir.nais.io/resync";

/// Asks for a new key.
pub const ROTATE: &str = "digdir.nais.io/rotate";

/// Has the plan written to the status, and nothing done until it is approved.
pub const PREVIEW: &str = "digdir.nais.io/preview";

/// Approves the plan whose hash it states.
pub const APPROVE: &str = "digdir.nais.io/approve";

/// What is asked for once, and taken off by the pass that has done it.
pub const ASKED_ONCE: [&str; 3] = [RESYNC, ROTATE, APPROVE];

/// Keeps the client at the issuer when the resource is deleted.
pub const PRESERVE: &str = "digdir.nais.io/preserve";

/// A custom resource, as far as a pass looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Which client of which workload it is for.
    pub key: ClientKey,
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.generation`, which every change of the specification raises.
    pub generation: i64,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// Whether it is being deleted.
    pub is_deleted: bool,
    /// `metadata.finalizers`
    pub finalizers: Vec<String>,
    /// `metadata.annotations`
    pub annotations: BTreeMap<String, String>,
    /// What it asks for, or what is wrong with that.
    pub spec: Result<Spec, SpecError>,
    /// What earlier passes have written.
    pub status: ClientStatus,
    /// Other resources of the cluster that expose a scope of the same name, by scope; the cluster knows
    /// ([`super::Footprints::rivals`]).
    pub rivals: BTreeMap<String, Vec<Rival>>,
}

impl Subject {
    /// Reads a `MaskinportenClient` of this cluster.
    ///
    /// # Errors
    /// The cluster's name is not usable in descriptions.
    pub fn maskinporten(resource: &MaskinportenClient, cluster: &str) -> Result<Self, OwnerError> {
        let spec = Spec::try_from(&resource.spec);
        let (metadata, status) = (&resource.metadata, resource.status.as_ref());
        Self::new(ClientKind::Maskinporten, metadata, spec, status, cluster)
    }

    /// Reads an `IDPortenClient` of this cluster.
    ///
    /// # Errors
    /// The cluster's name is not usable in descriptions.
    pub fn idporten(resource: &IDPortenClient, cluster: &str) -> Result<Self, OwnerError> {
        let spec = Spec::try_from(&resource.spec);
        let (metadata, status) = (&resource.metadata, resource.status.as_ref());
        Self::new(ClientKind::IdPorten, metadata, spec, status, cluster)
    }

    fn new(
        kind: ClientKind,
        metadata: &ObjectMeta,
        spec: Result<Spec, SpecError>,
        status: Option<&ClientStatus>,
        cluster: &str,
    ) -> Result<Self, OwnerError> {
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let name = metadata.name.as_deref().unwrap_or_default();
        let owner = Owner::new(cluster, namespace, name)?;
        Ok(Self {
            key: ClientKey { kind, owner },
            uid: metadata.uid.clone().unwrap_or_default(),
            generation: metadata.generation.unwrap_or_default(),
            created_at: created_at(metadata),
            is_deleted: metadata.deletion_timestamp.is_some(),
            finalizers: metadata.finalizers.clone().unwrap_or_default(),
            annotations: metadata.annotations.clone().unwrap_or_default(),
            spec,
            status: status.cloned().unwrap_or_default(),
            rivals: BTreeMap::new(),
        })
    }

    /// Its name, which is that of its workload.
    pub fn name(&self) -> &str {
        self.key.owner.name()
    }

    /// Whether an annotation is exactly `"true"`.
    pub fn asks_for(&self, annotation: &str) -> bool {
        let value = self.annotations.get(annotation);
        value.is_some_and(|value| value == "true")
    }

    /// Whether it has a finalizer of ours, so that deleting it waits for us.
    pub fn waits_for_us(&self) -> bool {
        let is_ours = |name: &String| name == FINALIZER || name == OLD_FINALIZER;
        self.finalizers.iter().any(is_ours)
    }

    /// Whether it has the finalizer that this operator puts there.
    pub fn has_finalizer(&self) -> bool {
        self.finalizers.iter().any(|name| name == FINALIZER)
    }

    /// The Secret that it names, if its specification is understood.
    pub fn secret_name(&self) -> Option<&str> {
        let name = self.spec.as_ref().ok()?.secret_name();
        (!name.is_empty()).then_some(name)
    }

    /// What it asks for with every default filled in; going away if it is being deleted.
    ///
    /// # Errors
    /// What is wrong with the specification. A resource that is being deleted has none: what cannot
    /// be understood asks for nothing, and its client goes.
    pub fn desired(&self, settings: &Settings) -> Result<Desired, SpecError> {
        let wanted = self.wanted(settings);
        if self.is_deleted {
            let going = wanted.unwrap_or_else(|_| self.asks_for_nothing());
            return Ok(going.removed(self.asks_for(PRESERVE)));
        }
        wanted
    }

    fn wanted(&self, settings: &Settings) -> Result<Desired, SpecError> {
        let refusal = |field: &str, message: String| SpecError {
            field: field.to_owned(),
            message,
        };
        let parsed = |field: &str, text: &str| -> Result<ResourceName, SpecError> {
            let parsed = text.parse::<ResourceName>();
            parsed.map_err(|error| refusal(field, error.to_string()))
        };
        let kind = match self.spec.clone()? {
            Spec::Maskinporten(spec) => ResourceKind::MaskinportenClient(spec),
            Spec::IdPorten(spec) => ResourceKind::IdPortenClient(spec),
        };
        let resource = Resource {
            place: Place::default(),
            metadata: Metadata {
                name: parsed("metadata.name", self.name())?,
                namespace: Some(parsed("metadata.namespace", self.key.owner.namespace())?),
                labels: BTreeMap::new(),
                annotations: self.annotations.clone(),
            },
            kind,
        };
        let manifest = Manifest {
            resources: vec![resource],
            warnings: Vec::new(),
        };
        let wanted = desired(&manifest, settings).map_err(|faults| {
            let first = faults.into_iter().next();
            refusal(
                "metadata",
                first.map(|fault| fault.message).unwrap_or_default(),
            )
        })?;
        let wanted = wanted.into_iter().next();
        Ok(wanted.unwrap_or_else(|| self.asks_for_nothing()))
    }

    fn asks_for_nothing(&self) -> Desired {
        Desired {
            key: self.key.clone(),
            place: Place::default(),
            presence: Presence::Present,
            client: None,
            scopes: Vec::new(),
            rotate: false,
        }
    }
}

/// Seconds since 1970; what has no time was made long ago.
pub(crate) fn created_at(metadata: &ObjectMeta) -> i64 {
    let at = metadata.creation_timestamp.as_ref();
    at.map_or(0, |at| at.0.as_second())
}
