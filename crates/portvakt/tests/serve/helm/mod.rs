//! The charts in `deploy/helm`, as Helm renders them.

mod configuration;
mod manifests;
mod operator;
mod page;
mod pods;
mod refusals;

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use super::deployment::path;

/// The oldest version of Kubernetes that the charts are for, and one that is not old.
const VERSIONS: [&str; 2] = ["1.27.0", "1.35.0"];

/// The chart of the server.
const SERVER: Chart = Chart {
    folder: "helm/portvakt",
    release: "test",
    namespace: "fjord",
    sets: &SETS,
};

/// The sets of values that the server's chart is rendered with.
const SETS: [&str; 3] = ["postgresql", "sqlite", "everything"];

/// A chart, and how tests render it.
struct Chart {
    /// In `deploy`.
    folder: &'static str,
    release: &'static str,
    namespace: &'static str,
    /// The sets of values that are rendered: files in `ci/` of the chart.
    sets: &'static [&'static str],
}

impl Chart {
    /// A file of the chart.
    fn path(&self, name: &str) -> PathBuf {
        path(&format!("{}/{name}", self.folder))
    }

    /// The text of a file of the chart.
    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs Helm on the chart with a set of values, and some more on the command line.
    fn helm(&self, command: &[&str], set: &str, more: &[&str]) -> Output {
        let mut helm = Command::new("bash");
        helm.arg(path("../scripts/helm.sh")).args(command);
        helm.arg(path(self.folder))
            .args(["--namespace", self.namespace])
            .args(["--kube-version", VERSIONS[1], "--values"])
            .arg(self.path(&format!("ci/{set}-values.yaml")))
            .args(more);
        helm.output().unwrap()
    }

    /// The text of all manifests.
    fn text(&self, set: &str, more: &[&str]) -> String {
        let rendered = self.helm(&["template", self.release], set, more);
        let errors = String::from_utf8_lossy(&rendered.stderr);
        assert!(rendered.status.success(), "{errors}");
        String::from_utf8(rendered.stdout).unwrap()
    }

    /// What Helm says of values that it refuses.
    fn refused(&self, set: &str, more: &[&str]) -> String {
        let refused = self.helm(&["template", self.release], set, more);
        assert!(!refused.status.success(), "{more:?} is taken");
        String::from_utf8(refused.stderr).unwrap()
    }

    /// A value is refused, and what Helm says of it contains each of these.
    fn refuses(&self, set: &str, value: &str, said: &[&str]) {
        let errors = self.refused(set, &["--set", value]);
        for said in said {
            assert!(errors.contains(said), "{value}: {said}: {errors}");
        }
    }

    /// All manifests.
    fn manifests(&self, set: &str, more: &[&str]) -> Manifests {
        let text = self.text(set, more);
        let documents = text
            .split("\n---\n")
            .map(|document| document.trim_start_matches("---\n"));
        let documents = documents.map(|document| serde_saphyr::from_str(document).unwrap());
        Manifests(documents.collect())
    }
}

/// The text of all manifests of the server's chart.
fn text(set: &str, more: &[&str]) -> String {
    SERVER.text(set, more)
}

/// All manifests of a set of values.
struct Manifests(Vec<Value>);

impl Manifests {
    /// Those of the server's chart.
    fn of(set: &str) -> Self {
        Self::with(set, &[])
    }

    fn with(set: &str, more: &[&str]) -> Self {
        SERVER.manifests(set, more)
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
