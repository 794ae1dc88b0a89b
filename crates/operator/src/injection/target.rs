//! Which client or workload a Pod is for.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use portvakt_nais::naming::ResourceName;

use super::Refusal;

/// A label of a Pod: `"true"` asks for the credentials of the client resources that the label `app` names, and
/// `"false"` declines what an Application of that name would give.
pub const INJECT: &str = "portvakt/inject";

/// An annotation: the names of the containers that get the credentials, with commas between.
pub const CONTAINERS: &str = "portvakt/containers";

/// An annotation: `"true"` asks for the token sidecar, `"false"` declines it.
pub const SIDECAR: &str = "portvakt/sidecar";

/// An annotation: `"true"` asks for the variables of the web proxy.
pub const WEBPROXY: &str = "portvakt/webproxy";

/// Names the workload that a Pod belongs to, as on the platform. The keys that its Pods run with are found by
/// it, too.
const APP: &str = "app";

/// What a Pod is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The client resources of this name: the Pod asks for them.
    Client(String),
    /// The Application or Naisjob of this name, if there is one.
    Workload(String),
}

impl Target {
    /// The name of the client resources, which is that of the workload.
    pub fn name(&self) -> &str {
        match self {
            Self::Client(name) | Self::Workload(name) => name,
        }
    }

    pub(super) fn is_labelled(&self) -> bool {
        matches!(self, Self::Client(_))
    }
}

/// What a Pod is for; `None` if for nothing of ours. What no object can be called is the name of no workload.
///
/// Labels of a Pod are not validated yet when it is asked about, and the name becomes a part of addresses of the
/// API server.
///
/// # Errors
/// It asks for credentials and does not say of which client.
pub fn target(pod: &Pod) -> Result<Option<Target>, Refusal> {
    let label = |name| pod.labels().get(name).map(String::as_str);
    let name = label(APP).filter(|name| !name.is_empty());
    let name = name.map(str::parse::<ResourceName>).transpose();
    match label(INJECT) {
        Some("true") => {
            let name = name.map_err(Refusal::Name)?.ok_or(Refusal::NoName)?;
            Ok(Some(Target::Client(name.into())))
        }
        Some(_) => Ok(None),
        None => Ok(name.ok().flatten().map(|it| Target::Workload(it.into()))),
    }
}

/// What an annotation says, if it is there.
pub(super) fn says(pod: &Pod, annotation: &'static str) -> Result<Option<bool>, Refusal> {
    match pod.annotations().get(annotation).map(String::as_str) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Refusal::Value { annotation }),
    }
}
