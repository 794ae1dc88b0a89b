//! `spec` of Application and Naisjob (spec: nais §3).

use portvakt_yaml::{Content, Node, Place};

use super::entry::{Entry, any_text};
use super::fault::Faults;
use super::{clients, idporten, scopes};
use crate::model::{
    EnvSource, EnvValue, EnvVariable, Maskinporten, ResourceKind, Workload, WorkloadKind,
};

/// What stands in the specifications of both kinds.
const COMMON: [&str; 33] = [
    "accessPolicy",
    "azure",
    "command",
    "elastic",
    "env",
    "envFrom",
    "filesFrom",
    "gcp",
    "image",
    "influx",
    "kafka",
    "liveness",
    "logging",
    "maskinporten",
    "observability",
    "openSearch",
    "postgres",
    "preStopHook",
    "preStopHookPath",
    "readiness",
    "redis",
    "resources",
    "secureLogs",
    "securityContext",
    "skipCaBundle",
    "startup",
    "terminationGracePeriodSeconds",
    "tokenx",
    "ttl",
    "valkey",
    "vault",
    "webproxy",
    "replicas",
];
const APPLICATION: [&str; 11] = [
    "cleanup",
    "frontend",
    "idporten",
    "ingresses",
    "leaderElection",
    "login",
    "port",
    "prometheus",
    "redirects",
    "service",
    "strategy",
];
const NAISJOB: [&str; 10] = [
    "activeDeadlineSeconds",
    "backoffLimit",
    "completions",
    "concurrencyPolicy",
    "failedJobsHistoryLimit",
    "parallelism",
    "restartPolicy",
    "schedule",
    "successfulJobsHistoryLimit",
    "timeZone",
];
/// Ports of the token sidecar, and of the login proxy.
const SIDECAR_PORTS: [u16; 2] = [7164, 7165];
const PROXY_PORTS: [u16; 3] = [7564, 7565, 7566];

/// Reads `spec`.
pub(super) fn read(kind: WorkloadKind, spec: &Entry<'_>, faults: &mut Faults) -> ResourceKind {
    clients::warn_unknown(spec, &known(kind), faults);
    let is_application = kind == WorkloadKind::Application;
    let maskinporten = maskinporten(spec, faults);
    let idporten = is_application
        .then(|| idporten::read(spec, faults))
        .flatten();
    let workload = Workload {
        kind,
        maskinporten,
        idporten,
        webproxy: spec.flag("webproxy", faults).unwrap_or_default(),
        image: spec.any_text("image", faults),
        port: spec.number::<Port>("port", faults).map(|port| port.0),
        ingresses: spec.list("ingresses", faults, |node, place, faults| {
            any_text(node, place, faults).map(str::to_owned)
        }),
        env: spec.list("env", faults, variable),
        env_from: spec.list("envFrom", faults, source),
    };
    check_port(spec, &workload, faults);
    check_logins(spec, &workload, faults);
    ResourceKind::Workload(Box::new(workload))
}

fn known(kind: WorkloadKind) -> Vec<&'static str> {
    let own: &[&str] = match kind {
        WorkloadKind::Application => &APPLICATION,
        WorkloadKind::Naisjob => &NAISJOB,
    };
    COMMON.iter().chain(own).copied().collect()
}

fn maskinporten(spec: &Entry<'_>, faults: &mut Faults) -> Option<Maskinporten> {
    let entry = spec.mapping("maskinporten", &["enabled", "scopes"], faults)?;
    let enabled = entry.required("enabled", faults, Entry::flag);
    let scopes = scopes::read(&entry, faults);
    Some(Maskinporten {
        enabled: enabled?,
        scopes,
    })
}

/// A TCP port.
struct Port(u16);

impl TryFrom<u32> for Port {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        let port = u16::try_from(number).ok().filter(|port| *port > 0);
        port.map(Self).ok_or("must be a port from 1 to 65535")
    }
}

fn check_port(spec: &Entry<'_>, workload: &Workload, faults: &mut Faults) {
    let (Some(port), Some((place, _))) = (workload.port, spec.member("port")) else {
        return;
    };
    let maskinporten = workload.maskinporten.as_ref().is_some_and(|m| m.enabled);
    let idporten = workload.idporten.as_ref().is_some_and(|i| i.enabled);
    let has_sidecar = maskinporten || idporten;
    if (has_sidecar && SIDECAR_PORTS.contains(&port)) || (idporten && PROXY_PORTS.contains(&port)) {
        let message = format!("cannot use port '{port}'; conflicts with sidecar: take another");
        faults.fault(place, message);
    }
}

/// Only one login proxy can stand before a workload.
fn check_logins(spec: &Entry<'_>, workload: &Workload, faults: &mut Faults) {
    let proxy = workload
        .idporten
        .as_ref()
        .filter(|idporten| idporten.enabled);
    let proxy = proxy.and_then(|idporten| idporten.sidecar.as_ref());
    let is_other = spec.has("login") || has_azure_proxy(spec);
    if proxy.is_some_and(|proxy| proxy.enabled) && is_other {
        let message = "only one of Azure AD, ID-porten or login sidecars can be enabled: keep one";
        faults.fault(spec.place.clone(), message);
    }
}

/// `azure.sidecar.enabled`. What else is wrong there is not this reader's business.
fn has_azure_proxy(spec: &Entry<'_>) -> bool {
    let mut node = spec.member("azure").map(|(_, node)| node);
    for name in ["sidecar", "enabled"] {
        node = node.and_then(|node| match &node.content {
            Content::Mapping(members) => {
                let found = members.iter().find(|(member, _)| member == name);
                found.map(|(_, node)| node)
            }
            _ => None,
        });
    }
    node.is_some_and(|node| matches!(node.content, Content::Boolean(true)))
}

fn variable(node: &Node, place: Place, faults: &mut Faults) -> Option<EnvVariable> {
    let entry = Entry::of(node, place, &["name", "value", "valueFrom"], faults)?;
    let name = entry.required("name", faults, Entry::text);
    let value = if entry.has("valueFrom") {
        EnvValue::Field(field(&entry, faults)?)
    } else {
        EnvValue::Text(entry.any_text("value", faults).unwrap_or_default())
    };
    let name = name?;
    let is_usable = !name.is_empty() && !name.contains(['=', '\0']);
    if !is_usable {
        faults.fault(entry.place, "the name of a variable has no '='");
        return None;
    }
    Some(EnvVariable { name, value })
}

fn field(entry: &Entry<'_>, faults: &mut Faults) -> Option<String> {
    let source = entry.mapping("valueFrom", &["fieldRef"], faults)?;
    let field = source.mapping("fieldRef", &["fieldPath", "apiVersion"], faults)?;
    field.required("fieldPath", faults, Entry::text)
}

fn source(node: &Node, place: Place, faults: &mut Faults) -> Option<EnvSource> {
    let entry = Entry::of(node, place, &["secret", "configmap", "configMap"], faults)?;
    let secret = entry.text("secret", faults).map(EnvSource::Secret);
    let map = ["configmap", "configMap"]
        .into_iter()
        .find_map(|name| entry.text(name, faults));
    secret.or(map.map(EnvSource::ConfigMap))
}
