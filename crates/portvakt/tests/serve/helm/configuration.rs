//! The configuration that the chart writes is one that the server takes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Manifests, SETS, named};
use crate::harness::{Deployment, KEY};

const SECRETS: &str = "/run/secrets/portvakt";

/// Every text in a tree of values.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(members) => members.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_server_takes_it_and_finds_each_secret_where_it_is_mounted() {
    for set in SETS {
        let manifests = Manifests::of(set);
        let deployment = Deployment::new();
        deployment.file("portvakt.yaml", manifests.configuration());
        let checked = deployment.config(&["check"]);
        assert!(checked.status.success(), "{set}: {checked:?}");
        let configuration: Value = serde_json::from_str(manifests.configuration()).unwrap();
        let named_files: BTreeSet<_> = texts(&configuration)
            .into_iter()
            .filter_map(|text| text.strip_prefix(&format!("{SECRETS}/")))
            .collect();
        let mounted = manifests.secrets().into_iter().map(|(path, _)| path);
        assert_eq!(named_files, mounted.collect(), "{set}");
        let mount = named(&manifests.container()["volumeMounts"], "secrets");
        assert_eq!(
            (&mount["mountPath"], &mount["readOnly"]),
            (&SECRETS.into(), &true.into())
        );
    }
}

/// In production it is the only way.
#[test]
fn other_providers_suffice_to_log_in_with() {
    let issuer = "config.idporten.issuer=https://idporten.example.no";
    let upstreams = "config.idporten.upstreams={/etc/fjordid.yaml}";
    let manifests = Manifests::with("postgresql", &["--set", issuer, "--set", upstreams]);
    let configuration: Value = serde_json::from_str(manifests.configuration()).unwrap();
    assert_eq!(
        configuration["idporten"]["upstreams"][0],
        "/etc/fjordid.yaml"
    );
    assert_eq!(configuration["idporten"]["eids"], Value::Null);
}

#[test]
fn the_surfaces_listen_where_the_container_says() {
    for set in SETS {
        let manifests = Manifests::of(set);
        let configuration: Value = serde_json::from_str(manifests.configuration()).unwrap();
        let logins = (set == "everything").then_some("idporten");
        let surfaces = ["maskinporten", "selfservice", "operations"];
        for surface in surfaces.into_iter().chain(logins) {
            let listen = &configuration[surface]["listener"]["listen"];
            let (address, port) = listen.as_str().unwrap().rsplit_once(':').unwrap();
            assert!(["0.0.0.0", "[::]"].contains(&address), "{set}: {listen}");
            assert_eq!(port, manifests.port(surface).to_string(), "{set}");
        }
    }
}

/// The configuration of one node, on free ports, with its secret and its volume in the folder.
#[tokio::test]
async fn a_server_of_the_chart_answers_its_probes() {
    let manifests = Manifests::of("sqlite");
    let deployment = Deployment::new();
    for (path, _) in manifests.secrets() {
        deployment.file(path, KEY);
    }
    let data = named(&manifests.container()["volumeMounts"], "data");
    let mut text = manifests
        .configuration()
        .replace(SECRETS, &deployment.place(""));
    text = text.replace(data["mountPath"].as_str().unwrap(), &deployment.place(""));
    for surface in ["maskinporten", "selfservice", "operations"] {
        let listen = format!("0.0.0.0:{}", manifests.port(surface));
        text = text.replace(&listen, "127.0.0.1:0");
    }
    deployment.file("portvakt.yaml", &text);
    let server = deployment
        .clone_with("PORTVAKT__OPERATIONS__DRAIN_SECONDS", "0")
        .start()
        .await;
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let get = &manifests.container()[probe]["httpGet"];
        let surface = get["port"].as_str().unwrap();
        let (status, _) = server.get(surface, get["path"].as_str().unwrap()).await;
        assert_eq!(status, 200, "{probe}");
    }
    let (status, token) = server.token().await;
    assert_eq!(status, 200, "{token}");
    assert!(server.stopped().await.success());
}

/// What the server may take to stop, and then some.
#[test]
fn a_pod_is_given_the_time_that_its_server_takes_to_stop() {
    let grace = |manifests: &Manifests| {
        let grace = manifests.pod()["terminationGracePeriodSeconds"].as_u64();
        grace.unwrap()
    };
    for (set, drain, finish) in [
        ("postgresql", 10, 10),
        ("sqlite", 10, 10),
        ("everything", 20, 30),
    ] {
        let manifests = Manifests::of(set);
        assert!(grace(&manifests) > drain + finish + 5, "{set}");
    }
    let longer = ["--set", "config.operations.drain_seconds=100"];
    assert!(grace(&Manifests::with("postgresql", &longer)) > 115);
}

#[test]
fn a_changed_configuration_replaces_pods() {
    let checksum = |more: &[&str]| {
        let manifests = Manifests::with("postgresql", more);
        let pod = &manifests.one("Deployment")["spec"]["template"];
        pod["metadata"]["annotations"]["checksum/config"].to_string()
    };
    let before = checksum(&[]);
    assert_eq!(before, checksum(&["--set", "replicaCount=5"]));
    assert_ne!(
        before,
        checksum(&["--set", "config.maskinporten.max_scopes=7"])
    );
}
