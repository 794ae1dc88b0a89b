//! Manifests on the command line: plan, apply, diff, run and env, against a development server.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{DevServer, portvakt, ran};

const PROVIDER: &str = "
apiVersion: nais.io/v1alpha1
kind: Application
metadata: {name: kaiplass, namespace: havn}
spec:
  maskinporten:
    enabled: true
    scopes:
      exposes:
        - {name: kaiplass.read, product: havn, separator: '/', enabled: true, consumers: [{orgno: '123456789'}]}
";

const CONSUMER: &str = "
apiVersion: nais.io/v1alpha1
kind: Application
metadata: {name: visning, namespace: havn}
spec:
  maskinporten:
    enabled: true
    scopes: {consumes: [{name: 'nav:havn/kaiplass.read'}]}
";

/// The arguments that make the consumer's organization the one that acts.
const AS_CONSUMER: [&str; 2] = ["--admin-client", "eksempel-administrasjon"];

fn write(server: &DevServer, name: &str, text: &str) {
    std::fs::write(server.folder().join(name), text).unwrap();
}

/// A server where both sides of the API are applied.
fn provisioned() -> DevServer {
    let server = DevServer::start();
    write(&server, "provider.yaml", PROVIDER);
    write(&server, "consumer.yaml", CONSUMER);
    server.run(&["apply", "-f", "provider.yaml"]).done();
    let consumer = ["apply", "-f", "consumer.yaml"];
    server.run(&[&consumer[..], &AS_CONSUMER].concat()).done();
    server
}

fn environment(server: &DevServer) -> Value {
    let env = ["env", "-f", "consumer.yaml", "--format", "json"];
    server.run(&[&env[..], &AS_CONSUMER].concat()).json()
}

#[test]
fn ten_faults_are_ten_lines_and_nothing_is_changed() {
    let server = DevServer::start();
    let faults = (0..10).map(|number| {
        format!(
            "        - {{name: BAD_{number}, product: havn, enabled: true}}
"
        )
    });
    let faults = faults.collect::<Vec<_>>().concat();
    let text = PROVIDER.split("        - {").next().unwrap().to_owned() + &faults;
    write(&server, "bad.yaml", &text);
    let refused = server.run(&["apply", "-f", "bad.yaml"]);
    let line = refused.failed();
    assert!(
        line.contains("10 faults") && line.contains("nothing was changed"),
        "{line}"
    );
    let named = refused.errors();
    let named = named.lines().filter(|line| {
        line.starts_with("bad.yaml:") && line.contains("spec.maskinporten.scopes.exposes[")
    });
    assert_eq!(named.count(), 10);
}

#[test]
fn a_plan_is_shown_saved_carried_out_once_and_then_empty() {
    let server = DevServer::start();
    write(&server, "provider.yaml", PROVIDER);
    let plan = ["plan", "-f", "provider.yaml", "--detailed-exitcode"];
    let shown = server.run(&[&plan[..], &["--out", "plan.json"]].concat());
    assert_eq!(shown.code(), 2, "{}", shown.errors());
    assert!(
        shown
            .printed()
            .contains("grant 123456789 access to nav:havn/kaiplass.read")
    );
    server.run(&["apply", "plan.json"]).done();
    assert_eq!(server.run(&plan).code(), 0);
    let again = server.run(&["apply", "plan.json"]).failed();
    assert!(again.contains("the world moved"), "{again}");
    let diff = server.run(&["diff", "-f", "provider.yaml"]).done();
    assert_eq!(diff, "no difference");
    let applied = server
        .run(&["apply", "-f", "provider.yaml", "--output", "json"])
        .json();
    assert_eq!(applied["steps"], 0);
}

#[test]
fn what_cannot_be_says_whom_to_ask_and_whose_it_is() {
    let server = DevServer::start();
    write(&server, "consumer.yaml", CONSUMER);
    let consumer = ["plan", "-f", "consumer.yaml"];
    let refused = server.run(&[&consumer[..], &AS_CONSUMER].concat());
    refused.failed();
    assert!(
        refused.errors().contains("ask organization 889640782"),
        "{}",
        refused.errors()
    );
    write(&server, "provider.yaml", PROVIDER);
    server.run(&["apply", "-f", "provider.yaml"]).done();
    let other = PROVIDER.replace("name: kaiplass,", "name: annen,");
    write(&server, "other.yaml", &other);
    let refused = server.run(&["apply", "-f", "other.yaml"]);
    refused.failed();
    let errors = refused.errors();
    assert!(
        errors.contains(":havn:kaiplass") && errors.contains(":havn:annen"),
        "{errors}"
    );
    let foreign = server.run(&["plan", "-f", "provider.yaml", "--prefix", "kyst"]);
    foreign.failed();
    assert!(
        foreign.errors().contains("assigned to 314159265"),
        "{}",
        foreign.errors()
    );
}

#[test]
fn a_consumer_that_is_withdrawn_gets_mp_250_and_is_told_why() {
    let server = provisioned();
    let variables = environment(&server);
    let text = |name: &str| variables[name].as_str().unwrap().to_owned();
    write(&server, "key.jwk.json", &text("MASKINPORTEN_CLIENT_JWK"));
    let id = text("MASKINPORTEN_CLIENT_ID");
    let grant = [
        "--client",
        &id,
        "--key",
        "key.jwk.json",
        "--scope",
        "nav:havn/kaiplass.read",
    ];
    server.run(&[&["token"], &grant[..]].concat()).done();
    write(
        &server,
        "provider.yaml",
        &PROVIDER.replace("123456789", "271828182"),
    );
    server.run(&["apply", "-f", "provider.yaml"]).done();
    let refused = server.run(&[&["token"], &grant[..]].concat()).failed();
    assert!(refused.contains("403 forbidden"), "{refused}");
    let explained = server.run(&[&["explain", "--output", "json"], &grant[..]].concat());
    let explanation: Value = serde_json::from_str(&explained.printed()).unwrap();
    assert!(
        explanation["refusal"].to_string().contains("MP-250"),
        "{explanation}"
    );
    assert!(
        explained.failed().contains("access"),
        "{}",
        explained.errors()
    );
}

