//! One question of the API server (`admission.k8s.io/v1`).

use k8s_openapi::api::core::v1::Pod;
use kube::core::DynamicObject;
use kube::core::admission::{
    AdmissionRequest, AdmissionResponse, AdmissionReview, META_API_VERSION_V1, META_KIND,
    Operation, SerializePatchError,
};
use portvakt_nais::naming::{NameError, ResourceName};

use crate::injection::{Injection, Refusal};
use crate::pass::cut;

/// The API server shows no more of a warning than this, in characters.
const MAX_WARNING: usize = 250;

/// What is repeated of a question in an answer or a log, in bytes.
pub(super) const MAX_REPEATED: usize = 253;

/// A body that asks nothing that can be answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    #[error("the body is not an AdmissionReview of a Pod: {}", cut(.0.to_string(), MAX_REPEATED))]
    Body(#[from] serde_json::Error),
    #[error("the body is not an AdmissionReview of admission.k8s.io/v1 with a request")]
    Kind,
    #[error("request.namespace: {0}")]
    Namespace(#[from] NameError),
}

/// What is asked. The namespace becomes a part of addresses of the API server, so it is a name.
pub(super) fn read(body: &[u8]) -> Result<AdmissionRequest<Pod>, Malformed> {
    let review: AdmissionReview<Pod> = serde_json::from_slice(body)?;
    let is_known =
        review.types.kind == META_KIND && review.types.api_version == META_API_VERSION_V1;
    let request = is_known.then(|| review.try_into().ok()).flatten();
    let request: AdmissionRequest<Pod> = request.ok_or(Malformed::Kind)?;
    if let Some(namespace) = &request.namespace {
        namespace.parse::<ResourceName>()?;
    }
    Ok(request)
}

/// The Pod that is to be made, with its namespace. Nothing is said about anything else.
pub(super) fn made(request: &AdmissionRequest<Pod>) -> Option<(&Pod, &str)> {
    let is_pod = request.resource.group.is_empty() && request.resource.resource == "pods";
    let is_whole = request
        .sub_resource
        .as_deref()
        .unwrap_or_default()
        .is_empty();
    let is_made = is_pod && is_whole && request.operation == Operation::Create;
    let pod = request.object.as_ref().filter(|_| is_made)?;
    Some((pod, request.namespace.as_deref()?))
}

/// The answer. A refused Pod is not made, and whoever makes it is told why.
pub(super) fn answer(
    request: &AdmissionRequest<Pod>,
    outcome: Result<Injection, Refusal>,
) -> Result<AdmissionReview<DynamicObject>, SerializePatchError> {
    let response = AdmissionResponse::from(request);
    let response = match outcome {
        Err(refusal) => response.deny(refusal),
        Ok(injection) => {
            let warnings = injection.warnings.iter();
            let warnings: Vec<_> = warnings
                .map(|warning| warning.chars().take(MAX_WARNING).collect())
                .collect();
            let mut response = if injection.patch.0.is_empty() {
                response
            } else {
                response.with_patch(injection.patch)?
            };
            response.warnings = (!warnings.is_empty()).then_some(warnings);
            response
        }
    };
    Ok(response.into_review())
}
