//! What the README tells people to type works, in the order in which it tells them.

use std::path::Path;

use crate::support::DevServer;

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
    let server = DevServer::start();
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
    let printed = server.script(&commands.join("\n"));
    assert!(printed.contains("\"token_type\":\"Bearer\""), "{printed}");
    assert!(printed.contains("MP-012"), "{printed}");
}

#[test]
fn a_registry_of_ones_own() {
    let server = DevServer::start();
    let commands = commands("Make it yours");
    assert!(commands.len() >= 6, "{commands:?}");
    let printed = server.script(&commands.join("\n"));
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
