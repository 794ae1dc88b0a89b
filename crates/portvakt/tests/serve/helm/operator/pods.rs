//! How the operator's pods get the key, answer probes, and replace each other.

use serde_json::json;

use super::super::named;
use super::OPERATOR;

/// The key exists before, and no value of it passes through the chart.
#[test]
fn the_key_is_a_file_that_the_group_may_read() {
    for (more, secret, item) in [
        (
            "",
            "portvakt-operator-admin",
            json!({"key": "key.pem", "path": "key"}),
        ),
        (
            "admin.key.secretName=,admin.module.library=/usr/lib/hsm.so,admin.module.token=t,\
             admin.module.label=l,admin.module.pinSecretName=pin",
            "pin",
            json!({"key": "pin", "path": "pin"}),
        ),
    ] {
        let manifests = OPERATOR.manifests("base", &["--set", more]);
        assert!(manifests.kind("Secret").is_empty());
        let volume = &named(&manifests.pod()["volumes"], "admin")["secret"];
        assert_eq!(volume["secretName"], secret);
        assert_eq!(
            (&volume["defaultMode"], &volume["items"][0]),
            (&json!(0o440), &item)
        );
        let mount = named(&manifests.container()["volumeMounts"], "admin");
        let file = format!(
            "{}/{}",
            mount["mountPath"].as_str().unwrap(),
            item["path"].as_str().unwrap()
        );
        let variables = manifests.container()["env"].as_array().unwrap();
        let mut named = variables
            .iter()
            .filter(|variable| variable["value"] == file);
        assert!(named.next().is_some(), "{file}");
        assert!(
            variables
                .iter()
                .all(|variable| variable["value"].is_string()),
            "{variables:?}"
        );
    }
}

/// Threat: two operators act at once while one pod replaces another.
#[test]
fn pods_replace_each_other_by_the_lease_or_one_after_the_other() {
    let elected = OPERATOR.manifests("base", &[]);
    let deployment = &elected.one("Deployment")["spec"];
    assert_eq!(deployment["replicas"], 1);
    assert_eq!(deployment["strategy"]["type"], "RollingUpdate");
    assert!(elected.kind("PodDisruptionBudget").is_empty());
    let alone = OPERATOR.manifests("base", &["--set", "leaderElection.enabled=false"]);
    let deployment = &alone.one("Deployment")["spec"];
    assert_eq!(deployment["strategy"], json!({"type": "Recreate"}));
    assert!(alone.kind("Role").is_empty(), "nothing is elected");

    let several = OPERATOR.manifests("everything", &[]);
    assert_eq!(several.one("Deployment")["spec"]["replicas"], 2);
    assert_eq!(
        several.one("PodDisruptionBudget")["spec"]["maxUnavailable"],
        1
    );
    assert!(several.pod()["topologySpreadConstraints"].is_array());
    // Longer than the webhook goes on answering.
    assert_eq!(several.pod()["terminationGracePeriodSeconds"], 80);
}

#[test]
fn probes_ask_where_the_operator_answers() {
    for (set, port) in [("base", 8080), ("everything", 9090)] {
        let manifests = OPERATOR.manifests(set, &[]);
        assert_eq!(*manifests.port("metrics"), port, "{set}");
        let variables = &manifests.container()["env"];
        let address = named(variables, "DIGDIRATOR_METRICS_ADDRESS");
        assert_eq!(address["value"], format!(":{port}"), "{set}");
        for (probe, page) in [
            ("startupProbe", "/health"),
            ("livenessProbe", "/health"),
            ("readinessProbe", "/ready"),
        ] {
            let asked = &manifests.container()[probe]["httpGet"];
            assert_eq!(*asked, json!({"path": page, "port": "metrics"}), "{set}");
        }
    }
}
