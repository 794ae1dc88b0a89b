//! Logins at the built binary in a real browser: `tests/browser/flows.mjs` drives a headless Chromium with
//! Playwright, which `scripts/clients.sh` installs. Screenshots are left in `target/screenshots/flows`.

use std::process::Command;

use crate::clients::{installed, root};
use crate::support::DevServer;

#[test]
fn people_log_in_and_out_in_chromium() {
    // Node looks for modules beside the script, so the scripts go to where they are installed.
    let folder = installed("browser/node_modules").with_file_name("");
    for (from, script) in [
        ("idporten", "chromium.mjs"),
        ("portvakt", "service.mjs"),
        ("portvakt", "flows.mjs"),
    ] {
        let source = root().join(format!("crates/{from}/tests/browser/{script}"));
        std::fs::copy(source, folder.join(script)).unwrap();
    }
    let server = DevServer::start();
    let administration = ["token", "--client", "eksempel-administrasjon"];
    let token = server.run(&[&administration[..], &["--scope", "idporten:dcr.write"]].concat());
    let output = Command::new("node")
        .arg(folder.join("flows.mjs"))
        .env("ISSUER", server.login_issuer())
        .env("SELFSERVICE", server.selfservice())
        .env("TOKEN", token.done())
        .env("CONSENTED", "kyst:fartoy.read")
        .env("DEMONSTRATION", server.relying_party())
        .env("SCREENSHOTS", root().join("target/screenshots/flows"))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    println!("{printed}");
}
