//! Why a pass could not even be begun, or not be written down.

use portvakt_nais::naming::OwnerError;

/// Neither the resource's status nor its events can tell of it; the log does.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// The API server refuses or fails.
    #[error("{act}: {}", told(.source))]
    Cluster {
        /// What was attempted.
        act: &'static str,
        /// What the API server said.
        source: Box<kube::Error>,
    },
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
        move |source| Self::Cluster {
            act,
            source: Box::new(source),
        }
    }

    /// Whether somebody changed the object meanwhile, so that the same pass is made again on what is now.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Cluster { source, .. } if status(source) == Some(409))
    }
}

/// What the API server answered, without its structure, and without anything that it was sent or that could
/// not be read: that may be a Secret.
fn told(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!(
            "the API server answered {}: {}",
            status.code, status.message
        ),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            "the API server answered what is no such object".to_owned()
        }
        other => other.to_string(),
    }
}

/// The HTTP status of a refusal.
pub(super) fn status(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}
