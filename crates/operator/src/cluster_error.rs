//! What the API server refuses, or fails to do.

/// A request that the API server did not do. Of its answer only what may be told is kept: it may be a Secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{act}: {told}")]
pub struct ClusterError {
    act: &'static str,
    told: String,
    status: Option<u16>,
}

impl ClusterError {
    /// For `map_err`, with what was attempted.
    pub(crate) fn at(act: &'static str) -> impl Fn(kube::Error) -> Self {
        move |error| Self {
            act,
            told: told(&error),
            status: status(&error),
        }
    }

    /// The HTTP status of a refusal.
    pub(crate) fn status(&self) -> Option<u16> {
        self.status
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
pub(crate) fn status(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Secret;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_that_cannot_be_read_is_not_quoted() {
        let answer = json!({"data": "very-private-key"});
        let error = serde_json::from_value::<Secret>(answer).unwrap_err();
        assert!(error.to_string().contains("very-private-key"), "{error}");
        let error = ClusterError::at("read the Secret")(kube::Error::SerdeError(error));
        assert_eq!(
            error.to_string(),
            "read the Secret: the API server answered what is no such object"
        );
        assert!(!format!("{error:?}").contains("very-private-key"));
        assert!(std::error::Error::source(&error).is_none());
    }
}
