//! What manifests ask for, as bodies of the self-service API with every default filled in
//! (spec: nais §6.4, §6.5).

mod client;
mod scope;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::client::{DesiredClient, client_body};
pub use self::scope::DesiredScope;

use crate::manifest::{Fault, Manifest, Place};
use crate::model::{Resource, ResourceKind, Workload};
use crate::naming::{Owner, OwnerError, ResourceName};
use crate::settings::Settings;

/// What one resource asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Its client, whether it has one or not.
    pub key: ClientKey,
    /// Where the resource stands.
    pub place: Place,
    /// Whether it is there at all.
    pub presence: Presence,
    /// Its client; none for a resource that only exposes scopes and has no default scope.
    pub client: Option<DesiredClient>,
    /// Scopes that it exposes, each once.
    pub scopes: Vec<DesiredScope>,
    /// Whether its manifest asks for a new key.
    pub rotate: bool,
}

/// Whether a resource is there or goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    Present,
    /// It goes away: its client is deactivated, and so are exposed scopes with `enabled: false`.
    /// Other scopes stay, so that their consumers go on (spec: nais §6.11).
    Removed {
        /// The client stays, so that the same name gets it back later.
        preserve_client: bool,
    },
}

impl Desired {
    /// The same resource, going away. Its annotation `digdir.nais.io/preserve` was read already.
    #[must_use]
    pub fn removed(self, preserve_client: bool) -> Self {
        Self {
            presence: Presence::Removed { preserve_client },
            ..self
        }
    }

    /// Who owns what it asks for.
    pub fn owner(&self) -> &Owner {
        &self.key.owner
    }
}

/// The two issuers that have clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// Machine to machine.
    Maskinporten,
    /// Login.
    IdPorten,
}

/// Which client of which workload; written `maskinporten cluster:namespace:name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientKey {
    /// The issuer.
    pub kind: ClientKind,
    /// The workload.
    pub owner: Owner,
}

/// A text that names no client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeyError {
    /// It does not begin with `maskinporten` or `idporten` and a blank.
    #[error("a client is written 'maskinporten cluster:namespace:name'")]
    Form,
    /// What follows is no owner.
    #[error(transparent)]
    Owner(#[from] OwnerError),
}

impl fmt::Display for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ClientKind::Maskinporten => "maskinporten",
            ClientKind::IdPorten => "idporten",
        };
        write!(formatter, "{kind} {}", self.owner)
    }
}

impl FromStr for ClientKey {
    type Err = ClientKeyError;

    fn from_str(text: &str) -> Result<Self, ClientKeyError> {
        let (kind, owner) = text.split_once(' ').ok_or(ClientKeyError::Form)?;
        let kind = match kind {
            "maskinporten" => ClientKind::Maskinporten,
            "idporten" => ClientKind::IdPorten,
            _ => return Err(ClientKeyError::Form),
        };
        let owner = owner.parse()?;
        Ok(Self { kind, owner })
    }
}

impl TryFrom<String> for ClientKey {
    type Error = ClientKeyError;

    fn try_from(text: String) -> Result<Self, ClientKeyError> {
        text.parse()
    }
}

impl From<ClientKey> for String {
    fn from(key: ClientKey) -> Self {
        key.to_string()
    }
}

/// What a manifest asks for under these settings, in its order.
///
/// # Errors
/// Every resource whose owner cannot be named: without a namespace, or with an unusable cluster.
pub fn desired(manifest: &Manifest, settings: &Settings) -> Result<Vec<Desired>, Vec<Fault>> {
    let (mut wanted, mut faults) = (Vec::new(), Vec::new());
    for resource in &manifest.resources {
        match owner(resource, settings) {
            Ok(owner) => wanted.extend(of_resource(resource, &owner, settings)),
            Err(message) => faults.push(Fault {
                place: resource.place.clone(),
                message,
            }),
        }
    }
    if faults.is_empty() {
        Ok(wanted)
    } else {
        Err(faults)
    }
}

/// Who owns what a resource asks for.
///
/// # Errors
/// What to do about a resource without a namespace, or an unusable cluster.
pub fn owner(resource: &Resource, settings: &Settings) -> Result<Owner, String> {
    let metadata = &resource.metadata;
    let own = metadata.namespace.as_ref().map(ResourceName::as_str);
    let namespace = own.or(settings.default_namespace.as_deref());
    let namespace = namespace.ok_or_else(|| {
        format!(
            "{} has no namespace: write metadata.namespace, or name one",
            metadata.name
        )
    })?;
    let owner = Owner::new(&settings.cluster, namespace, metadata.name.as_str());
    owner.map_err(|error| error.to_string())
}

fn of_resource(resource: &Resource, owner: &Owner, settings: &Settings) -> Vec<Desired> {
    match &resource.kind {
        ResourceKind::Workload(workload) => of_workload(resource, workload, owner, settings),
        ResourceKind::MaskinportenClient(spec) => {
            vec![client::maskinporten(resource, owner, spec, settings)]
        }
        ResourceKind::IdPortenClient(spec) => {
            vec![client::idporten(resource, owner, spec, settings)]
        }
    }
}

/// A workload's clients. One that says `enabled: false` has its client go away.
fn of_workload(
    resource: &Resource,
    workload: &Workload,
    owner: &Owner,
    settings: &Settings,
) -> Vec<Desired> {
    let mut wanted = Vec::new();
    if let Some(maskinporten) = &workload.maskinporten {
        let enabled = Workload {
            maskinporten: Some(crate::model::Maskinporten {
                enabled: true,
                ..maskinporten.clone()
            }),
            ..workload.clone()
        };
        if let Some(spec) = enabled.maskinporten_client(&resource.metadata) {
            let present = client::maskinporten(resource, owner, &spec, settings);
            wanted.push(if maskinporten.enabled {
                present
            } else {
                present.removed(resource.metadata.preserves_client())
            });
        }
    }
    let is_legacy = workload
        .idporten
        .as_ref()
        .is_some_and(|idporten| idporten.legacy.is_some());
    if (is_legacy || settings.own_idporten_client)
        && let Some(spec) = workload.idporten_client(&resource.metadata)
    {
        wanted.push(client::idporten(resource, owner, &spec, settings));
    }
    wanted
}
