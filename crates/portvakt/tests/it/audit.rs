//! The audit log on the command line: operators' acts are in it, tampering is found, and
//! `docs/audit.md` is true.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{DevServer, Ran};

const ORGANIZATION: &str = "310420107";

/// A server with signing keys and the sample registry, and six entries by its operator after those
/// that the server itself made.
struct Log {
    server: DevServer,
    before: usize,
}

impl Log {
    /// The number of the operator's `n`th entry.
    fn number(&self, n: usize) -> usize {
        self.before + n
    }

    /// The text with `#n` replaced by the number of the operator's `n`th entry.
    fn numbered(&self, text: &str) -> String {
        (1..=9).fold(text.to_owned(), |text, n| {
            text.replace(&format!("#{n}"), &self.number(n).to_string())
        })
    }
}

fn log() -> Log {
    let server = DevServer::start();
    let report = run(&server, "--output json audit verify").json();
    let before = usize::try_from(report["entries"].as_u64().unwrap()).unwrap();
    assert!(
        before > 20,
        "what every registry has and the sample are in the log: {before}"
    );
    for line in [
        "org add 310420107 --name Fjordetaten",
        "prefix assign fjord --org 310420107",
        "scope add fjord:a --description Anløp",
        "access grant fjord:a 123456789",
        // Nothing changes, so nothing is recorded.
        "access grant fjord:a 123456789",
        "access withdraw fjord:a 123456789",
        "scope deactivate fjord:a",
    ] {
        run(&server, line).done();
    }
    Log { server, before }
}

fn run(server: &DevServer, line: &str) -> Ran {
    server.run(&line.split(' ').collect::<Vec<_>>())
}

/// Changes the database behind the server's back.
fn tamper(server: &DevServer, sql: &str) {
    let script = "import sqlite3, sys\n\
                  with sqlite3.connect(sys.argv[1]) as file: file.executescript(sys.argv[2])";
    let status = Command::new("python3")
        .args(["-c", script])
        .arg(server.data_dir().join("portvakt.db"))
        .arg(sql)
        .status()
        .unwrap();
    assert!(status.success());
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/audit.md");
    std::fs::read_to_string(path).unwrap()
}

fn blocks(document: &str, language: &str) -> Vec<String> {
    document
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn operators_acts_are_recorded_with_what_changed() {
    let log = log();
    let server = &log.server;
    let shown = run(server, "--output json audit show").json();
    let shown = shown.as_array().unwrap();
    let shown = &shown[shown.len() - 6..];
    let operations: Vec<_> = shown.iter().map(|entry| &entry["operation"]).collect();
    assert_eq!(
        operations,
        [
            "organization.create",
            "prefix.create",
            "scope.create",
            "access.grant",
            "access.withdraw",
            "scope.deactivate",
        ]
    );
    let last = &shown[5];
    assert_eq!(last["sequence"], log.number(6));
    assert_eq!(last["actor"]["channel"], "command_line");
    assert_eq!(last["before"]["active"], true);
    assert_eq!(last["after"]["active"], false);

    let count = |filter: &str| {
        let shown = run(server, &format!("--output json audit show {filter}")).json();
        shown.as_array().unwrap().len()
    };
    assert_eq!(count("--object fjord:a"), 4, "the scope and access to it");
    assert_eq!(count("--object fjord:a --org 123456789"), 2);
    assert_eq!(count(&format!("--org {ORGANIZATION} --limit 5")), 5);
    assert_eq!(count("--request-id unknown"), 0);
    let table = run(server, "audit show").done();
    assert!(table.contains("scope.deactivate"), "{table}");
}

#[test]
fn verify_names_the_first_entry_that_was_tampered_with() {
    for (sql, expected) in [
        (
            "UPDATE audit SET entry = replace(entry, 'Anløp', 'Utløp') WHERE sequence = #3",
            "entry #3 ",
        ),
        (
            "DELETE FROM audit WHERE sequence = #2",
            "entry #2 is missing",
        ),
        (
            "UPDATE audit SET sequence = -1 WHERE sequence = #4;
             UPDATE audit SET sequence = #4 WHERE sequence = #5;
             UPDATE audit SET sequence = #5 WHERE sequence = -1",
            "entry #4 was moved",
        ),
        (
            "UPDATE audit SET organizations = '' WHERE sequence = #5",
            "entry #5 was edited",
        ),
        ("UPDATE audit SET hash = x'00' WHERE sequence = #6", "of #6"),
    ] {
        let log = log();
        let server = &log.server;
        let report = run(server, "--output json audit verify").json();
        assert_eq!(report["entries"], log.number(6));
        tamper(server, &log.numbered(sql));
        let expected = &log.numbered(expected);
        let line = run(server, "audit verify").failed();
        assert!(line.contains(expected.as_str()), "{line}");
        let line = run(server, "audit checkpoint --file new.txt").failed();
        assert!(line.contains(expected.as_str()), "{line}");
        assert!(!server.folder().join("new.txt").exists());
    }
}

#[test]
fn a_checkpoint_shows_that_the_end_was_cut_off_and_outlives_its_key() {
    let log = log();
    let server = &log.server;
    run(server, "audit checkpoint --file checkpoints.txt").done();
    run(server, "scope reactivate fjord:a").done();
    let signed = run(
        server,
        "--output json audit checkpoint --file checkpoints.txt",
    )
    .json();
    assert_eq!(signed["sequence"], log.number(7));
    // As after enough rotations.
    tamper(
        server,
        "UPDATE signing_keys SET state = 'gone', private_key = x''",
    );
    let verify = "audit verify --checkpoints checkpoints.txt";
    let report = run(server, &format!("--output json {verify}")).json();
    assert_eq!(
        (&report["entries"], &report["checkpoints"]),
        (&log.number(7).into(), &2.into())
    );

    tamper(
        server,
        &log.numbered("DELETE FROM audit WHERE sequence > #5"),
    );
    run(server, "audit verify").done();
    let line = run(server, verify).failed();
    assert!(
        line.contains(&log.numbered("entry #6 is missing")),
        "{line}"
    );

    let path = server.folder().join("checkpoints.txt");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("eyJ", "eyK", 1)).unwrap();
    let line = run(server, verify).failed();
    assert!(line.contains("line 1 of checkpoints.txt"), "{line}");
}

