//! `docs/dev.md` is true: its command lines are run, its flags exist, and none is missing.

use std::path::Path;
use std::process::Command;

use crate::harness::{Dev, command};

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/dev.md");
    std::fs::read_to_string(path).unwrap()
}

/// The blocks that are meant to be run.
fn blocks(document: &str) -> Vec<String> {
    let parts = document.split("```sh\n").skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_command_line_of_the_document_works() {
    let document = document();
    let blocks = blocks(&document);
    assert!(blocks.len() > 20, "{}", blocks.len());
    let dev = Dev::start().await;
    let binary = Path::new(env!("CARGO_BIN_EXE_portvakt"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    for block in blocks {
        let script = block
            .replace("localhost:7700", &format!("localhost:{}", dev.port()))
            .replace(
                "localhost:7702",
                &format!("localhost:{}", dev.selfservice_port()),
            )
            .replace(
                "localhost:7704",
                &format!("localhost:{}", dev.operations_port()),
            )
            .replace(
                "localhost:7705",
                &format!("localhost:{}", dev.relying_party_port()),
            );
        let output = Command::new("sh")
            .args(["-euc", &script])
            .env("PATH", &path)
            .env("PORTVAKT_DATA_DIR", dev.data_dir())
            .env_remove("PORTVAKT_OUTPUT")
            .env("NO_PROXY", "*")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{script}\n{printed}\n{shown}");
    }
}

#[test]
fn every_flag_and_every_control_is_documented() {
    let document = document();
    let help = command().args(["dev", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags: Vec<_> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .filter(|word| !["--help", "--version", "--output"].contains(word))
        .collect();
    assert!(flags.len() >= 5, "{help}");
    for flag in flags {
        assert!(document.contains(&format!("`{flag}")), "{flag}");
    }
    let runnable = blocks(&document).concat();
    for (method, control) in [
        ("", "/health"),
        ("", "/ready"),
        ("", "/dev/clock"),
        ("-X PUT ", "/dev/clock"),
        ("-X DELETE ", "/dev/clock"),
        ("", "/dev/faults"),
        ("-X DELETE ", "/dev/faults"),
        ("", "/dev/keys/rotate"),
        ("", "/dev/tokens"),
        ("", "/dev/explain"),
        ("", "'http://localhost:7704/dev/requests?limit=10'"),
        ("", "/dev/requests/$ID"),
    ] {
        let address = if control.starts_with('/') {
            format!("http://localhost:7704{control}")
        } else {
            control.to_owned()
        };
        let line = format!("-sS {method}{address}");
        assert!(runnable.contains(&line), "{line}");
    }
}
