//! Which rights the chart gives. That they are enough, and that none is too many, is tested on a real API server
//! (`tests/kubernetes/delivery/rights.rs`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Manifests;
use super::{OPERATOR, OPTIONS, SETS};

/// Every verb on every resource that a role gives.
fn given(role: &Value) -> BTreeSet<String> {
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut given = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for resource in texts(&rule["resources"]) {
            for verb in texts(&rule["verbs"]) {
                given.insert(format!("{verb} {resource}"));
            }
        }
    }
    given
}

fn all(manifests: &Manifests) -> BTreeSet<String> {
    let mut roles = manifests.kind("ClusterRole");
    roles.extend(manifests.kind("Role"));
    roles.into_iter().flat_map(given).collect()
}

/// Threat: whoever gets into the operator gives themselves more rights, or reaches what it has no business with.
#[test]
fn no_right_leads_to_others() {
    for set in SETS {
        let manifests = OPERATOR.manifests(set, &[]);
        for role in [manifests.kind("ClusterRole"), manifests.kind("Role")].concat() {
            let text = role["rules"].to_string();
            for forbidden in [
                "\"*\"",
                "roles",
                "rolebindings",
                "serviceaccounts",
                "nodes",
                "impersonate",
                "escalate",
                "\"bind\"",
                "deletecollection",
                "pods/",
                "nonResourceURLs",
            ] {
                assert!(!text.contains(forbidden), "{set}: {forbidden} in {text}");
            }
        }
        let account = &manifests.one("ServiceAccount")["metadata"];
        assert_eq!(manifests.pod()["serviceAccountName"], account["name"]);
        let subject = json!([{
            "kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"],
        }]);
        for (kind, roles) in [
            ("ClusterRoleBinding", "ClusterRole"),
            ("RoleBinding", "Role"),
        ] {
            let (bindings, roles) = (manifests.kind(kind), manifests.kind(roles));
            assert_eq!(bindings.len(), roles.len(), "{set}");
            for (binding, role) in bindings.into_iter().zip(roles) {
                assert_eq!(
                    binding["roleRef"]["name"], role["metadata"]["name"],
                    "{set}"
                );
                assert_eq!(binding["roleRef"]["kind"], role["kind"], "{set}");
                let namespaces = [binding, role].map(|it| it["metadata"].get("namespace"));
                assert_eq!(namespaces[0], namespaces[1], "{set}");
                assert_eq!(binding["subjects"], subject, "{set}");
            }
        }
    }
}

#[test]
fn what_an_option_needs_is_given_with_that_option_alone() {
    let with = |more: &str| all(&OPERATOR.manifests("base", &["--set", more]));
    let base = all(&OPERATOR.manifests("base", &[]));
    let more_with = |more: &str| -> Vec<String> { with(more).difference(&base).cloned().collect() };
    assert_eq!(
        more_with("webhook.enabled=true"),
        [
            "get applications",
            "get mutatingwebhookconfigurations",
            "get naisjobs",
            "patch mutatingwebhookconfigurations",
            "update secrets",
        ]
    );
    assert_eq!(
        more_with("applications.enabled=true"),
        [
            "create idportenclients",
            "create maskinportenclients",
            "delete idportenclients",
            "delete maskinportenclients",
            "list applications",
            "list naisjobs",
            "update idportenclients",
            "update maskinportenclients",
            "watch applications",
            "watch naisjobs",
        ]
    );
    let less_with = |less: &str| -> Vec<String> { base.difference(&with(less)).cloned().collect() };
    assert_eq!(
        less_with("leaderElection.enabled=false"),
        [
            "create configmaps",
            "create leases",
            "get configmaps",
            "get leases",
            "patch configmaps",
            "update leases",
        ]
    );
    assert_eq!(
        less_with("idporten.enabled=false,idporten.wellKnownUrl="),
        [
            "get idportenclients",
            "list idportenclients",
            "patch idportenclients",
            "update idportenclients/finalizers",
            "update idportenclients/status",
            "watch idportenclients",
        ]
    );
}

/// What has a name is given by its name, in its namespace.
#[test]
fn the_lease_the_certificates_and_the_configuration_are_named() {
    let manifests = OPERATOR.manifests("everything", &[]);
    // Namespaces and names of what a verb on a resource is given for.
    let targets = |kind: &str, resource: &str, verb: &str| -> Vec<(Value, Value)> {
        let has = |list: &Value, text: &str| list.as_array().unwrap().contains(&json!(text));
        let mut targets = Vec::new();
        for role in manifests.kind(kind) {
            for rule in role["rules"].as_array().unwrap() {
                if has(&rule["resources"], resource) && has(&rule["verbs"], verb) {
                    let namespace = role["metadata"]["namespace"].clone();
                    targets.push((namespace, rule["resourceNames"].clone()));
                }
            }
        }
        targets
    };
    let one = |namespace: Value, name: &str| vec![(namespace, json!([name]))];
    assert_eq!(
        targets("Role", "leases", "update"),
        one(json!("nais-system"), "digdirator.nais.io")
    );
    assert_eq!(
        targets("Role", "secrets", "update"),
        one(json!("portvakt-operator"), "injection")
    );
    assert_eq!(
        targets("ClusterRole", "mutatingwebhookconfigurations", "patch"),
        one(Value::Null, "injection")
    );
    assert_eq!(targets("ClusterRole", "secrets", "update"), []);
    let documented = all(&OPERATOR.manifests("base", &OPTIONS));
    assert_eq!(documented, all(&manifests), "both sets have every option");
}
