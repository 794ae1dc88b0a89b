//! Two versions work on one database while nodes are replaced one by one: a migration only adds what
//! the version before it can live with, and what is to go goes one release later.

use std::path::Path;

/// Migrations that take away what the release before the one that brings them no longer uses, as
/// `store/file`, with that release.
const CONTRACTIONS: [(&str, &str); 0] = [];

/// Beginnings of statements that nodes of the version before do not notice.
const EXPANSIONS: [&str; 5] = [
    "CREATE TABLE ",
    "CREATE VIEW ",
    "CREATE INDEX ",
    "ALTER TABLE ",
    "INSERT INTO ",
];

fn statements(sql: &str) -> Vec<String> {
    let code: Vec<_> = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect();
    let code = code.join(" ").to_uppercase();
    let words = |statement: &str| statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let statements = code.split(';').map(words);
    statements
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// Why nodes of the version before could not work on with what a statement leaves.
fn fault(statement: &str) -> Option<&'static str> {
    let is_copy = statement.starts_with("WITH RECURSIVE ") && statement.contains(") INSERT INTO ");
    if !is_copy && !EXPANSIONS.iter().any(|known| statement.starts_with(known)) {
        return Some("it is no expansion");
    }
    if !statement.starts_with("ALTER TABLE ") {
        return None;
    }
    let Some((_, column)) = statement.split_once(" ADD COLUMN ") else {
        return Some("it changes what is there");
    };
    if column.contains(" NOT NULL") && !column.contains(" DEFAULT ") {
        return Some("who does not know the column cannot insert");
    }
    None
}

fn migrations(store: &str) -> Vec<(String, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = crates.join(store).join("migrations");
    let files = std::fs::read_dir(folder).unwrap();
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        (
            format!("{store}/{name}"),
            std::fs::read_to_string(&path).unwrap(),
        )
    };
    files.map(|file| read(file.unwrap().path())).collect()
}

#[test]
fn every_migration_leaves_what_the_version_before_it_needs() {
    let mut faults = Vec::new();
    for store in ["store-sqlite", "store-postgres"] {
        let migrations = migrations(store);
        assert!(migrations.len() >= 3, "{store} has its migrations there");
        for (name, sql) in migrations {
            if CONTRACTIONS.iter().any(|(known, _)| *known == name) {
                continue;
            }
            for statement in statements(&sql) {
                if let Some(fault) = fault(&statement) {
                    faults.push(format!("{name}: {fault}: {statement}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_takes_away_or_demands_more_is_no_expansion() {
    for sql in [
        "DROP TABLE clients;",
        "CREATE UNIQUE INDEX once ON clients (name);",
        "ALTER TABLE clients DROP COLUMN name;",
        "ALTER TABLE clients RENAME COLUMN name TO title;",
        "ALTER TABLE clients ALTER COLUMN name SET NOT NULL;",
        "ALTER TABLE clients ADD COLUMN name TEXT NOT NULL;",
        "ALTER TABLE clients ADD CONSTRAINT named CHECK (name <> '');",
        "DELETE FROM clients;",
        "-- CREATE TABLE\n TRUNCATE clients;",
    ] {
        let found = statements(sql);
        assert_eq!(found.len(), 1, "{sql}");
        assert!(fault(&found[0]).is_some(), "{sql}");
    }
    let added =
        "ALTER TABLE clients ADD COLUMN name TEXT; -- DROP\n CREATE TABLE a (b TEXT NOT NULL);";
    assert!(
        statements(added)
            .iter()
            .all(|statement| fault(statement).is_none())
    );
}
