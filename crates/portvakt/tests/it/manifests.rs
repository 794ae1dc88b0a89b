//! Where manifests come from, what they leave behind, and the environment that they give a command.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{DevServer, portvakt, ran};

/// An Application that exposes these scopes.
fn manifest(name: &str, scopes: &[&str]) -> String {
    let exposes = scopes.iter();
    let exposes =
        exposes.map(|scope| format!("        - {{name: {scope}, product: havn, enabled: true}}\n"));
    let exposes = exposes.collect::<Vec<_>>().concat();
    format!(
        "---
apiVersion: nais.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: havn}}
spec:
  webproxy: true
  env:
    - {{name: JDK_JAVA_OPTIONS, value: $(JAVA_PROXY_OPTIONS)}}
    - {{name: HILSEN, value: det er 'bra'}}
  maskinporten:
    enabled: true
    scopes:
      consumes: [{{name: 'kyst:tidevann.read'}}]
      exposes:
{exposes}"
    )
}

fn served(text: &str) -> DevServer {
    let server = DevServer::start();
    std::fs::write(server.folder().join("app.yaml"), text).unwrap();
    server
}

/// What `plan` would do, as lines.
fn planned(printed: &Value) -> Vec<String> {
    let steps = printed["plan"]["steps"].as_array().unwrap();
    let scopes = steps.iter().filter_map(|step| {
        let action = &step["action"];
        Some(format!(
            "{} {}",
            action["action"].as_str()?,
            action["scope"].as_str()?
        ))
    });
    scopes.collect()
}

#[test]
fn folders_and_standard_input_are_manifests_too() {
    let server = DevServer::start();
    let folder = server.folder().join("manifests");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("b.yml"), manifest("brygge", &["brygge.read"])).unwrap();
    std::fs::write(folder.join("a.yaml"), manifest("anlop", &["anlop.read"])).unwrap();
    std::fs::write(folder.join("README.md"), "not: a manifest").unwrap();
    let plan = ["plan", "--output", "json", "-f"];
    let both = server.run(&[&plan[..], &["manifests"]].concat()).json();
    let expected = [
        "create_scope nav:havn:anlop.read",
        "create_scope nav:havn:brygge.read",
    ];
    assert_eq!(planned(&both), expected);
    let mut process = portvakt(server.folder())
        .args([&plan[..], &["-"]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let documents = manifest("anlop", &["anlop.read"]) + &manifest("brygge", &["brygge.read"]);
    let mut input = process.stdin.take().unwrap();
    input.write_all(documents.as_bytes()).unwrap();
    drop(input);
    let output = process.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(planned(&told), expected);
    std::fs::create_dir(server.folder().join("empty")).unwrap();
    let empty = server.run(&["plan", "-f", "empty"]).failed();
    assert!(empty.contains("empty holds 0 manifests"), "{empty}");
}

#[test]
fn what_no_manifest_asks_for_is_noted_pruned_or_deleted_as_asked() {
    let server = served(&manifest("anlop", &["anlop.read", "anlop.skriv"]));
    let apply = |more: &[&str]| server.run(&[&["apply", "-f", "app.yaml"], more].concat());
    let is_active = |scope: &str| {
        let show = ["scope", "show", scope, "--output", "json"];
        server.run(&show).json()["active"] == true
    };
    apply(&[]).done();
    std::fs::write(
        server.folder().join("app.yaml"),
        manifest("anlop", &["anlop.read"]),
    )
    .unwrap();
    let noted = apply(&[]);
    noted.done();
    assert!(
        noted
            .errors()
            .contains("nav:havn:anlop.skriv is active and in no manifest"),
        "{}",
        noted.errors()
    );
    assert!(is_active("nav:havn:anlop.skriv"));
    apply(&["--prune"]).done();
    assert!(!is_active("nav:havn:anlop.skriv"));
    let client = |printed: &Value| printed["clients"][0]["client_id"].clone();
    let id = client(&apply(&["--output", "json"]).json());
    apply(&["--delete"]).done();
    // Its consumers go on; its client is gone.
    assert!(is_active("nav:havn:anlop.read"));
    let show = ["client", "show", id.as_str().unwrap(), "--output", "json"];
    assert_eq!(server.run(&show).json()["active"], false);
}

#[test]
fn a_web_proxy_reaches_the_command_and_its_own_variables() {
    let server = served(&manifest("anlop", &["anlop.read"]));
    let proxy = ["--web-proxy", "http://proxy.example:8088"];
    let hosts = ["--no-web-proxy", "localhost", "--no-web-proxy", ".local"];
    let run = ["run", "-f", "app.yaml"];
    let script = "env > variables";
    let run = [&run[..], &proxy, &hosts, &["--", "sh", "-c", script]].concat();
    server.run(&run).done();
    let variables = std::fs::read_to_string(server.folder().join("variables")).unwrap();
    let java = "-Dhttp.proxyHost=proxy.example -Dhttps.proxyHost=proxy.example -Dhttp.proxyPort=8088 \
                -Dhttps.proxyPort=8088 -Dhttp.nonProxyHosts=localhost|*.local";
    for line in [
        "HTTP_PROXY=http://proxy.example:8088".to_owned(),
        "https_proxy=http://proxy.example:8088".to_owned(),
        "NO_PROXY=localhost,.local".to_owned(),
        format!("JAVA_PROXY_OPTIONS={java}"),
        format!("JDK_JAVA_OPTIONS={java}"),
        "NAIS_APP_NAME=anlop".to_owned(),
    ] {
        assert!(
            variables.lines().any(|found| found == line),
            "{line}\n{variables}"
        );
    }
    // Exactly the documented ones.
    let names = variables.lines().filter_map(|line| line.split_once('='));
    let names = names.filter_map(|(name, _)| name.strip_prefix("MASKINPORTEN_"));
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let documented = [
        "CLIENT_ID",
        "CLIENT_JWK",
        "ISSUER",
        "JWKS_URI",
        "SCOPES",
        "TOKEN_ENDPOINT",
        "WELL_KNOWN_URL",
    ];
    assert_eq!(names, documented);
}

#[cfg(unix)]
#[test]
fn a_shell_reads_the_variables_as_they_are() {
    let server = served(&manifest("anlop", &["anlop.read"]));
    server.run(&["apply", "-f", "app.yaml"]).done();
    for (format, before) in [("shell", ""), ("dotenv", "set -a; ")] {
        let script = format!(
            "{before}eval \"$('{}' env -f app.yaml --format {format})\"\n\
             sh -c 'printf %s \"$HILSEN\"; printf %s \"$MASKINPORTEN_CLIENT_JWK\" > key.json'",
            env!("CARGO_BIN_EXE_portvakt")
        );
        let mut shell = std::process::Command::new("sh");
        let read = ran(shell.args(["-euc", &script]).current_dir(server.folder()));
        assert_eq!(read.done(), "det er 'bra'");
        let key = std::fs::read(server.folder().join("key.json")).unwrap();
        let key: Value = serde_json::from_slice(&key).unwrap();
        assert!(key["kid"].is_string());
    }
}

#[test]
fn a_misspelt_field_is_told_with_the_name_that_was_meant_and_templates_are_left_alone() {
    let text = manifest("anlop", &["anlop.read"])
        .replace("webproxy", "webprox")
        .replace("det er 'bra'", "'{{ hilsen }}'");
    let server = served(&text);
    let planned = server.run(&["plan", "-f", "app.yaml"]);
    planned.done();
    let errors = planned.errors();
    assert!(
        errors.contains("app.yaml:") && errors.contains("did you mean webproxy?"),
        "{errors}"
    );
}
