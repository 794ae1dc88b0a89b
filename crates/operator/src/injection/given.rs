//! What there is for a Pod.

use portvakt_nais::desired::ClientKind;
use portvakt_nais::environment::{IDPORTEN_MOUNT_PATH, MASKINPORTEN_MOUNT_PATH};
use portvakt_nais::model::{Metadata, Workload};
use portvakt_nais::naming::idporten_secret_name;

use super::Settings;

/// What there is for a Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The Secret of its Maskinporten client.
    pub maskinporten: Option<String>,
    /// The Secret of its ID-porten client.
    pub idporten: Option<String>,
    /// Whether it reaches others by way of the web proxy, where there is one.
    pub webproxy: bool,
}

/// A Secret as a container takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Credential<'g> {
    pub(super) kind: ClientKind,
    pub(super) secret: &'g str,
}

impl Given {
    /// What the platform gives to the Pods of a workload (spec: nais §3.4, §3.7). Names of Secrets follow from
    /// the workload's, so its Pods can be made before its clients: they wait for the Secret.
    pub fn of_workload(workload: &Workload, metadata: &Metadata, settings: &Settings) -> Self {
        let maskinporten = workload.maskinporten_client(metadata);
        let idporten = workload.idporten.as_ref().filter(|it| it.enabled);
        let idporten = idporten.and_then(|idporten| {
            if idporten.legacy.is_some() || settings.own_idporten_client {
                Some(idporten_secret_name(metadata.name.as_str()))
            } else {
                settings.shared_idporten_secret.clone()
            }
        });
        Self {
            maskinporten: maskinporten.map(|client| client.secret_name),
            idporten,
            webproxy: workload.webproxy,
        }
    }

    /// Whether there is anything, if only the proxy.
    pub(super) fn has_something(&self) -> bool {
        self.webproxy || !self.is_empty()
    }

    /// Whether there is no client.
    pub fn is_empty(&self) -> bool {
        self.credentials().next().is_none()
    }

    /// In the order of `envFrom`, in which the later wins (spec: nais §8.2).
    pub(super) fn credentials(&self) -> impl DoubleEndedIterator<Item = Credential<'_>> {
        let idporten = (ClientKind::IdPorten, &self.idporten);
        let maskinporten = (ClientKind::Maskinporten, &self.maskinporten);
        let each = [idporten, maskinporten].into_iter();
        each.filter_map(|(kind, secret)| {
            let secret = secret.as_deref()?;
            Some(Credential { kind, secret })
        })
    }
}

impl Credential<'_> {
    /// The label of Pods with it, by which network policies let them reach the issuer.
    pub(super) fn label(&self) -> &'static str {
        match self.kind {
            ClientKind::Maskinporten => "maskinporten",
            ClientKind::IdPorten => "idporten",
        }
    }

    /// Where its files are.
    pub(super) fn mount_path(&self) -> &'static str {
        match self.kind {
            ClientKind::Maskinporten => MASKINPORTEN_MOUNT_PATH,
            ClientKind::IdPorten => IDPORTEN_MOUNT_PATH,
        }
    }
}
