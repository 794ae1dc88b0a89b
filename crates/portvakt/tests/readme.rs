//! What the README tells people to type works, in the order in which it tells them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A shell in an empty folder, with the built binary on its path and a development server.
struct Reader {
    folder: tempfile::TempDir,
    server: Child,
}

impl Reader {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Command::new(env!("CARGO_BIN_EXE_portvakt"))
            .args(["dev", "--base-port", "0"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let reader = Self { folder, server };
        let started = Instant::now();
        while !reader
            .folder
            .path()
            .join(".portvakt/endpoints.json")
            .exists()
        {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "the server is not ready"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        reader
    }

    fn port(&self) -> String {
        let file = self.folder.path().join(".portvakt/endpoints.json");
        let endpoints: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let issuer = endpoints["maskinporten"]["issuer"]
            .as_str()
            .unwrap()
            .to_owned();
        issuer
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned()
    }

    /// Runs the commands as one script that stops at the first failure, and returns its output.
    fn run(&self, commands: &[String]) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_portvakt")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let script = commands
            .join("\n")
            .replace("localhost:7700", &format!("localhost:{}", self.port()));
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .env("PATH", path)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The commands of the console blocks below a heading, continued lines joined.
fn commands(heading: &str) -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let section = readme
        .split(&format!("\n## {heading}\n"))
        .nth(1)
        .expect("the heading is there");
    let section = section.split("\n## ").next().unwrap();
    let blocks: String = section
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let mut commands: Vec<String> = Vec::new();
    let mut continued = false;
    for line in blocks.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push(command.to_owned());
        } else if continued {
            let last = commands
                .last_mut()
                .expect("a continued line follows a command");
            last.push('\n');
            last.push_str(line);
        }
        continued = line.ends_with('\\');
    }
    commands
}

#[test]
fn the_first_token() {
    let reader = Reader::start();
    let mut commands = commands("Your first token");
    let (build, serve) = (commands.remove(0), commands.remove(0));
    assert!(
        build.starts_with("cargo build") && serve.starts_with("portvakt dev"),
        "{build} {serve}"
    );
    let explain = commands.pop().unwrap();
    assert!(explain.starts_with("portvakt explain"), "{explain}");
    // Explaining a grant that was used says so, and exits 1.
    commands.push(format!("! {explain}"));
    let printed = reader.run(&commands);
    assert!(printed.contains("\"token_type\":\"Bearer\""), "{printed}");
    assert!(printed.contains("MP-012"), "{printed}");
}

#[test]
fn a_registry_of_ones_own() {
    let reader = Reader::start();
    let commands = commands("Make it yours");
    assert!(commands.len() >= 6, "{commands:?}");
    let printed = reader.run(&commands);
    let token = printed.lines().last().unwrap();
    assert_eq!(token.split('.').count(), 3, "{printed}");
}

#[test]
fn every_page_that_it_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let links = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let missing: Vec<_> = links.filter(|link| !root.join(link).exists()).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
