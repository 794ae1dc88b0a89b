//! Reaching the API server.

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
pub use kube::Client;
use kube::api::{Api, ListParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Config, ResourceExt};

use super::pace::Pace;
use crate::cluster_error::ClusterError;

/// Nothing is read for this long from an API server that is asked something, and it is asked anew. Watches are
/// ended by it earlier ([`Bounds::watch`](super::Bounds::watch)).
const PATIENCE: Duration = Duration::from_secs(90);

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
    let mut config = match kubeconfig {
        Some(path) => {
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?
        }
        None => Config::infer().await?,
    };
    config.read_timeout = Some(PATIENCE);
    config.reset_reader_on_write = true;
    Ok(client(config)?)
}

/// A client by this configuration that begins no watch again without a pause.
///
/// # Errors
/// The configuration is not usable.
pub fn client(config: Config) -> Result<Client, kube::Error> {
    let builder = ClientBuilder::try_from(config)?;
    Ok(builder.with_layer(&Pace::default()).build())
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
