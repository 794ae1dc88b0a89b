//! Reaching the API server.

use std::path::Path;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

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
