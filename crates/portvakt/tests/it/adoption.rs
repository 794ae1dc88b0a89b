//! `portvakt adopt`: scopes and clients of another source become a manifest's, and no token request
//! fails meanwhile. The operator's commands stand for the other source.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{DevServer, Ran, portvakt, ran};

const SCOPE: &str = "nav:havn/kai.read";
const JOINED: &str = "devgcp:havn:kaiplass.havn/kai.read";
const CONSUMERS: &str = "consumers: [{orgno: '123456789'}, {orgno: '271828182'}]";

/// A manifest with these lines in its scope, and in its `scopes`.
fn manifest(scope: &str, more: &str) -> String {
    format!(
        "
apiVersion: nais.io/v1alpha1
kind: Application
metadata: {{name: kaiplass, namespace: havn}}
spec:
  maskinporten:
    enabled: true
    scopes:
      {more}
      exposes:
        - {{name: kai.read, product: havn, separator: '/', enabled: true, {scope}}}
"
    )
}

fn write(server: &DevServer, text: &str) {
    std::fs::write(server.folder().join("app.yaml"), text).unwrap();
}

/// A server with a scope that somebody made in another way, its two consumers, and a client of one.
fn served(description: &str) -> DevServer {
    let server = DevServer::start();
    let scope = ["scope", "add", SCOPE, "--at-max-age", "120"];
    let described = ["--description", description];
    let types = ["--allowed-integration-type", "maskinporten"];
    server
        .run(&[&scope[..], &described, &types].concat())
        .done();
    for consumer in ["123456789", "271828182"] {
        server.run(&["access", "grant", SCOPE, consumer]).done();
    }
    let client = ["client", "add", "--id", "gammel", "--org", "123456789"];
    let more = ["--name", "Gammel", "--scope", SCOPE, "--generate-key"];
    server.run(&[&client[..], &more].concat()).done();
    server
}

fn describe(server: &DevServer, description: &str) {
    let update = ["scope", "update", SCOPE, "--description", description];
    server.run(&update).done();
}

fn gets_a_token(server: &DevServer) {
    let token = ["token", "--client", "gammel", "--scope", SCOPE];
    server.run(&token).done();
}

fn adopt(server: &DevServer, more: &[&str]) -> Ran {
    let adopt = ["adopt", "-f", "app.yaml", "--cluster", "dev-gcp"];
    server.run(&[&adopt[..], more].concat())
}

/// The step of the scope, and the exit code of `--check`.
fn step(server: &DevServer) -> (Value, i32) {
    let checked = adopt(server, &["--check", "--output", "json"]);
    let told: Value = serde_json::from_str(&checked.printed()).unwrap();
    (told["standings"][0]["step"].clone(), checked.code())
}

#[test]
fn a_scope_is_adopted_in_four_steps_and_nobody_loses_a_token() {
    let server = served("Kaiplasser");
    write(&server, &manifest("consumers: [{orgno: '123456789'}]", ""));
    // Steps 1 and 2: the old source describes it.
    assert_eq!(step(&server), (1.into(), 2));
    let told = adopt(&server, &[]);
    assert!(told.failed().contains("step 1 is not done"));
    let texts = [JOINED, "havn - dev-gcp:havn:kaiplass", "--take-over"];
    let printed = told.printed();
    assert!(texts.iter().all(|text| printed.contains(text)), "{printed}");
    describe(&server, JOINED);
    assert_eq!(step(&server), (3.into(), 2));
    // Step 3: nothing that the manifest does not say is changed.
    let refused = adopt(&server, &[]);
    assert!(refused.failed().contains("2 things stand in the way"));
    let errors = refused.errors();
    assert!(
        errors.contains("271828182 has, or has asked for, access")
            && errors.contains("write `atMaxAge: 120`")
            && errors.contains("- withdraw access to nav:havn/kai.read from 271828182"),
        "{errors}"
    );
    gets_a_token(&server);
    write(
        &server,
        &manifest(&format!("atMaxAge: 120, {CONSUMERS}"), ""),
    );
    let adopted = adopt(&server, &["--output", "json"]).json();
    assert_eq!(adopted["steps"], 1, "the description alone: {adopted}");
    assert_eq!(adopted["standings"][0]["stage"], "adopted");
    assert_eq!(adopted["effect"], "effective");
    assert!(adopted["revision"].as_u64().is_some());
    assert!(adopted["next"].to_string().contains("terraform state rm"));
    gets_a_token(&server);
    // Step 4: it is done, and says so.
    assert_eq!(step(&server), (4.into(), 0));
    let again = adopt(&server, &[]).done();
    assert!(
        again.contains("dev-gcp:havn:kaiplass's already") && again.contains("next:"),
        "{again}"
    );
    let plan = ["plan", "-f", "app.yaml", "--cluster", "dev-gcp"];
    let plan = server.run(&[&plan[..], &["--detailed-exitcode"]].concat());
    assert_eq!(plan.code(), 0, "{}", plan.printed());
}

