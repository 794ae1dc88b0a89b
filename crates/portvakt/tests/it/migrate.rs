//! From a server's SQLite file to PostgreSQL, by the built binary.

use portvakt_testkit::PostgresServer;
use serde_json::Value;

use crate::support::{CLIENT, DevServer, SCOPE};

/// What a query on the target answers.
fn target(url: &str, sql: &str) -> String {
    let arguments = ["--no-psqlrc", "-At", "--dbname", url, "--command", sql];
    let answer = PostgresServer::shared().run("psql", &arguments);
    answer.trim().to_owned()
}

fn rows(report: &Value, table: &str) -> u64 {
    let tables = report["tables"].as_array().unwrap();
    let table = tables.iter().find(|moved| moved["table"] == table);
    table.unwrap()["rows"].as_u64().unwrap()
}

#[test]
fn a_registry_moves_whole_and_only_once() {
    let mut server = DevServer::start();
    let url = PostgresServer::shared().database();
    let move_it = ["--output", "json", "migrate", "--to", &url];
    server
        .run(&["token", "--client", CLIENT, "--scope", SCOPE])
        .done();
    let audit = server.run(&["--output", "json", "audit", "verify"]).json();
    let clients = server.run(&["--output", "json", "client", "list"]).json();

    let busy = server.run(&move_it).failed();
    assert!(busy.contains("another server is running"), "{busy}");
    server.kill();
    let moved = server.run(&move_it);
    let report = moved.json();
    assert_eq!(moved.errors(), "", "programs see no progress");

    // The report, the source before and the target after say the same.
    assert_eq!(report["audit"]["entries"], audit["entries"]);
    assert_eq!(report["audit"]["hash"], audit["hash"]);
    let last = "SELECT encode(hash, 'hex') FROM audit ORDER BY sequence DESC LIMIT 1";
    assert_eq!(target(&url, last), audit["hash"].as_str().unwrap());
    let mut ids: Vec<_> = clients.as_array().unwrap().iter().collect();
    ids.sort_by_key(|client| client["client_id"].as_str());
    let ids: Vec<_> = ids
        .iter()
        .filter_map(|client| client["client_id"].as_str())
        .collect();
    let kept = "SELECT string_agg(client_id, ' ' ORDER BY client_id) FROM clients WHERE active";
    assert_eq!(target(&url, kept), ids.join(" "));
    assert!(ids.contains(&CLIENT));
    assert_eq!(target(&url, "SELECT COUNT(*) FROM used_grants"), "1");
    for table in ["client_keys", "signing_keys", "changes", "used_grants"] {
        let count = target(&url, &format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(count, rows(&report, table).to_string(), "{table}");
        assert_ne!(count, "0", "{table}");
    }

    // The file is no store any more, and the target takes nothing a second time.
    let sealed = server.run(&["org", "list"]).failed();
    assert!(
        sealed.contains("were moved to another database"),
        "{sealed}"
    );
    let again = server.run(&move_it).failed();
    assert!(again.contains("the target is not empty"), "{again}");
}

#[test]
fn what_cannot_be_moved_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = crate::support::portvakt(folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), errors)
    };
    let url = PostgresServer::shared().database();
    let (code, missing) = run(&["migrate", "--to", &url]);
    assert_eq!(code, Some(1));
    assert!(missing.contains("there is no file"), "{missing}");
    assert!(!folder.path().join(".portvakt").exists());

    let made = run(&["org", "add", "310420107", "--name", "Fjordetaten"]);
    assert_eq!(made.0, Some(0), "{}", made.1);
    for wrong in [
        "mysql://portvakt:hemmelig@localhost/x",
        "postgres://portvakt:hemmelig@127.0.0.1:1/x",
    ] {
        let (code, refused) = run(&["migrate", "--to", wrong]);
        assert_eq!(code, Some(1));
        assert!(refused.starts_with("error: "), "{refused}");
        assert!(!refused.contains("hemmelig"), "{refused}");
    }
    let listed = run(&["org", "list"]);
    assert_eq!(listed.0, Some(0), "{}", listed.1);
}
