//! Third-party OAuth clients get a token from the built binary and verify it with the libraries of
//! their own languages. `scripts/clients.sh` installs them (`make test` does that).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{CLIENT, DevServer, SCOPE};

const RESOURCE: &str = "https://api.nav.example/arbeid";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Runs a client against a server of its own and checks the claims that it verified.
fn run_client(mut command: Command) {
    let server = DevServer::start();
    let output = command
        .env("ISSUER", server.issuer())
        .env("CLIENT_ID", CLIENT)
        .env(
            "KEY_FILE",
            server.data_dir().join(format!("keys/{CLIENT}.jwk.json")),
        )
        .env("SCOPE", SCOPE)
        .env("RESOURCE", RESOURCE)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let claims: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(claims["iss"], server.issuer());
    assert_eq!(claims["aud"], RESOURCE);
    assert_eq!(claims["scope"], SCOPE);
    assert_eq!(claims["client_id"], CLIENT);
    assert_eq!(claims["consumer"]["ID"], "0192:123456789");
}

pub(crate) fn installed(path: &str) -> PathBuf {
    let path = root().join("target/clients").join(path);
    assert!(
        path.exists(),
        "{} is missing: run scripts/clients.sh",
        path.display()
    );
    path
}

#[test]
fn authlib_gets_a_token_that_joserfc_verifies() {
    let mut command = Command::new(installed("python/bin/python3"));
    command.arg(root().join("tests/clients/python/get_token.py"));
    run_client(command);
}

#[test]
fn oauth4webapi_gets_a_token_that_jose_verifies() {
    // Node looks for modules beside the script, so the script goes to where they are installed.
    let script = installed("node/node_modules").with_file_name("get-token.mjs");
    std::fs::copy(root().join("tests/clients/node/get-token.mjs"), &script).unwrap();
    let mut command = Command::new("node");
    command.arg(script);
    run_client(command);
}

#[test]
fn schemathesis_finds_no_answer_of_the_self_service_api_that_is_not_documented() {
    let server = DevServer::start();
    let token = server
        .run(&[
            "token",
            "--client",
            "nav-administrasjon",
            "--scope",
            "idporten:dcr.write",
            "--scope",
            "idporten:dcr/onbehalfof:write",
            "--scope",
            "idporten:scopes.write",
        ])
        .done();
    let output = Command::new(installed("python/bin/python3"))
        .arg(root().join("tests/clients/python/fuzz_selfservice.py"))
        .env("BASE_URL", server.selfservice())
        .env("TOKEN", token)
        .env("SCOPE", SCOPE)
        .current_dir(server.folder())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
}
