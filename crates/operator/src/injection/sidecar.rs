//! The token sidecar (spec: nais §8.3).

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvFromSource, EnvVar, EnvVarSource, HTTPGetAction,
    ObjectFieldSelector, Pod, PodSpec, Probe, ResourceRequirements, SeccompProfile,
    SecretEnvSource, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use portvakt_nais::desired::ClientKind;

use super::container::Chosen;
use super::target::says;
use super::{Given, Refusal, SIDECAR, Settings, SidecarImage, Target};

/// Where the application finds it.
pub(super) const ADDRESS: &str = "http://127.0.0.1:7164";

const NAME: &str = "texas";
const PORT: i32 = 7164;
const PROBE_PORT: i32 = 7165;
const USER: i64 = 1069;
/// Seconds that it may take to read the keys of the issuers.
const START_SECONDS: i32 = 60;

/// The sidecar that is to be added to a Pod: the one of a workload with a client gets it unless it declines, others when
/// they ask. None if it has one already.
pub(super) fn wanted(
    pod: &Pod,
    spec: &PodSpec,
    target: &Target,
    given: &Given,
    settings: &Settings,
) -> Result<Option<Container>, Refusal> {
    let asked = says(pod, SIDECAR)?;
    let is_wanted = asked.unwrap_or(!target.is_labelled() && settings.sidecar.is_some());
    if !is_wanted || given.is_empty() || is_there(spec) {
        return Ok(None);
    }
    let image = settings.sidecar.as_ref().ok_or(Refusal::NoSidecar)?;
    if spec.host_network == Some(true) {
        return Err(Refusal::HostNetwork);
    }
    let containers = spec.containers.iter();
    let containers = containers.chain(spec.init_containers.iter().flatten());
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    if let Some(taken) = ports.find(|it| [PORT, PROBE_PORT].contains(&it.container_port)) {
        return Err(Refusal::Port(taken.container_port));
    }
    Ok(Some(container(image, given, settings)))
}

/// After what prepares the Pod, such as its network, and before whatever is to use it.
pub(super) fn position(spec: &PodSpec, users: &[Chosen<'_>]) -> usize {
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let is_user = |container: &Container| {
        let mut users = users.iter();
        users.any(|user| std::ptr::eq(user.container, container))
    };
    init.iter().position(is_user).unwrap_or(init.len())
}

fn is_there(spec: &PodSpec) -> bool {
    let init = spec.init_containers.iter().flatten();
    init.chain(&spec.containers).any(|it| it.name == NAME)
}

/// A container that starts before the application and ends after it.
fn container(image: &SidecarImage, given: &Given, settings: &Settings) -> Container {
    Container {
        name: NAME.to_owned(),
        image: Some(image.image.clone()),
        args: (!image.args.is_empty()).then(|| image.args.clone()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        restart_policy: Some("Always".to_owned()),
        ports: Some(vec![port(NAME, PORT), port("probe", PROBE_PORT)]),
        startup_probe: Some(Probe {
            http_get: Some(HTTPGetAction {
                path: Some("/healthz".to_owned()),
                port: IntOrString::Int(PROBE_PORT),
                ..HTTPGetAction::default()
            }),
            period_seconds: Some(1),
            failure_threshold: Some(START_SECONDS),
            ..Probe::default()
        }),
        resources: Some(resources()),
        security_context: Some(security_context()),
        env_from: Some(sources(given)),
        env: Some(variables(given, settings)),
        ..Container::default()
    }
}

fn port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        ..ContainerPort::default()
    }
}

fn resources() -> ResourceRequirements {
    let amounts = |amounts: &[(&str, &str)]| {
        let amounts = amounts.iter();
        let amounts =
            amounts.map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned())));
        Some(amounts.collect())
    };
    ResourceRequirements {
        requests: amounts(&[("cpu", "10m"), ("memory", "32Mi")]),
        limits: amounts(&[("memory", "256Mi")]),
        ..ResourceRequirements::default()
    }
}

fn security_context() -> SecurityContext {
    SecurityContext {
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        run_as_non_root: Some(true),
        read_only_root_filesystem: Some(true),
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..SecurityContext::default()
    }
}

fn sources(given: &Given) -> Vec<EnvFromSource> {
    let credentials = given.credentials();
    let sources = credentials.map(|credential| EnvFromSource {
        secret_ref: Some(SecretEnvSource {
            name: credential.secret.to_owned(),
            ..SecretEnvSource::default()
        }),
        ..EnvFromSource::default()
    });
    sources.collect()
}

fn variables(given: &Given, settings: &Settings) -> Vec<EnvVar> {
    let text = |name: &str, value: &str| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        ..EnvVar::default()
    };
    let mut variables = vec![
        text("BIND_ADDRESS", "127.0.0.1:7164"),
        text("PROBE_BIND_ADDRESS", "0.0.0.0:7165"),
        pod_name(),
    ];
    for credential in given.credentials() {
        match credential.kind {
            ClientKind::Maskinporten => variables.push(text("MASKINPORTEN_ENABLED", "true")),
            // It does not start when it is to verify tokens of ID-porten and knows no audience.
            ClientKind::IdPorten if has_audience(credential.secret, settings) => {
                variables.push(text("IDPORTEN_ENABLED", "true"));
            }
            ClientKind::IdPorten => {}
        }
    }
    variables
}

/// The shared Secret has an audience; another has if the operator is configured to put one there.
fn has_audience(secret: &str, settings: &Settings) -> bool {
    let is_shared = settings.shared_idporten_secret.as_deref() == Some(secret);
    is_shared || settings.idporten_has_audience
}

fn pod_name() -> EnvVar {
    EnvVar {
        name: "NAIS_POD_NAME".to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: "metadata.name".to_owned(),
                ..ObjectFieldSelector::default()
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}