#[test]
fn a_command_gets_the_variables_and_gives_its_exit_code() {
    let server = provisioned();
    let script = r#"
        test -n "$MASKINPORTEN_CLIENT_ID" && test -n "$MASKINPORTEN_CLIENT_JWK" &&
        test "$MASKINPORTEN_SCOPES" = nav:havn/kaiplass.read &&
        curl -sSf "$MASKINPORTEN_WELL_KNOWN_URL" "$MASKINPORTEN_JWKS_URI" > /dev/null &&
        test -n "$MASKINPORTEN_TOKEN_ENDPOINT" && test -z "${MASKINPORTEN_STALE:-}" && exit 42"#;
    let run = ["run", "-f", "consumer.yaml"];
    let run = [&run[..], &AS_CONSUMER, &["--", "sh", "-c", script]].concat();
    let mut command = portvakt(server.folder());
    let command = command
        .args(run)
        .env("MASKINPORTEN_STALE", "x")
        .env("NO_PROXY", "*");
    let ended = ran(command);
    assert_eq!(ended.code(), 42, "{}", ended.errors());
}

#[cfg(unix)]
#[test]
fn signals_reach_the_command() {
    let server = provisioned();
    let script = "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let run = ["run", "-f", "consumer.yaml"];
    let run = [&run[..], &AS_CONSUMER, &["--", "sh", "-c", script]].concat();
    let log = server.folder().join("log");
    let mut process = portvakt(server.folder())
        .args(run)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !std::fs::read_to_string(&log).unwrap().contains("ready") {
        assert!(started.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = format!("kill -TERM {}", process.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(process.wait().unwrap().code(), Some(7));
    assert!(std::fs::read_to_string(&log).unwrap().contains("told"));
}

#[cfg(unix)]
#[test]
fn credentials_stay_are_private_and_rotate_on_request() {
    use std::os::unix::fs::PermissionsExt;
    let server = provisioned();
    let first = environment(&server);
    let apply = ["apply", "-f", "consumer.yaml", "--output", "json"];
    let apply = |more: &[&str]| {
        server
            .run(&[&apply[..], &AS_CONSUMER, more].concat())
            .json()
    };
    let applied = apply(&[]);
    assert_eq!(environment(&server), first);
    let file = applied["clients"][0]["credentials"].as_str().unwrap();
    let file = server.folder().join(file);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert!(!applied.to_string().contains("\"d\""));
    apply(&["--rotate"]);
    let second = environment(&server);
    assert_eq!(
        second["MASKINPORTEN_CLIENT_ID"],
        first["MASKINPORTEN_CLIENT_ID"]
    );
    assert_ne!(
        second["MASKINPORTEN_CLIENT_JWK"],
        first["MASKINPORTEN_CLIENT_JWK"]
    );
    // What was started with the key before it goes on.
    for variables in [&first, &second] {
        let key = variables["MASKINPORTEN_CLIENT_JWK"].as_str().unwrap();
        write(&server, "key.jwk.json", key);
        let id = variables["MASKINPORTEN_CLIENT_ID"].as_str().unwrap();
        let token = ["token", "--client", id, "--key", "key.jwk.json"];
        let scope = ["--scope", "nav:havn/kaiplass.read"];
        server.run(&[&token[..], &scope].concat()).done();
    }
    let files = ["env", "-f", "consumer.yaml", "--dir", "secrets"];
    server.run(&[&files[..], &AS_CONSUMER].concat()).done();
    let file = server
        .folder()
        .join("secrets/maskinporten/MASKINPORTEN_CLIENT_JWK");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        second["MASKINPORTEN_CLIENT_JWK"]
    );
}

#[test]
fn a_development_server_is_started_when_there_is_none_and_stops_with_the_command() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("provider.yaml"), PROVIDER).unwrap();
    let run = [
        "run",
        "-f",
        "provider.yaml",
        "--dev",
        "--base-port",
        "0",
        "--",
    ];
    let script = "curl -sSf \"$MASKINPORTEN_JWKS_URI\" > keys.json";
    let mut command = portvakt(folder.path());
    let ended = ran(command
        .args([&run[..], &["sh", "-c", script]].concat())
        .env("NO_PROXY", "*"));
    assert_eq!(ended.code(), 0, "{}", ended.errors());
    assert!(
        std::fs::read_to_string(folder.path().join("keys.json"))
            .unwrap()
            .contains("kid")
    );
    assert!(!folder.path().join(".portvakt/endpoints.json").exists());
}

#[cfg(unix)]
#[test]
fn the_example_runs_with_the_commands_of_its_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let server = DevServer::start();
    let examples = root.join("examples").canonicalize().unwrap();
    std::os::unix::fs::symlink(&examples, server.folder().join("examples")).unwrap();
    let readme = std::fs::read_to_string(examples.join("README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 4);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let script = blocks
        .concat()
        .replace("localhost:8080", &format!("localhost:{port}"));
    let printed = server.script(&format!("export API_PORT={port}\n{script}"));
    assert!(
        printed.contains(r#"{"vakter": ["Kari", "Ola"]}"#),
        "{printed}"
    );
}
