//! What a pod may do, and how pods replace each other.

use serde_json::json;

use super::operator::OPERATOR;
use super::{Manifests, SERVER, SETS, named, text};

/// Threat: whoever gets into a pod has its node.
#[test]
fn no_pod_has_rights_on_its_node() {
    for chart in [SERVER, OPERATOR] {
        for set in chart.sets {
            let manifests = chart.manifests(set, &[]);
            let pod = manifests.pod();
            let context = &pod["securityContext"];
            assert_eq!(context["runAsNonRoot"], true, "{set}");
            // A large number is not written as 1.00065e+09.
            let user = if *set == "everything" {
                1_000_650_000
            } else {
                65532
            };
            // Secrets are readable for the group.
            for member in ["runAsUser", "runAsGroup", "fsGroup"] {
                assert_eq!(context[member], user, "{set}: {member}");
            }
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{set}");
            let containers = pod["containers"].as_array().unwrap();
            assert!(
                containers.len() == 1 && pod.get("initContainers").is_none(),
                "{set}"
            );
            let expected = json!({
                "allowPrivilegeEscalation": false,
                "privileged": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            });
            assert_eq!(containers[0]["securityContext"], expected, "{set}");
            for forbidden in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
                assert!(pod.get(forbidden).is_none(), "{set}: {forbidden}");
            }
            // Variables of services would be taken for settings: PORTVAKT_WEBHOOK_PORT.
            assert_eq!(pod["enableServiceLinks"], false, "{set}");
        }
    }
}

#[test]
fn a_pod_has_no_rights() {
    for set in SETS {
        let manifests = Manifests::of(set);
        let pod = manifests.pod();
        assert_eq!(pod["automountServiceAccountToken"], false, "{set}");
        let account = manifests.one("ServiceAccount");
        assert_eq!(account["automountServiceAccountToken"], false, "{set}");
        assert_eq!(
            pod["serviceAccountName"], account["metadata"]["name"],
            "{set}"
        );
        // Others than its user and root cannot read a secret, or the server would refuse it.
        assert!(text(set, &[]).contains("defaultMode: 0440\n"), "{set}");
    }
}

/// Secrets exist before, and no value of one passes through the chart.
#[test]
fn secrets_are_named_and_never_made() {
    let expected = [
        ("encryption.key", "portvakt-encryption-key"),
        ("database.password", "portvakt-database"),
        ("trace.headers", "collector"),
        ("former-0.key", "portvakt-former-key"),
    ];
    for (set, count) in [("sqlite", 1), ("postgresql", 2), ("everything", 4)] {
        let manifests = Manifests::of(set);
        assert_eq!(manifests.secrets(), expected[..count], "{set}");
        assert!(manifests.kind("Secret").is_empty(), "{set}");
        let variables = manifests.container()["env"].as_array().unwrap();
        let from_secrets = variables
            .iter()
            .filter(|variable| variable["valueFrom"].get("secretKeyRef").is_some());
        assert_eq!(from_secrets.count(), 0, "{set}");
    }
}

#[test]
fn pods_on_postgresql_replace_each_other_one_by_one() {
    let manifests = Manifests::of("postgresql");
    let deployment = &manifests.one("Deployment")["spec"];
    assert_eq!(deployment["replicas"], 2);
    let rolling =
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}});
    assert_eq!(deployment["strategy"], rolling);
    let budget = &manifests.one("PodDisruptionBudget")["spec"];
    assert_eq!(budget["maxUnavailable"], 1);
    let spread = manifests.pod()["topologySpreadConstraints"]
        .as_array()
        .unwrap();
    let keys: Vec<_> = spread
        .iter()
        .map(|constraint| &constraint["topologyKey"])
        .collect();
    assert_eq!(
        keys,
        ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    );
    assert!(manifests.kind("PersistentVolumeClaim").is_empty());
}

/// Threat: two processes on one file, or a database that goes with its pod.
#[test]
fn one_pod_at_a_time_has_the_file() {
    let manifests = Manifests::of("sqlite");
    let deployment = &manifests.one("Deployment")["spec"];
    assert_eq!(deployment["replicas"], 1);
    assert_eq!(deployment["strategy"], json!({"type": "Recreate"}));
    let claim = manifests.one("PersistentVolumeClaim");
    let name = &claim["metadata"]["name"];
    let volume = named(&manifests.pod()["volumes"], "data");
    assert_eq!(&volume["persistentVolumeClaim"]["claimName"], name);
    assert_eq!(
        claim["metadata"]["annotations"]["helm.sh/resource-policy"],
        "keep"
    );
    let mount = named(&manifests.container()["volumeMounts"], "data");
    let configuration = manifests.configuration();
    let file = format!("sqlite:{}/", mount["mountPath"].as_str().unwrap());
    assert!(configuration.contains(&file), "{configuration}");
    assert!(manifests.kind("PodDisruptionBudget").is_empty());
    let existing = ["--set", "persistence.existingClaim=fjord-data"];
    let manifests = Manifests::with("sqlite", &existing);
    let volume = named(&manifests.pod()["volumes"], "data");
    assert_eq!(volume["persistentVolumeClaim"]["claimName"], "fjord-data");
    assert!(manifests.kind("PersistentVolumeClaim").is_empty());
}

#[test]
fn an_image_is_named_by_its_digest_if_there_is_one() {
    for (set, more, expected) in [
        (
            "postgresql",
            &[][..],
            concat!(":", env!("CARGO_PKG_VERSION")),
        ),
        ("postgresql", &["--set", "image.tag=next"], ":next"),
        (
            "everything",
            &["--set", "image.tag=next"],
            "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ] {
        let manifests = Manifests::with(set, more);
        let image = manifests.container()["image"].as_str().unwrap();
        assert_eq!(image, format!("registry.example.no/portvakt{expected}"));
    }
}
