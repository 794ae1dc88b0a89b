//! What the two kinds of resource have in common.

use std::fmt::Debug;

use kube::Resource;
use kube::core::NamespaceResourceScope;
use portvakt_nais::desired::ClientKind;
use portvakt_nais::naming::OwnerError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pass::{IDPORTEN_SECRET, MASKINPORTEN_SECRET, Subject};
use crate::resource::{ClientStatus, IDPortenClient, MaskinportenClient};

/// A custom resource that asks for a client.
pub trait ClientResource:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
{
    /// Which issuer its client is for.
    const KIND: ClientKind;

    /// The `type` label of its Secrets.
    const SECRET_TYPE: &str;

    /// It as plain data.
    ///
    /// # Errors
    /// The cluster's name is not usable in descriptions.
    fn subject(&self, cluster: &str) -> Result<Subject, OwnerError>;

    /// The same with another status.
    #[must_use]
    fn with_status(self, status: ClientStatus) -> Self;
}

impl ClientResource for MaskinportenClient {
    const KIND: ClientKind = ClientKind::Maskinporten;
    const SECRET_TYPE: &str = MASKINPORTEN_SECRET;

    fn subject(&self, cluster: &str) -> Result<Subject, OwnerError> {
        Subject::maskinporten(self, cluster)
    }

    fn with_status(self, status: ClientStatus) -> Self {
        let status = Some(status);
        Self { status, ..self }
    }
}

impl ClientResource for IDPortenClient {
    const KIND: ClientKind = ClientKind::IdPorten;
    const SECRET_TYPE: &str = IDPORTEN_SECRET;

    fn subject(&self, cluster: &str) -> Result<Subject, OwnerError> {
        Subject::idporten(self, cluster)
    }

    fn with_status(self, status: ClientStatus) -> Self {
        let status = Some(status);
        Self { status, ..self }
    }
}
