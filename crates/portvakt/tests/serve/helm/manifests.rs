//! The manifests fit together, and Kubernetes knows every field of them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::operator::OPERATOR;
use super::{Manifests, SERVER, SETS, VERSIONS};
use crate::deployment::path;
use crate::harness::Deployment;

#[test]
fn helm_finds_nothing_to_say() {
    for chart in [SERVER, OPERATOR] {
        for set in chart.sets {
            let linted = chart.helm(&["lint", "--strict"], set, &[]);
            assert!(linted.status.success(), "{set}: {linted:?}");
        }
    }
}

#[test]
fn kubernetes_knows_every_field() {
    let python = path("..").join("target/clients/python/bin/python3");
    assert!(python.exists(), "run scripts/clients.sh");
    let charts = [SERVER, OPERATOR];
    let sets = charts.iter().flat_map(|chart| chart.sets);
    let least = 7 * sets.count();
    let rendered = charts.map(|chart| {
        let rendered = chart.sets.iter().map(|set| chart.text(set, &[]));
        rendered.collect::<String>()
    });
    let folder = Deployment::new();
    let file = folder.file("all.yaml", &rendered.concat());
    for version in VERSIONS {
        let validated = Command::new(&python)
            .arg(path("../tests/clients/python/validate_manifests.py"))
            .args([version.trim_end_matches(".0"), &file])
            .output()
            .unwrap();
        assert!(validated.status.success(), "{validated:?}");
        let count = String::from_utf8(validated.stdout).unwrap();
        assert!(count.trim().parse::<usize>().unwrap() >= least, "{count}");
    }
}

/// Whatever selects pods selects the ones of the release.
#[test]
fn every_selector_finds_the_pods() {
    for chart in [SERVER, OPERATOR] {
        for set in chart.sets {
            let manifests = chart.manifests(set, &[]);
            let deployment = &manifests.one("Deployment")["spec"];
            let labels = deployment["template"]["metadata"]["labels"]
                .as_object()
                .unwrap();
            let mut selectors = vec![&deployment["selector"]["matchLabels"]];
            for (kind, selector) in [
                ("Service", "/spec/selector"),
                ("PodDisruptionBudget", "/spec/selector/matchLabels"),
                ("NetworkPolicy", "/spec/podSelector/matchLabels"),
            ] {
                let of_kind = manifests.kind(kind);
                let found = of_kind.iter().map(|it| it.pointer(selector).unwrap());
                selectors.extend(found);
            }
            assert!(selectors.len() >= 3, "{set}");
            for selector in selectors {
                let selector = selector.as_object().unwrap();
                assert!(selector.len() >= 2, "{set}: {selector:?}");
                let is_met = selector
                    .iter()
                    .all(|(name, value)| labels.get(name) == Some(value));
                assert!(is_met, "{set}: {selector:?}");
            }
        }
    }
}

/// Threat: the operator's API and the metrics are reached from outside.
#[test]
fn the_operations_port_is_for_the_platform_alone() {
    for set in SETS {
        let manifests = Manifests::of(set);
        let services = manifests.kind("Service");
        let logins = usize::from(set == "everything");
        assert_eq!(services.len(), 3 + logins, "{set}");
        for service in services {
            let name = service["metadata"]["name"].as_str().unwrap();
            let [port] = service["spec"]["ports"].as_array().unwrap().as_slice() else {
                panic!("{service}");
            };
            let target = port["targetPort"].as_str().unwrap();
            assert!(name.ends_with(&format!("-{target}")), "{set}: {service}");
            assert!(manifests.port(target).is_u64(), "{set}: {service}");
            if target == "operations" {
                let kind = (&service["spec"]["type"], &service["spec"]["clusterIP"]);
                assert_eq!(kind, (&json!("ClusterIP"), &json!("None")), "{set}");
            }
        }
        let policy = &manifests.one("NetworkPolicy")["spec"];
        let rules = policy["ingress"].as_array().unwrap();
        let open = rules.iter().filter(|rule| rule.get("from").is_none());
        for rule in open {
            let ports: Vec<_> = rule["ports"]
                .as_array()
                .unwrap()
                .iter()
                .map(|port| &port["port"])
                .collect();
            let expected: &[&str] = match set {
                "everything" => &["maskinporten", "idporten", "selfservice"],
                _ => &["maskinporten", "selfservice"],
            };
            assert_eq!(ports, expected, "{set}");
        }
    }
    for kind in ["Ingress", "HTTPRoute"] {
        for manifest in Manifests::of("everything").kind(kind) {
            let text = manifest.to_string();
            assert!(
                !text.contains("operations") && !text.contains("7704"),
                "{text}"
            );
        }
    }
}

