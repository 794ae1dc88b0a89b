//! What a Pod is given when it is made: the variables and files of its clients' Secrets, the web proxy, the
//! token sidecar (spec: nais §8). Pure throughout: no cluster, no network.
//!
//! 1. [`target`] says which client or workload a Pod is for, if any.
//! 2. The shell looks up what there is for it: [`Given`].
//! 3. [`inject`] compares that with what the Pod has: a JSON patch (RFC 6902), or why the Pod is refused.
//!
//! What is there already, because a platform or the workload itself has put it there, stays as it is, so a
//! second look at the same Pod changes nothing.

mod container;
mod edit;
mod given;
mod refusal;
mod settings;
mod sidecar;
mod target;

use json_patch::Patch;
use k8s_openapi::api::core::v1::Pod;

use self::container::Chosen;
use self::edit::Edit;

pub use self::given::Given;
pub use self::refusal::Refusal;
pub use self::settings::{Settings, SidecarImage};
pub use self::target::{CONTAINERS, INJECT, SIDECAR, Target, WEBPROXY, target};

/// What is changed about a Pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Injection {
    /// Changes in their order; none if the Pod has everything.
    pub patch: Patch,
    /// What whoever makes the Pod should know.
    pub warnings: Vec<String>,
}

/// Gives a Pod what there is for it.
///
/// # Errors
/// What stands in the Pod's way, and what to do about it. A Pod that nothing is there for is let through,
/// unless its label asks for something.
pub fn inject(
    pod: &Pod,
    target: &Target,
    given: &Given,
    settings: &Settings,
) -> Result<Injection, Refusal> {
    if let Target::Client(name) = target
        && given.is_empty()
    {
        return Err(Refusal::NoClient(name.clone()));
    }
    let spec = pod.spec.as_ref().filter(|_| given.has_something());
    let Some(spec) = spec else {
        return Ok(Injection::default());
    };
    let containers = container::chosen(pod, spec, target.name())?;
    let sidecar = sidecar::wanted(pod, spec, target, given, settings)?;
    let wants_proxy = given.webproxy || target::says(pod, WEBPROXY)?.unwrap_or_default();
    let proxy = settings.proxy.as_ref().filter(|_| wants_proxy);
    let mut edit = Edit::default();
    // Each goes before the one before it.
    for credential in given.credentials().rev() {
        edit.credential(pod, spec, &containers, &credential)?;
    }
    for Chosen { path, container } in &containers {
        if sidecar.is_some() {
            edit.token_variables(path, container);
        }
        if let Some(proxy) = proxy {
            edit.proxy_variables(path, container, proxy);
        }
    }
    if let Some(sidecar) = sidecar {
        let position = sidecar::position(spec, &containers);
        edit.label(pod, "texas");
        edit.init_container(spec, position, sidecar);
    }
    Ok(Injection {
        patch: edit.into_patch(),
        warnings: warnings(wants_proxy && proxy.is_none(), target),
    })
}

/// On the platform a proxy that is not there is none that is needed; whoever asks for one with an annotation
/// may think otherwise.
fn warnings(lacks_proxy: bool, target: &Target) -> Vec<String> {
    let warning = format!("annotation {WEBPROXY}: the operator is configured with no web proxy");
    let is_news = lacks_proxy && target.is_labelled();
    is_news.then_some(warning).into_iter().collect()
}
