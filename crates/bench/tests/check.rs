//! The bench in a short form, on whatever was built: with a load on every kind of server nothing fails
//! or waits for long, and a token costs no more reads, writes and memory than it should.

use std::path::Path;
use std::process::Command;

#[test]
fn every_kind_of_server_keeps_its_bounds_under_load() {
    let bench = Path::new(env!("CARGO_BIN_EXE_portvakt-bench"));
    // The programs of the workspace are built side by side.
    let server = bench.with_file_name("portvakt");
    assert!(server.exists(), "first: cargo build -p portvakt");
    let output = Command::new(bench)
        .args(["check", "--seconds", "1", "--server"])
        .arg(server)
        .output()
        .expect("the bench can be started");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
