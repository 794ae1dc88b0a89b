//! What is installed: the chart in `deploy/helm/portvakt-operator` and the kustomize base in `deploy/operator`, with
//! the commands that people install them with.

mod audit;
mod installation;
mod rights;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Client;
use kube::api::{Api, PostParams};
use portvakt_testkit::{ApiServer, kubectl};
use serde_json::{Value, json};

use crate::cluster::own_cluster;

const NAMESPACE: &str = "portvakt-operator";

/// A file of `deploy`.
fn deploy(name: &str) -> PathBuf {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    deploy.join(name).canonicalize().unwrap()
}

/// What a command prints. It must succeed.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The manifests that Helm makes of a set of values in `ci/` and some more, with the definitions.
fn helm(set: &str, more: &str) -> String {
    let mut helm = Command::new("bash");
    helm.arg(deploy("../scripts/helm.sh"))
        .args(["template", "portvakt-operator"])
        .arg(deploy("helm/portvakt-operator"))
        .args([
            "--namespace",
            NAMESPACE,
            "--kube-version",
            "1.35.0",
            "--include-crds",
        ])
        .arg("--values")
        .arg(deploy(&format!(
            "helm/portvakt-operator/ci/{set}-values.yaml"
        )))
        .args(["--set", more]);
    printed(&mut helm)
}

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// Applies manifests as people do, with every field checked.
fn apply(cluster: &ApiServer, manifests: &str) -> String {
    let mut kubectl = cluster.kubectl();
    kubectl
        .args(["apply", "--server-side", "--validate=strict", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = kubectl.spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, manifests.as_bytes()).unwrap();
    drop(input);
    let output = running.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Namespaces whose Pods must be of the restricted standard.
async fn restricted(client: &Client, names: &[&str]) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in names {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let namespace = json!({"metadata": {"name": name, "labels": labels}});
        let namespace = serde_json::from_value(namespace).unwrap();
        let made = namespaces.create(&PostParams::default(), &namespace).await;
        made.unwrap();
    }
}

/// What installs something says of itself, which is not what it installs.
fn without_origin(mut manifest: Value) -> Value {
    for labels in ["/metadata/labels", "/spec/template/metadata/labels"] {
        if let Some(labels) = manifest.pointer_mut(labels).and_then(Value::as_object_mut) {
            labels.remove("helm.sh/chart");
            labels.remove("app.kubernetes.io/managed-by");
        }
    }
    // The order of variables and ports says nothing.
    for list in ["env", "ports"] {
        let list = format!("/spec/template/spec/containers/0/{list}");
        if let Some(list) = manifest.pointer_mut(&list).and_then(Value::as_array_mut) {
            list.sort_by_key(|member| member["name"].to_string());
        }
    }
    manifest
}

fn by_name(text: &str) -> BTreeMap<String, Value> {
    let manifests = documents(text).into_iter().map(without_origin);
    let named = manifests.map(|manifest| {
        let name = format!("{} {}", manifest["kind"], manifest["metadata"]["name"]);
        (name, manifest)
    });
    named.collect()
}

/// Base, components and the example of an overlay are together what the chart renders.
#[test]
fn kustomize_makes_what_helm_makes() {
    let rendered = helm(
        "base",
        "image.repository=registry.fjord.example/portvakt,clusterName=fjord,replicaCount=2,admin.apiHost=,\
         admin.baseUrl=https://selfservice.fjord.example,admin.clientID=fjord-administrasjon,\
         admin.key.kid=admin-2026,maskinporten.scopePrefix=fjord,\
         maskinporten.wellKnownUrl=https://maskinporten.fjord.example/.well-known/oauth-authorization-server,\
         idporten.wellKnownUrl=https://idporten.fjord.example/.well-known/openid-configuration,\
         applications.enabled=true,webhook.enabled=true,\
         podDisruptionBudget.enabled=false,topologySpread.enabled=false",
    );
    let built = printed(
        kubectl()
            .arg("kustomize")
            .arg(deploy("../examples/kubernetes/operator")),
    );
    let (rendered, built) = (by_name(&rendered), by_name(&built));
    let names: Vec<_> = built.keys().collect();
    assert_eq!(names, rendered.keys().collect::<Vec<_>>());
    for (name, manifest) in &built {
        assert_eq!(*manifest, rendered[name], "{name}");
    }
}

/// The API server takes every object of either, over those of the other, too; its Pods are let in where only
/// harmless ones are.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_takes_everything_that_is_installed() {
    let (cluster, client, _) = own_cluster().await;
    restricted(&client, &[NAMESPACE, "nais-system"]).await;
    let first = by_name(&printed(kubectl().arg("kustomize").arg(deploy("operator"))));
    let applied = printed(
        cluster
            .kubectl()
            .args(["apply", "--server-side", "--validate=strict", "-k"])
            .arg(deploy("../examples/kubernetes/operator")),
    );
    assert!(applied.lines().count() > first.len(), "{applied}");
    // No definitions of the Prometheus Operator are here.
    let everything = helm("everything", "serviceMonitor.enabled=false,alerts=false");
    let applied = apply(&cluster, &everything);
    assert_eq!(
        applied.lines().count(),
        documents(&everything).len(),
        "{applied}"
    );

    let deployments: Api<Deployment> = Api::namespaced(client.clone(), NAMESPACE);
    let template = deployments.get("portvakt-operator").await.unwrap();
    let template = template.spec.unwrap().template;
    let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
    let pod = json!({"metadata": {"generateName": "operator-"}, "spec": template.spec});
    let pod = serde_json::from_value(pod).unwrap();
    let made = pods.create(&PostParams::default(), &pod).await;
    made.unwrap();
}
