//! Why a pass could not even be begun, or not be written down.

use std::time::Duration;

use portvakt_nais::naming::OwnerError;

use crate::cluster_error::ClusterError;

/// Neither the resource's status nor its events can tell of it; the log does.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// The API server refuses or fails.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The API server or the issuer took too long, one answer after the other.
    #[error("it was not done within {} seconds", .0.as_secs())]
    Late(Duration),
    /// Another operator acts from now on.
    #[error("another operator leads")]
    NotLeading,
    /// The operator's cluster has a name that no description can have.
    #[error(transparent)]
    Owner(#[from] OwnerError),
}

impl PassError {
    /// For `map_err`.
    pub(super) fn at(act: &'static str) -> impl Fn(kube::Error) -> Self {
        let at = ClusterError::at(act);
        move |error| Self::Cluster(at(error))
    }

    /// Whether somebody changed the object meanwhile, so that the same pass is made again on what is now.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.status() == Some(409))
    }
}
