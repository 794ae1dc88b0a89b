//! Third-party OpenID libraries as relying parties of the built binary: they register a client over the
//! self-service API, and log a person in and out. `scripts/clients.sh` installs them (`make test` does that).

use std::process::Command;

use serde_json::{Value, json};

use crate::clients::{installed, root};
use crate::support::DevServer;

/// A scope that people consent to, and the client of the API that it is for.
const API_SCOPE: &str = "kyst:fartoy.read";
const API_CLIENT: &str = "kyst-fartoy";

/// Runs a relying party against a server of its own, and checks who it says has logged in.
fn run_relying_party(mut command: Command) {
    let server = DevServer::start();
    let administration = ["token", "--client", "eksempel-administrasjon"];
    let token = server.run(&[&administration[..], &["--scope", "idporten:dcr.write"]].concat());
    let key = format!("keys/{API_CLIENT}.jwk.json");
    let output = command
        .env("ISSUER", server.login_issuer())
        .env("SELFSERVICE", server.selfservice())
        .env("TOKEN", token.done())
        .env("API_CLIENT", API_CLIENT)
        .env("API_KEY_FILE", server.data_dir().join(key))
        .env("API_SCOPE", API_SCOPE)
        .env("CLOCK", format!("{}/dev/clock", server.operations()))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let learned: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(learned["acr"], "idporten-loa-high");
    assert_eq!(learned["amr"], json!(["TestID"]));
    assert_eq!(learned["sub"].as_str().unwrap().len(), 43);
}

#[test]
fn authlib_logs_a_person_in_and_out() {
    let mut command = Command::new(installed("python/bin/python3"));
    command.arg(root().join("tests/clients/python/relying_party.py"));
    run_relying_party(command);
}

#[test]
fn openid_client_logs_a_person_in_and_out() {
    // Node looks for modules beside the script, so the scripts go to where they are installed.
    let folder = installed("node/node_modules").with_file_name("");
    for script in ["relying-party.mjs", "person.mjs"] {
        let source = root().join("tests/clients/node").join(script);
        std::fs::copy(source, folder.join(script)).unwrap();
    }
    let mut command = Command::new("node");
    command.arg(folder.join("relying-party.mjs"));
    run_relying_party(command);
}
