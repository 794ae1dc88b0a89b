//! The built binary tells its story, and leaves nothing behind.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::portvakt;

/// Runs the demo with a folder of its own for temporary files, and shows what is left in it.
fn demo(arguments: &[&str]) -> (Output, Vec<std::path::PathBuf>) {
    let temporary = tempfile::tempdir().unwrap();
    let output = portvakt(temporary.path())
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    let left = files(temporary.path());
    (output, left)
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn tells_nine_steps_and_leaves_nothing_behind() {
    let (output, left) = demo(&[]);
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
    for step in 1..=9 {
        assert!(
            told.contains(&format!("\n{step}. ")),
            "step {step} is missing:\n{told}"
        );
    }
    for expected in [
        "MP-250",
        "MP-110",
        "MP-012",
        "\"token_type\":\"Bearer\"",
        "next ",
    ] {
        assert!(told.contains(expected), "{expected} is missing:\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "no colors where no terminal is");
}

#[test]
fn tells_programs_the_same_as_one_document() {
    let (output, _) = demo(&["--output", "json"]);
    assert!(output.status.success());
    let steps: Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = steps.as_array().unwrap();
    assert_eq!(steps.len(), 9);
    let statuses: Vec<_> = steps[6..]
        .iter()
        .map(|step| step["exchanges"][0]["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [403, 400, 400]);
    assert_eq!(steps[4]["exchanges"][0]["status"], 200);
    for step in &steps[6..] {
        let checks = step["explanation"][0]["checks"].as_array().unwrap();
        let failed = checks.iter().filter(|check| check["result"] == "failed");
        assert_eq!(failed.count(), 1, "{step}");
    }
}