#[test]
fn without_keys_there_is_nothing_to_sign_with() {
    let server = DevServer::start();
    tamper(&server, "DELETE FROM signing_keys");
    let line = run(&server, "audit checkpoint --file checkpoints.txt").failed();
    assert!(line.contains("no signing key is active"), "{line}");
    tamper(&server, "DELETE FROM audit");
    let line = run(&server, "audit checkpoint --file checkpoints.txt").failed();
    assert!(line.contains("the audit log is empty"), "{line}");
}

#[test]
fn every_command_line_of_the_document_works() {
    let log = log();
    let server = &log.server;
    let document = document();
    let python = &blocks(&document, "python")[0];
    assert!(python.lines().count() <= 15, "a short recipe");
    std::fs::write(server.folder().join("verify.py"), python).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_portvakt")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let scripts = blocks(&document, "sh");
    assert_eq!(scripts.len(), 3);
    for script in scripts {
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .env("PATH", &path)
            .env_remove("PORTVAKT_OUTPUT")
            .current_dir(server.folder())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{errors}");
    }
}

#[test]
fn the_recipe_without_portvakt_agrees_and_finds_an_edit() {
    let log = log();
    let server = &log.server;
    let python = &blocks(&document(), "python")[0];
    let check = |export: &str| {
        let input = server.folder().join("export.jsonl");
        std::fs::write(&input, export).unwrap();
        Command::new("python3")
            .args(["-c", python])
            .stdin(Stdio::from(std::fs::File::open(input).unwrap()))
            .output()
            .unwrap()
    };
    let export = run(server, "audit export").printed();
    let report = run(server, "--output json audit verify").json();
    let agreed = String::from_utf8(check(&export).stdout).unwrap();
    let hash = report["hash"].as_str().unwrap();
    assert_eq!(
        agreed,
        format!("{} entries, last hash {hash}\n", log.number(6))
    );

    let edited = check(&export.replace("Anløp", "Utløp"));
    assert_eq!(edited.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&edited.stderr),
        log.numbered("entry #3 is at fault\n")
    );

    let tail = run(server, &log.numbered("audit export --from #5")).printed();
    assert_eq!(tail.lines().count(), 2);
    assert!(export.ends_with(&tail));
}