/// Hosts and paths are those of the configuration, by either way in.
#[test]
fn what_is_asked_for_outside_reaches_its_surface() {
    let manifests = Manifests::of("everything");
    let expected = BTreeSet::from([
        ("maskinporten.example.no", "/", "test-portvakt-maskinporten"),
        ("skyporten.example.no", "/", "test-portvakt-maskinporten"),
        ("idporten.example.no", "/", "test-portvakt-idporten"),
        ("login.example.no", "/", "test-portvakt-idporten"),
        (
            "maskinporten.example.no",
            "/api/v1",
            "test-portvakt-selfservice",
        ),
        ("api.example.no", "/api/v1", "test-portvakt-selfservice"),
    ]);
    let text = |value: &'_ Value| -> String { value.as_str().unwrap().to_owned() };
    let owned: BTreeSet<_> = expected
        .iter()
        .map(|(host, path, service)| {
            (
                (*host).to_owned(),
                (*path).to_owned(),
                (*service).to_owned(),
            )
        })
        .collect();

    let ingress = &manifests.one("Ingress")["spec"];
    let rules = ingress["rules"].as_array().unwrap().iter().map(|rule| {
        let path = &rule["http"]["paths"][0];
        (
            text(&rule["host"]),
            text(&path["path"]),
            text(&path["backend"]["service"]["name"]),
        )
    });
    assert_eq!(rules.collect::<BTreeSet<_>>(), owned);
    let hosts = json!([
        "maskinporten.example.no",
        "skyporten.example.no",
        "idporten.example.no",
        "login.example.no",
        "api.example.no"
    ]);
    assert_eq!(ingress["tls"][0]["hosts"], hosts);

    let routes = manifests.kind("HTTPRoute");
    let routes = routes.iter().map(|route| {
        let rule = &route["spec"]["rules"][0];
        let backend = &rule["backendRefs"][0];
        let service = manifests
            .kind("Service")
            .into_iter()
            .find(|service| service["metadata"]["name"] == backend["name"]);
        assert_eq!(
            service.unwrap()["spec"]["ports"][0]["port"],
            backend["port"]
        );
        (
            text(&route["spec"]["hostnames"][0]),
            text(&rule["matches"][0]["path"]["value"]),
            text(&backend["name"]),
        )
    });
    assert_eq!(routes.collect::<BTreeSet<_>>(), owned);
}

#[test]
fn prometheus_finds_the_figures() {
    for chart in [SERVER, OPERATOR] {
        let manifests = chart.manifests("everything", &[]);
        let monitor = &manifests.one("ServiceMonitor")["spec"];
        let selector = monitor["selector"]["matchLabels"].as_object().unwrap();
        let services = manifests.kind("Service");
        let mut selected = services.iter().filter(|service| {
            let labels = &service["metadata"]["labels"];
            selector
                .iter()
                .all(|(name, value)| labels.get(name) == Some(value))
        });
        let service = selected.next().unwrap();
        assert!(selected.next().is_none(), "only one");
        let endpoint = &monitor["endpoints"][0];
        assert_eq!(service["spec"]["ports"][0]["name"], endpoint["port"]);
        assert_eq!(endpoint["path"], "/metrics");
    }
}
