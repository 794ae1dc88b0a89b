//! Backup and restore by the built binary, on the registry of a development server.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::Value;

use crate::support::{CLIENT, DevServer, SCOPE};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const TOKEN: [&str; 5] = ["token", "--client", CLIENT, "--scope", SCOPE];

fn write_key(server: &DevServer, name: &str, text: &str) {
    let path = server.folder().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A server, and a backup of it in its folder.
fn backed_up() -> (DevServer, Value) {
    let server = DevServer::start();
    write_key(&server, "backup.key", KEY);
    let report = server.run(&[
        "--output",
        "json",
        "backup",
        "portvakt.backup",
        "--backup-key",
        "backup.key",
    ]);
    assert_eq!(report.errors(), "", "programs see no progress");
    let report = report.json();
    (server, report)
}

fn restore(server: &DevServer, more: &[&str]) -> crate::support::Ran {
    let restore = ["restore", "portvakt.backup", "--backup-key", "backup.key"];
    server.run(&[&["--output", "json"], &restore[..], more].concat())
}

fn set_clock(server: &DevServer, body: &str) {
    server.script(&format!(
        "curl --fail-with-body -sS -X PUT http://localhost:7704/dev/clock \
         -H 'Content-Type: application/json' -d '{body}'"
    ));
}

/// A grant that was used after the backup is not in it, and neither is any other of that time.
/// The clients, without those of the demonstration: they follow its port, which is another one after
/// each start of the test's server.
fn registered(server: &DevServer) -> Vec<Value> {
    let clients = server.run(&["--output", "json", "client", "list"]).json();
    let mut clients = clients.as_array().unwrap().clone();
    clients.retain(|client| !client["client_id"].as_str().unwrap().starts_with("demo-"));
    assert!(!clients.is_empty());
    clients
}

#[test]
fn a_restored_server_accepts_no_grant_that_the_lost_one_may_have_accepted() {
    let (mut server, report) = backed_up();
    let clients = registered(&server);
    server.kill();
    for file in ["portvakt.db", "portvakt.db-ledger"] {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(server.data_dir().join(format!("{file}{end}")));
        }
    }
    let restored = restore(&server, &[]).json();
    assert_eq!(restored["tables"], report["tables"]);
    assert_eq!(restored["audit"], report["audit"]);
    server.restart();
    assert_eq!(registered(&server), clients);
    let at = restored["restored_at"].as_str().unwrap();
    set_clock(&server, &format!(r#"{{"now": "{at}", "frozen": true}}"#));
    let refused = server.run(&TOKEN).failed();
    assert!(refused.contains("invalid_grant"), "{refused}");
    set_clock(&server, r#"{"advance_seconds": 3600}"#);
    server.run(&TOKEN).done();

    let log = ["--output", "json", "audit", "show", "--object", "registry"];
    let log = server.run(&log).json();
    assert_eq!(log[0]["operation"], "registry.restore");
    assert_eq!(
        log[0]["after"]["backup_made_at"],
        restored["backup_made_at"]
    );
    server.run(&["audit", "verify"]).done();
}

#[test]
fn a_backup_is_private_whole_and_never_overwritten() {
    let (server, report) = backed_up();
    let file = server.folder().join("portvakt.backup");
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&file).unwrap();
    let names = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!names(CLIENT.as_bytes()) && !names(b"signing_keys"));

    let verify = [
        "backup",
        "--verify",
        "portvakt.backup",
        "--backup-key",
        "backup.key",
    ];
    let verified = server
        .run(&[&["--output", "json"], &verify[..]].concat())
        .json();
    assert_eq!(verified["tables"], report["tables"]);

    let again = ["backup", "portvakt.backup", "--backup-key", "backup.key"];
    let again = server.run(&again).failed();
    assert!(again.contains("no backup is overwritten"), "{again}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    let elsewhere = [
        "backup",
        "none/portvakt.backup",
        "--backup-key",
        "backup.key",
    ];
    server.run(&elsewhere).failed();
    let names = std::fs::read_dir(server.folder()).unwrap();
    let left: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".portvakt-backup-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_is_not_to_be_trusted_is_refused_before_anything_is_written() {
    let (server, _) = backed_up();
    let file = server.folder().join("portvakt.backup");
    let whole = std::fs::read(&file).unwrap();
    let into = ["--data-dir", "elsewhere"];
    let refused = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let error = restore(&server, &into).failed();
        assert!(!server.folder().join("elsewhere").exists(), "{error}");
        error
    };
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() - 1], &whole[..200], &flipped] {
        let error = refused(damaged);
        assert!(error.contains("damaged"), "{error}");
    }
    assert!(refused(b"SQLite format 3").contains("no backup"));
    std::fs::write(&file, &whole).unwrap();
    write_key(&server, "backup.key", &KEY.replace("00", "ff"));
    let wrong = restore(&server, &into).failed();
    assert!(
        wrong.contains("backup key") && !wrong.contains("ff01"),
        "{wrong}"
    );
    write_key(&server, "backup.key", KEY);

    let occupied = restore(&server, &[]).failed();
    assert!(occupied.contains("the target is not empty"), "{occupied}");
    server.run(&TOKEN).done();
}

/// Only what was made before the backup can be held against it.
#[test]
fn a_backup_is_held_against_checkpoints() {
    let server = DevServer::start();
    write_key(&server, "backup.key", KEY);
    let checkpoint = |file: &str| {
        server.run(&["audit", "checkpoint", "--file", file]).done();
    };
    checkpoint("earlier");
    server
        .run(&["backup", "portvakt.backup", "--backup-key", "backup.key"])
        .done();
    server
        .run(&["org", "add", "310420107", "--name", "Fjordetaten"])
        .done();
    checkpoint("later");
    let verify = |checkpoints: &str| {
        server.run(&[
            "--output",
            "json",
            "backup",
            "portvakt.backup",
            "--verify",
            "--backup-key",
            "backup.key",
            "--checkpoints",
            checkpoints,
        ])
    };
    assert_eq!(verify("earlier").json()["checkpoints"], 1);
    let refused = verify("later").failed();
    assert!(refused.contains("no checkpoint"), "{refused}");
}
