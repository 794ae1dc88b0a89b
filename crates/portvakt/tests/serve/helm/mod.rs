//! The chart in `deploy/helm/portvakt`, as Helm renders it.

mod configuration;
mod manifests;
mod page;
mod pods;
mod refusals;

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use super::deployment::path;

/// The oldest version of Kubernetes that the chart is for, and one that is not old.
const VERSIONS: [&str; 2] = ["1.27.0", "1.35.0"];

/// The sets of values that are rendered: files in `ci/` of the chart.
const SETS: [&str; 3] = ["postgresql", "sqlite", "everything"];

fn values(set: &str) -> PathBuf {
    path(&format!("helm/portvakt/ci/{set}-values.yaml"))
}

/// Runs Helm on the chart with a set of values, and some more on the command line.
fn helm(command: &[&str], set: &str, more: &[&str]) -> Output {
    let mut helm = Command::new("bash");
    helm.arg(path("../scripts/helm.sh")).args(command);
    helm.arg(path("helm/portvakt"))
        .args(["--namespace", "fjord", "--kube-version", VERSIONS[1]])
        .arg("--values")
        .arg(values(set))
        .args(more);
    helm.output().unwrap()
}

/// The text of all manifests.
fn text(set: &str, more: &[&str]) -> String {
    let rendered = helm(&["template", "test"], set, more);
    let errors = String::from_utf8_lossy(&rendered.stderr);
    assert!(rendered.status.success(), "{errors}");
    String::from_utf8(rendered.stdout).unwrap()
}

/// All manifests of a set of values.
struct Manifests(Vec<Value>);

impl Manifests {
    fn of(set: &str) -> Self {
        Self::with(set, &[])
    }

    fn with(set: &str, more: &[&str]) -> Self {
        let text = text(set, more);
        let documents = text
            .split("\n---\n")
            .map(|document| document.trim_start_matches("---\n"));
        let documents = documents.map(|document| serde_saphyr::from_str(document).unwrap());
        Self(documents.collect())
    }

    fn kind(&self, kind: &str) -> Vec<&Value> {
        let manifests = self.0.iter();
        manifests
            .filter(|manifest| manifest["kind"] == kind)
            .collect()
    }

    /// The only one of its kind.
    fn one(&self, kind: &str) -> &Value {
        let found = self.kind(kind);
        assert_eq!(found.len(), 1, "{kind}");
        found[0]
    }

    fn pod(&self) -> &Value {
        &self.one("Deployment")["spec"]["template"]["spec"]
    }

    fn container(&self) -> &Value {
        &self.pod()["containers"][0]
    }

    /// The port of the container with this name.
    fn port(&self, name: &str) -> &Value {
        &named(&self.container()["ports"], name)["containerPort"]
    }

    /// The configuration file.
    fn configuration(&self) -> &str {
        self.one("ConfigMap")["data"]["portvakt.yaml"]
            .as_str()
            .unwrap()
    }

    /// The files of the volume of secrets, each with the name of the secret that it is from.
    fn secrets(&self) -> Vec<(&str, &str)> {
        let volume = named(&self.pod()["volumes"], "secrets");
        let sources = volume["projected"]["sources"].as_array().unwrap();
        let files = sources.iter().map(|source| {
            let secret = &source["secret"];
            let [item] = secret["items"].as_array().unwrap().as_slice() else {
                panic!("{secret}");
            };
            (
                item["path"].as_str().unwrap(),
                secret["name"].as_str().unwrap(),
            )
        });
        files.collect()
    }
}

/// The member of a list with this name.
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {list}"))
}