#[test]
fn who_and_what_goes_has_to_be_named() {
    let server = served(JOINED);
    write(&server, &manifest("consumers: [{orgno: '123456789'}]", ""));
    let refused = adopt(&server, &["--withdraw", "123456789"]);
    refused.failed();
    assert!(refused.errors().contains("--withdraw 271828182"));
    let named = ["--withdraw", "271828182", "--overwrite", "at_max_age"];
    let adopted = adopt(&server, &named);
    let printed = adopted.done();
    assert!(printed.contains("271828182"), "{printed}");
    assert!(
        adopted
            .errors()
            .contains("withdrawing 271828182 stops nobody"),
        "the plan with its consequences: {}",
        adopted.errors()
    );
    gets_a_token(&server);
}

#[test]
fn a_scope_is_waited_for_or_taken_without_its_description() {
    let server = served("Kaiplasser");
    write(
        &server,
        &manifest(&format!("atMaxAge: 120, {CONSUMERS}"), ""),
    );
    let log = server.folder().join("log");
    let waiting = ["adopt", "-f", "app.yaml", "--cluster", "dev-gcp"];
    let mut process = portvakt(server.folder())
        .args([&waiting[..], &["--wait", "300"]].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !std::fs::read_to_string(&log).unwrap().contains("waiting") {
        assert!(started.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(20));
    }
    describe(&server, "havn - dev-gcp:havn:kaiplass");
    assert!(process.wait().unwrap().success());
    assert_eq!(step(&server), (4.into(), 0));
    describe(&server, "noe annet");
    adopt(&server, &[]).failed();
    adopt(&server, &["--take-over"]).done();
    assert_eq!(step(&server), (4.into(), 0));
}

#[test]
fn only_the_named_scopes_are_adopted_and_a_name_that_no_manifest_has_is_told() {
    let server = served(JOINED);
    server
        .run(&[
            "scope",
            "add",
            "nav:trygdeopplysninger",
            "--description",
            "Gammel",
        ])
        .done();
    write(
        &server,
        &manifest(&format!("atMaxAge: 120, {CONSUMERS}"), ""),
    );
    let refused = adopt(&server, &["--scope", "nav:trygdeopplysninger"]);
    refused.failed();
    assert!(
        refused.errors().contains("no manifest can name it"),
        "{}",
        refused.errors()
    );
    let missing = manifest("consumers: []", "").replace("kai.read", "ny.read");
    write(&server, &missing);
    let refused = adopt(&server, &["--scope", "nav:havn/ny.read"]).failed();
    assert!(
        refused.contains("nav:havn/ny.read does not exist"),
        "{refused}"
    );
    write(
        &server,
        &manifest(&format!("atMaxAge: 120, {CONSUMERS}"), ""),
    );
    let adopted = adopt(&server, &["--scope", SCOPE, "--output", "json"]).json();
    assert_eq!(adopted["standings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_client_keeps_its_id_and_the_key_that_runs() {
    let server = served(JOINED);
    let add = ["client", "add", "--id", "haandlaget", "--org", "889640782"];
    let more = ["--name", "Kaiplass", "--scope", "kyst:tidevann.read"];
    let key = ["--generate-key", "--description", "Laget for hånd"];
    server.run(&[&add[..], &more, &key].concat()).done();
    let consumes = "consumes: [{name: 'kyst:tidevann.read'}]";
    write(
        &server,
        &manifest(&format!("atMaxAge: 120, {CONSUMERS}"), consumes),
    );
    let named = ["--client", "haandlaget"];
    let told = adopt(&server, &named);
    told.failed();
    assert!(
        told.printed().contains("        dev-gcp:havn:kaiplass\n"),
        "{}",
        told.printed()
    );
    let missing = adopt(&server, &["--client", "ukjent", "--take-over"]);
    missing.failed();
    assert!(missing.errors().contains("no active client ukjent"));
    let adopted = adopt(
        &server,
        &[&named[..], &["--take-over", "--output", "json"]].concat(),
    );
    assert_eq!(adopted.json()["clients"][0]["client_id"], "haandlaget");
    let env = [
        "env",
        "-f",
        "app.yaml",
        "--cluster",
        "dev-gcp",
        "--format",
        "json",
    ];
    let variables = server.run(&env).json();
    assert_eq!(variables["MASKINPORTEN_CLIENT_ID"], "haandlaget");
    let jwk = variables["MASKINPORTEN_CLIENT_JWK"].as_str().unwrap();
    std::fs::write(server.folder().join("new.jwk.json"), jwk).unwrap();
    let token = [
        "token",
        "--client",
        "haandlaget",
        "--scope",
        "kyst:tidevann.read",
    ];
    server.run(&token).done();
    server
        .run(&[&token[..], &["--key", "new.jwk.json"]].concat())
        .done();
    // From now on its description leads to it.
    let again = adopt(&server, &["--check", "--output", "json"]).json();
    let standings = again["standings"].as_array().unwrap();
    assert!(
        standings.iter().all(|standing| standing["step"] == 4),
        "{again}"
    );
}

#[test]
fn a_scope_moves_between_clusters_and_the_old_one_is_refused() {
    let server = served("havn - dev-fss:havn:kaiplass");
    write(
        &server,
        &manifest(&format!("atMaxAge: 120, {CONSUMERS}"), ""),
    );
    let old = ["apply", "-f", "app.yaml", "--cluster", "dev-fss"];
    server.run(&old).done();
    let refused = adopt(&server, &[]);
    refused.failed();
    assert!(
        refused.errors().contains("--from-cluster dev-fss moves it"),
        "{}",
        refused.errors()
    );
    let refused = adopt(&server, &["--from-cluster", "prod-fss"]);
    refused.failed();
    assert!(
        refused
            .errors()
            .contains("recorded as dev-fss:havn:kaiplass's and not as prod-fss:havn:kaiplass's"),
        "{}",
        refused.errors()
    );
    let moved = adopt(&server, &["--from-cluster", "dev-fss"]).done();
    for text in ["do not write `enabled: false`", "a new one with a new id"] {
        assert!(moved.contains(text), "{moved}");
    }
    gets_a_token(&server);
    let refused = server.run(&old);
    refused.failed();
    let errors = refused.errors();
    assert!(
        errors.contains("belongs to dev-gcp:havn:kaiplass")
            && errors.contains("asked for by dev-fss:havn:kaiplass"),
        "{errors}"
    );
    adopt(&server, &["--from-cluster", "dev-fss"]).done();
    let same = ["--from-cluster", "dev-gcp"];
    assert!(adopt(&server, &same).failed().contains("are both dev-gcp"));
}

#[test]
fn an_interrupted_adoption_goes_on() {
    let mut server = served(JOINED);
    write(&server, &manifest("consumers: [{orgno: '123456789'}]", ""));
    let named = ["--withdraw", "271828182", "--overwrite", "at_max_age"];
    // The first step of two was made: the lifetime and the description, but nobody was withdrawn.
    describe(&server, "havn - dev-gcp:havn:kaiplass");
    server
        .run(&["scope", "update", SCOPE, "--at-max-age", "30"])
        .done();
    server.kill();
    server.restart();
    assert_eq!(step(&server), (3.into(), 2));
    let adopted = adopt(&server, &[&named[..], &["--output", "json"]].concat()).json();
    assert_eq!(adopted["steps"], 1, "{adopted}");
    let access = ["access", "list", "--scope", SCOPE, "--output", "json"];
    let access = ran(portvakt(server.folder()).args(access)).json();
    assert!(!access.to_string().contains("271828182"), "{access}");
    gets_a_token(&server);
}
