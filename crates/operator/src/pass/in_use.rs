//! Which Secrets something that runs, or that a roll-back brings back, was started with (spec: nais §6.7).

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, EnvFromSource, EnvVar, EphemeralContainer, PodSpec};

/// What was started, or may be, with Secrets: Pods and `ReplicaSets` of one workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    secrets: BTreeSet<String>,
    oldest_pod: Option<i64>,
}

impl InUse {
    /// Adds a Pod that was made at this time, in seconds since 1970.
    pub fn add_pod(&mut self, spec: &PodSpec, created_at: i64) {
        self.add_template(spec);
        let oldest = self.oldest_pod.map_or(created_at, |at| at.min(created_at));
        self.oldest_pod = Some(oldest);
    }

    /// Adds a template of Pods, which a roll-back may bring back.
    pub fn add_template(&mut self, spec: &PodSpec) {
        self.secrets.extend(secrets_of(spec));
    }

    pub(super) fn has(&self, secret: &str) -> bool {
        self.secrets.contains(secret)
    }

    /// Whether there is a Pod that was made before this time.
    pub(super) fn has_pod_before(&self, at: i64) -> bool {
        self.oldest_pod.is_some_and(|oldest| oldest < at)
    }
}

/// The Secrets that a Pod, or the template of a `ReplicaSet`, takes as files or as variables.
fn secrets_of(spec: &PodSpec) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for volume in spec.volumes.iter().flatten() {
        names.extend(
            volume
                .secret
                .as_ref()
                .and_then(|secret| secret.secret_name.clone()),
        );
        // The existing operator overlooks projected volumes; a key that only such a volume has is in use, too.
        let sources = volume
            .projected
            .iter()
            .flat_map(|projected| projected.sources.iter().flatten());
        let secrets = sources.filter_map(|source| source.secret.as_ref());
        names.extend(secrets.map(|secret| secret.name.clone()));
    }
    let containers = spec
        .init_containers
        .iter()
        .flatten()
        .chain(&spec.containers);
    for Container { env, env_from, .. } in containers {
        add(&mut names, env.as_deref(), env_from.as_deref());
    }
    for EphemeralContainer { env, env_from, .. } in spec.ephemeral_containers.iter().flatten() {
        add(&mut names, env.as_deref(), env_from.as_deref());
    }
    names
}

fn add(names: &mut BTreeSet<String>, env: Option<&[EnvVar]>, from: Option<&[EnvFromSource]>) {
    let single = env.unwrap_or_default().iter().filter_map(|variable| {
        let source = variable.value_from.as_ref()?;
        source
            .secret_key_ref
            .as_ref()
            .map(|secret| secret.name.clone())
    });
    let whole = from.unwrap_or_default().iter();
    let whole =
        whole.filter_map(|source| source.secret_ref.as_ref().map(|secret| secret.name.clone()));
    names.extend(single.chain(whole));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_that_names_a_secret_counts() {
        let container = |name: &str| {
            json!({
                "name": name,
                "env": [
                    {"name": "A", "value": "not a secret"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": format!("{name}-one"), "key": "k"}}},
                    {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "a-map", "key": "k"}}},
                ],
                "envFrom": [
                    {"secretRef": {"name": format!("{name}-all")}},
                    {"configMapRef": {"name": "a-map"}},
                ],
            })
        };
        let spec = json!({
            "containers": [container("app")],
            "initContainers": [container("init")],
            "ephemeralContainers": [container("debug")],
            "volumes": [
                {"name": "files", "secret": {"secretName": "mounted"}},
                {"name": "some", "projected": {"sources": [
                    {"secret": {"name": "projected"}}, {"configMap": {"name": "a-map"}},
                ]}},
                {"name": "none", "emptyDir": {}},
            ],
        });
        let found = secrets_of(&serde_json::from_value(spec).unwrap());
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(
            found,
            [
                "app-all",
                "app-one",
                "debug-all",
                "debug-one",
                "init-all",
                "init-one",
                "mounted",
                "projected"
            ]
        );
    }
}
