//! Reaching the API server.

use std::path::Path;

use k8s_openapi::api::core::v1::Namespace;
pub use kube::Client;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Config, ResourceExt};

use crate::cluster_error::ClusterError;

/// Why there is no API server to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The file is not there, or is no kubeconfig.
    #[error(transparent)]
    File(#[from] kube::config::KubeconfigError),
    /// Neither a Pod's files nor a kubeconfig were found.
    #[error(transparent)]
    Found(#[from] kube::config::InferConfigError),
    /// What was found is not usable.
    #[error(transparent)]
    Client(#[from] kube::Error),
}

/// A client by this kubeconfig; without one, as a Pod of the cluster or as `kubectl` does it.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    let config = match kubeconfig {
        Some(path) => {
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?
        }
        None => Config::infer().await?,
    };
    Ok(Client::try_from(config)?)
}

/// Namespaces that there are, for counters that begin at 0; without permission to see them, a namespace is
/// known when something in it is looked at.
pub async fn namespaces(client: &Client) -> Vec<String> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    match namespaces.list_metadata(&ListParams::default()).await {
        Ok(listed) => listed.items.iter().map(ResourceExt::name_any).collect(),
        Err(error) => {
            let error = ClusterError::at("list the namespaces")(error);
            tracing::info!(%error, "counters of namespaces begin when something in them is looked at");
            Vec::new()
        }
    }
}
