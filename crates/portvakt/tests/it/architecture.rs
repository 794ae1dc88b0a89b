//! Keeps what `ARCHITECTURE.md` says about the direction of dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The table of crates: folder to the folders that it may use; `all` means every one.
fn allowed(document: &str) -> Graph {
    let table = document
        .split("## Crates")
        .nth(1)
        .expect("the page has a table of crates");
    let table = table.split("## Invariants").next().unwrap_or_default();
    let names = |cell: &str| -> BTreeSet<String> {
        if cell.trim() == "all" {
            return BTreeSet::from(["*".to_owned()]);
        }
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').collect();
            let folder = cells[0].trim().trim_matches('`').to_owned();
            (folder, names(cells[cells.len() - 1]))
        })
        .collect()
}

/// What Cargo says of the workspace.
fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// What each crate of the workspace uses of the others, tests apart.
fn used() -> Graph {
    let metadata = metadata();
    let folder = |package: &Value| -> String {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let folder = manifest
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default();
        folder.to_string_lossy().into_owned()
    };
    let ours = |dependency: &&Value| dependency["path"].is_string() && dependency["kind"].is_null();
    let packages = metadata["packages"]
        .as_array()
        .expect("cargo metadata lists packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            let used = dependencies.filter(ours).map(|dependency| {
                let path = Path::new(dependency["path"].as_str().unwrap_or_default());
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            });
            (folder(package), used.collect())
        })
        .collect()
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md");
    std::fs::read_to_string(path).expect("the repository has an ARCHITECTURE.md")
}

/// What `used` has and `allowed` does not name.
fn breaches(used: &Graph, allowed: &Graph) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, dependencies) in used {
        let Some(permitted) = allowed.get(name) else {
            breaches.push(format!("{name} has no row"));
            continue;
        };
        if permitted.contains("*") {
            continue;
        }
        let forbidden = dependencies.difference(permitted);
        breaches.extend(forbidden.map(|forbidden| format!("{name} uses {forbidden}")));
    }
    let gone = allowed.keys().filter(|name| !used.contains_key(*name));
    breaches.extend(gone.map(|name| format!("{name} has a row and is gone")));
    breaches
}

/// `cargo run -- demo` is in the README, and there is a second program to measure this one with.
#[test]
fn cargo_runs_the_program() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let chosen: Vec<_> = packages
        .filter_map(|it| it["default_run"].as_str())
        .collect();
    assert_eq!(chosen, ["portvakt"]);
}

#[test]
fn crates_use_only_what_the_page_names() {
    assert_eq!(breaches(&used(), &allowed(&page())), Vec::<String>::new());
}

#[test]
fn a_forbidden_dependency_a_missing_row_and_a_stale_row_are_seen() {
    let graph = |pairs: &[(&str, &[&str])]| -> Graph {
        let own = |names: &&[&str]| names.iter().map(ToString::to_string).collect();
        pairs
            .iter()
            .map(|(name, names)| ((*name).to_owned(), own(names)))
            .collect()
    };
    let used = graph(&[("core", &["http"]), ("new", &[])]);
    let allowed = graph(&[("core", &["jose"]), ("old", &[])]);
    let expected = [
        "core uses http",
        "new has no row",
        "old has a row and is gone",
    ];
    assert_eq!(breaches(&used, &allowed), expected);
}

#[test]
fn every_file_that_the_page_links_to_exists() {
    let page = page();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let links = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let missing: Vec<_> = links
        .filter(|link| !link.starts_with("http"))
        .filter(|link| !root.join(link).exists())
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
