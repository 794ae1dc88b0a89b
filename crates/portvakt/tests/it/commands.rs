//! Acquiring, verifying, inspecting and explaining from the command line; exit codes; completions.

use serde_json::Value;

use crate::support::{CLIENT, DevServer, SCOPE, portvakt};

const API: &str = "https://api.nav.example/arbeid";

fn token(server: &DevServer, more: &[&str]) -> String {
    let mut arguments = vec!["token", "--client", CLIENT, "--scope", SCOPE];
    arguments.extend_from_slice(more);
    server.run(&arguments).done()
}

#[test]
fn token_prints_the_token_alone_or_the_whole_answer_as_json() {
    let server = DevServer::start();
    assert_eq!(token(&server, &[]).split('.').count(), 3);
    let answer = server
        .run(&[
            "--output", "json", "token", "--client", CLIENT, "--scope", SCOPE,
        ])
        .json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["scope"], SCOPE);
}

#[test]
fn token_says_in_one_line_why_it_was_refused_and_what_helps() {
    let server = DevServer::start();
    let line = server
        .run(&["token", "--client", CLIENT, "--scope", "nav:unknown"])
        .failed();
    assert!(
        line.contains("invalid_scope") && line.contains("nav:unknown"),
        "{line}"
    );
    assert!(line.contains("Register the scope on the client"), "{line}");
}

#[test]
fn verify_checks_what_an_api_checks() {
    let server = DevServer::start();
    let token = token(&server, &["--resource", API]);
    let right = [
        "verify",
        &token,
        "--scope",
        SCOPE,
        "--audience",
        API,
        "--consumer",
        "123456789",
    ];
    assert!(server.run(&right).done().contains("✓ audience"));
    for (flag, wrong, check) in [
        ("--scope", "nav:other", "scope"),
        ("--audience", "https://other.example", "audience"),
        ("--consumer", "987654321", "consumer"),
        ("--pid", "17869010057", "person"),
    ] {
        let line = server.run(&["verify", &token, flag, wrong]).failed();
        assert!(line.contains(&format!("refused: {check}")), "{line}");
    }
    let tampered = format!("{}A", &token[..token.len() - 1]);
    if tampered != token {
        assert!(
            server
                .run(&["verify", &tampered])
                .failed()
                .contains("refused: ")
        );
    }
}

#[test]
fn inspect_shows_what_a_token_and_a_key_say_but_no_private_member_and_no_person() {
    let server = DevServer::start();
    let token = token(&server, &["--pid", "17869010057"]);
    let shown = server.run(&["--output", "json", "inspect", &token]).json();
    assert_eq!(shown["kind"], "access token");
    assert_eq!(shown["claims"]["client_id"], CLIENT);
    assert!(!shown.to_string().contains("17869010057"));
    let revealed = server
        .run(&["--output", "json", "inspect", &token, "--show-pid"])
        .json();
    assert_eq!(revealed["claims"]["pid"], "17869010057");

    let file = format!(".portvakt/keys/{CLIENT}.jwk.json");
    let private: Value =
        serde_json::from_slice(&std::fs::read(server.folder().join(&file)).unwrap()).unwrap();
    let shown = server.run(&["--output", "json", "inspect", &file]).json();
    assert_eq!(shown["keys"][0]["jwk"]["n"], private["n"]);
    assert!(!shown.to_string().contains(private["d"].as_str().unwrap()));
}

#[test]
fn explain_uses_no_grant_up_and_shows_every_check() {
    let server = DevServer::start();
    let grant = token(&server, &["--grant-only"]);
    for _ in 0..2 {
        let explained = server.run(&["--output", "json", "explain", &grant]).json();
        assert_eq!(explained["outcome"], "issued");
        assert!(explained["checks"].as_array().unwrap().len() > 15);
    }
    let claims = &server.run(&["--output", "json", "inspect", &grant]).json()["claims"];
    let later = (claims["exp"].as_i64().unwrap() + 60).to_string();
    let later = server.run(&["explain", &grant, "--at", &later]);
    assert!(later.failed().contains("exp is"), "{}", later.errors());
    let described = server.run(&["explain", "--client", CLIENT, "--scope", "nav:unknown"]);
    assert!(
        described.failed().contains("does not exist"),
        "{}",
        described.errors()
    );
    assert!(
        described.printed().contains("next: Register the scope"),
        "{}",
        described.printed()
    );
}

#[test]
fn explain_remembers_a_refused_request_by_its_trace_id() {
    let server = DevServer::start();
    let refused = server.run(&["token", "--client", CLIENT, "--scope", "nav:unknown"]);
    let line = refused.failed();
    let id = line
        .split("trace_id: ")
        .nth(1)
        .unwrap()
        .split(')')
        .next()
        .unwrap();
    let explained = server.run(&["explain", "--request-id", id]);
    assert!(explained.failed().contains("does not exist"));
    assert!(
        server
            .run(&["explain", "--request-id", "../x"])
            .failed()
            .contains("32 hex digits")
    );
}

#[test]
fn wrong_usage_is_exit_code_2_and_no_server_is_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| portvakt(folder.path()).args(arguments).output().unwrap();
    assert_eq!(run(&["token", "--no-such-flag"]).status.code(), Some(2));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
    let output = run(&["token", "--client", CLIENT, "--scope", SCOPE]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("portvakt dev"), "says what to do: {errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn the_definitions_of_custom_resources_are_printed_as_they_are_committed() {
    let folder = tempfile::tempdir().unwrap();
    let print = |format: &str| {
        let mut command = portvakt(folder.path());
        let output = command.args(["--output", format, "crds"]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let committed = include_str!("../../../../deploy/operator/crds.yaml");
    assert_eq!(print("human"), committed);
    let list: Value = serde_json::from_str(&print("json")).unwrap();
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
}

#[test]
fn completions_and_man_pages_are_generated() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = portvakt(folder.path())
            .args(["generate", "completions", shell])
            .output()
            .unwrap();
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("explain"),
            "{shell}"
        );
    }
    let output = portvakt(folder.path())
        .args(["generate", "man-pages", "man"])
        .output()
        .unwrap();
    assert!(output.status.success());
    for page in ["portvakt.1", "portvakt-token.1", "portvakt-dev.1"] {
        assert!(folder.path().join("man").join(page).exists(), "{page}");
    }
}

#[test]
fn a_key_pair_is_made_without_any_server_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let generate = [
        "key",
        "generate",
        "--out",
        "key.jwk.json",
        "--kid",
        "havbris-2026a",
    ];
    let output = portvakt(folder.path()).args(generate).output().unwrap();
    assert!(output.status.success());
    let public: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(public["keys"][0]["kid"], "havbris-2026a");
    assert_eq!(public["keys"][0].get("d"), None);
    let file = folder.path().join("key.jwk.json");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let private: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(private["n"], public["keys"][0]["n"]);
    let again = portvakt(folder.path()).args(generate).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
}
