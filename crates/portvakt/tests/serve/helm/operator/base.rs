//! `deploy/operator` has what the chart renders. That kustomize makes the same of it as Helm does of the chart
//! is tested with the API server (`tests/kubernetes/delivery.rs`).

use serde_json::Value;

use super::{OPERATOR, OPTIONS};
use crate::deployment::{path, text};

/// The manifests of some templates, without what is Helm's.
fn rendered(more: &[&str], is_wanted: impl Fn(&str) -> bool) -> String {
    let text = OPERATOR.text("base", more);
    let documents = text.split("---\n").filter(|document| {
        let source = document.lines().next().unwrap_or_default();
        let template = source.rsplit_once('/').map(|(_, template)| template);
        template.is_some_and(&is_wanted)
    });
    let mut made = String::from(
        "# Made of deploy/helm/portvakt-operator with ci/base-values.yaml. Do not edit.\n",
    );
    for document in documents {
        let lines = document.lines().skip(1);
        let lines = lines.filter(|line| {
            let line = line.trim_start();
            !line.starts_with("helm.sh/") && !line.starts_with("app.kubernetes.io/managed-by:")
        });
        made.push_str("---\n");
        for line in lines {
            made.push_str(line);
            made.push('\n');
        }
    }
    made
}

/// `PORTVAKT_BLESS=1` writes the files anew.
#[test]
fn the_base_its_components_and_the_definitions_are_those_of_the_chart() {
    let options = ["applications.yaml", "webhook.yaml"];
    let [applications, webhook] = options.map(|option| rendered(&OPTIONS, |it| it == option));
    for (file, made) in [
        ("operator/operator.yaml", rendered(&[], |_| true)),
        ("operator/components/applications/rights.yaml", applications),
        ("operator/components/webhook/webhook.yaml", webhook),
        (
            "helm/portvakt-operator/crds/crds.yaml",
            text("operator/crds.yaml"),
        ),
    ] {
        let (folder, name) = file.rsplit_once('/').unwrap();
        let file = path(folder).join(name);
        if std::env::var_os("PORTVAKT_BLESS").is_some() {
            std::fs::write(&file, &made).unwrap();
        }
        assert!(
            std::fs::read_to_string(&file).unwrap_or_default() == made,
            "{} is out of date: PORTVAKT_BLESS=1 cargo test -p portvakt --test serve helm::operator::base",
            file.display()
        );
    }
}

/// Everything that is in a namespace is in the one that the base and the documentation name.
#[test]
fn the_base_is_in_one_namespace() {
    let kustomization: Value =
        serde_saphyr::from_str(&text("operator/kustomization.yaml")).unwrap();
    for manifest in OPERATOR.manifests("base", &OPTIONS).0 {
        let namespace = manifest["metadata"].get("namespace");
        assert!(
            namespace.is_none_or(|name| *name == kustomization["namespace"]),
            "{manifest}"
        );
    }
}
