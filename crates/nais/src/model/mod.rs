//! Manifests as types: what a value may be has been judged when it is built.
//!
//! The specifications of `nais.io/v1` serialize in the order in which their hash is taken
//! ([`crate::synchronization_hash`]), so an operator can use them as they are.

mod idporten;
mod scopes;
mod seconds;
mod uri;
mod workload;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::idporten::{
    IdPorten, IdPortenClientSpec, IdPortenIntegrationType, LegacyIdPorten, LoginProxy,
};
pub use self::scopes::{
    ConsumedScope, Consumer, ExposedScope, MaskinportenClientSpec, Scopes, Visibility,
};
pub use self::seconds::{Seconds, SecondsError};
pub use self::uri::{ClientUri, ClientUriError};
pub use self::workload::{EnvSource, EnvValue, EnvVariable, Maskinporten, Workload, WorkloadKind};

use crate::manifest::Place;
use crate::naming::ResourceName;

/// One document of a manifest that this crate acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Where it begins.
    pub place: Place,
    /// Its name and labels.
    pub metadata: Metadata,
    /// What it is.
    pub kind: ResourceKind,
}

/// What a document declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// `nais.io/v1alpha1` Application or `nais.io/v1` Naisjob.
    Workload(Box<Workload>),
    /// `nais.io/v1` `MaskinportenClient`.
    MaskinportenClient(MaskinportenClientSpec),
    /// `nais.io/v1` `IDPortenClient`.
    IdPortenClient(Box<IdPortenClientSpec>),
}

/// `metadata`, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Its name in the namespace.
    pub name: ResourceName,
    /// Its namespace, if the manifest says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<ResourceName>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Metadata {
    /// Whether the client is kept when the resource goes away: `digdir.nais.io/preserve: "true"`.
    pub fn preserves_client(&self) -> bool {
        self.has_annotation("digdir.nais.io/preserve")
    }

    /// Whether a new key is asked for: `digdir.nais.io/rotate: "true"`.
    pub fn asks_for_rotation(&self) -> bool {
        self.has_annotation("digdir.nais.io/rotate")
    }

    fn has_annotation(&self, name: &str) -> bool {
        self.annotations
            .get(name)
            .is_some_and(|value| value == "true")
    }
}
