//! How the API server is told of the webhook.

use serde_json::{Value, json};

use crate::injection::INJECT;

/// Path of the webhook.
pub const PATH: &str = "/inject";

/// Seconds that the API server waits for an answer. A Pod that is made waits with it.
pub const TIMEOUT_SECONDS: u64 = 5;

/// Namespaces that no Pod of is ever asked about: what keeps the cluster running must not wait for us.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// The label by which a namespace is known to selectors; the API server sets it.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// What becomes of Pods while no replica answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They are made without credentials.
    #[default]
    Ignore,
    /// They are not made.
    Fail,
}

/// A webhook as the API server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Name of the configuration.
    pub name: String,
    /// Namespace of the operator, which is never asked about.
    pub namespace: String,
    /// What is called: `service` with `name`, `namespace` and `path`, or `url`.
    pub endpoint: Value,
    /// What becomes of Pods while no replica answers.
    pub failure_policy: FailurePolicy,
    /// Only Pods of this namespace are asked about; of every one that is no system's when absent.
    pub only_in: Option<String>,
}

impl Registration {
    /// That of the documented installation: in `portvakt-operator`, behind the Service `portvakt-webhook`.
    pub fn documented() -> Self {
        let (name, namespace) = ("portvakt-webhook", "portvakt-operator");
        Self {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            endpoint: json!({"service": {"name": name, "namespace": namespace, "path": PATH, "port": 443}}),
            failure_policy: FailurePolicy::Ignore,
            only_in: None,
        }
    }

    /// The `MutatingWebhookConfiguration`. It says nothing of whom the API server trusts: the operator writes
    /// that, and whoever applies this again leaves it.
    ///
    /// There are two webhooks because a selector cannot say "or": Pods that ask, and Pods that an Application may
    /// ask for.
    pub fn configuration(&self) -> Value {
        let labelled = json!({"matchLabels": {INJECT: "true"}});
        let named = json!({"matchExpressions": [
            {"key": "app", "operator": "Exists"},
            {"key": INJECT, "operator": "DoesNotExist"},
        ]});
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": self.name},
            "webhooks": [
                self.webhook("labelled.pods.portvakt", &labelled),
                self.webhook("applications.pods.portvakt", &named),
            ],
        })
    }

    fn webhook(&self, name: &str, pods: &Value) -> Value {
        let namespaces = if let Some(namespace) = &self.only_in {
            json!({"matchLabels": {NAMESPACE_NAME: namespace}})
        } else {
            let excluded: Vec<_> = SYSTEM
                .into_iter()
                .chain([self.namespace.as_str()])
                .collect();
            json!({"matchExpressions": [
                {"key": NAMESPACE_NAME, "operator": "NotIn", "values": excluded},
            ]})
        };
        let policy = match self.failure_policy {
            FailurePolicy::Ignore => "Ignore",
            FailurePolicy::Fail => "Fail",
        };
        json!({
            "name": name,
            "admissionReviewVersions": ["v1"],
            "clientConfig": self.endpoint,
            "failurePolicy": policy,
            "matchPolicy": "Equivalent",
            "namespaceSelector": namespaces,
            "objectSelector": pods,
            "reinvocationPolicy": "IfNeeded",
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                "scope": "Namespaced",
            }],
            "sideEffects": "None",
            "timeoutSeconds": TIMEOUT_SECONDS,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `PORTVAKT_BLESS=1` writes the file anew.
    #[test]
    fn the_committed_configuration_is_the_documented_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/operator/webhook.yaml");
        let configuration = Registration::documented().configuration();
        let made = format!(
            "# Made by crates/operator/src/webhook/configuration.rs. Do not edit.\n---\n{}",
            serde_saphyr::to_string(&configuration).unwrap()
        );
        if std::env::var_os("PORTVAKT_BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == made,
            "deploy/operator/webhook.yaml is out of date: PORTVAKT_BLESS=1 cargo test -p portvakt-operator"
        );
    }
}
