//! The files in `deploy/`, as far as they can be tested without a machine of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{Deployment, KEY};

pub(crate) fn path(name: &str) -> PathBuf {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    deploy.join(name).canonicalize().unwrap()
}

pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

/// The program and the credential need not be on the machine that tests.
#[test]
fn systemd_understands_every_line_of_the_unit() {
    let Ok(help) = Command::new("systemd-analyze").arg("--help").output() else {
        return;
    };
    assert!(help.status.success());
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("portvakt.service");
    let program = env!("CARGO_BIN_EXE_portvakt");
    let tested = text("systemd/portvakt.service").replace("/usr/bin/portvakt", program);
    std::fs::write(&unit, tested).unwrap();
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(&unit)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<_> = said
        .lines()
        .filter(|line| line.contains("portvakt.service"))
        .collect();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn the_configuration_of_the_composition_can_be_meant() {
    let deployment = Deployment::new();
    let key = deployment.file("composed.key", KEY);
    deployment.file("portvakt.yaml", &text("compose/portvakt.yaml"));
    let checked = deployment
        .with("PORTVAKT__KEYS__ENCRYPTION_KEY_FILE", &key)
        .config(&["check"]);
    assert!(checked.status.success(), "{checked:?}");
}

/// Files and services that the composition names are there, and nodes have no rights.
#[test]
fn the_composition_is_whole() {
    let composition: Value = serde_saphyr::from_str(&text("compose/compose.yaml")).unwrap();
    for config in composition["configs"].as_object().unwrap().values() {
        let file = config["file"].as_str().unwrap();
        assert!(path("compose").join(file).is_file(), "{file}");
    }
    let proxy = text("compose/haproxy.cfg");
    for node in ["one", "two"] {
        let service = &composition["services"][node];
        assert_eq!(service["read_only"], true, "{node}");
        assert_eq!(service["cap_drop"][0], "ALL", "{node}");
        let dockerfile = service["build"]["dockerfile"].as_str().unwrap();
        assert!(path("..").join(dockerfile).is_file());
        assert!(service.get("ports").is_none(), "only the proxy is reached");
        for port in [7700, 7701, 7702] {
            assert!(proxy.contains(&format!("server {node} {node}:{port}\n")));
        }
    }
    let published = composition["services"]["proxy"]["ports"].to_string();
    assert!(!published.contains("7704"), "{published}");
}

#[test]
fn the_image_does_not_run_as_root() {
    let containerfile = text("container/Containerfile");
    let stages: Vec<_> = containerfile.split("\nFROM ").collect();
    let user = stages
        .last()
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("USER "));
    let user: u32 = user.unwrap().split(':').next().unwrap().parse().unwrap();
    assert_ne!(user, 0);
}
