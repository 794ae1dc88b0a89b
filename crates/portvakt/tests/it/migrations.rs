//! Two versions work on one database while nodes are replaced one by one: a migration only adds what
//! the version before it can live with, and what is to go goes one release later.

use std::collections::BTreeSet;
use std::path::Path;

/// Migrations that take away what the release before the one that brings them no longer uses, as
/// `store/file`, with that release.
const CONTRACTIONS: [(&str, &str); 0] = [];

/// Migrations that make an index of a table that only administration writes, as `store/file`: it
/// waits for the second that a million rows take, and no token does.
const INDEXES_OF_ADMINISTRATION: [&str; 3] = [
    "store-postgres/0006_key_ends.sql",
    "store-sqlite/0012_key_ends.sql",
    "store-sqlite/0016_reads_of_many_clients.sql",
];

const MAKES_AN_INDEX: &str = "nobody can write to the table while its index is made";

/// Beginnings of statements that nodes of the version before do not notice.
const EXPANSIONS: [&str; 6] = [
    "CREATE TABLE ",
    "CREATE VIEW ",
    "CREATE INDEX ",
    "CREATE UNIQUE INDEX ",
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

/// What is wrong with the statements of a migration.
fn faults(sql: &str) -> Vec<String> {
    let statements = statements(sql);
    let made = |statement: &String| table_after(statement, "CREATE TABLE ");
    let made: BTreeSet<_> = statements.iter().filter_map(made).collect();
    let fault = |statement: &String| Some(format!("{}: {statement}", fault(statement, &made)?));
    statements.iter().filter_map(fault).collect()
}

/// As [`faults`], for SQLite, where a table may also be built anew: one process writes, and it takes
/// a moment. What the table has then is what it had, or other tests fail.
fn faults_on_sqlite(sql: &str) -> Vec<String> {
    let statements = statements(sql);
    let rebuilt = |statement: &String| {
        let (old, new) = statement.split_once(" RENAME TO ")?;
        let made = format!("CREATE {} ", old.strip_prefix("ALTER ")?);
        let is_made = statements.iter().any(|other| other.starts_with(&made));
        is_made.then(|| [statement.clone(), format!("DROP TABLE {new}")])
    };
    let rebuilt: Vec<_> = statements.iter().filter_map(rebuilt).flatten().collect();
    let faults = faults(sql).into_iter();
    faults
        .filter(|fault| !rebuilt.iter().any(|known| fault.ends_with(known)))
        .collect()
}

/// The name that follows these words.
fn table_after(statement: &str, words: &str) -> Option<String> {
    let (_, name) = statement.split_once(words)?;
    let ends = |character: char| !character.is_ascii_alphanumeric() && character != '_';
    name.split(ends).next().map(str::to_owned)
}

/// Why nodes of the version before could not work on with what a statement leaves. They know
/// nothing of the tables that the same migration made.
fn fault(statement: &str, made: &BTreeSet<String>) -> Option<&'static str> {
    let is_copy = statement.starts_with("WITH RECURSIVE ") && statement.contains(") INSERT INTO ");
    if !is_copy && !EXPANSIONS.iter().any(|known| statement.starts_with(known)) {
        return Some("it is no expansion");
    }
    let is_made = |words| table_after(statement, words).is_some_and(|table| made.contains(&table));
    let is_index = statement.starts_with("CREATE INDEX ");
    if (is_index || statement.starts_with("CREATE UNIQUE INDEX ")) && !is_made(" ON ") {
        return Some(MAKES_AN_INDEX);
    }
    if statement.contains("INSERT INTO ") && !is_made("INSERT INTO ") {
        return Some("it adds records that they did not write");
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
    let demands = [" UNIQUE", " PRIMARY KEY", ", ADD ", ", DROP ", ", ALTER "];
    if demands.iter().any(|demand| column.contains(demand)) {
        return Some("it does more than add a column");
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
    let mut found = Vec::new();
    for store in ["store-sqlite", "store-postgres"] {
        let migrations = migrations(store);
        assert!(migrations.len() >= 3, "{store} has its migrations there");
        for (name, sql) in migrations {
            if CONTRACTIONS.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let those = match store {
                "store-sqlite" => faults_on_sqlite(&sql),
                _ => faults(&sql),
            };
            let may_index = INDEXES_OF_ADMINISTRATION.contains(&name.as_str());
            let those = those.into_iter();
            let those = those.filter(|fault| !(may_index && fault.starts_with(MAKES_AN_INDEX)));
            found.extend(those.map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
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
        "ALTER TABLE clients ADD COLUMN name TEXT UNIQUE;",
        "ALTER TABLE clients ADD COLUMN name TEXT, DROP COLUMN title;",
        "CREATE INDEX used_grants_by_client ON used_grants (client_id);",
        "INSERT INTO clients VALUES ('a');",
        "WITH RECURSIVE a AS (SELECT 1) INSERT INTO clients SELECT 1;",
        "DELETE FROM clients;",
        "-- CREATE TABLE\n TRUNCATE clients;",
    ] {
        assert_eq!(faults(sql).len(), 1, "{sql}");
    }
    let added = "
        ALTER TABLE clients ADD COLUMN name TEXT; -- DROP
        CREATE TABLE a (b TEXT NOT NULL);
        CREATE INDEX a_by_b ON a (b);
        CREATE UNIQUE INDEX one_b ON a (b) WHERE b <> '';
        INSERT INTO a VALUES ('');";
    assert_eq!(faults(added), Vec::<String>::new());
}

#[test]
fn on_sqlite_a_table_may_be_built_anew_under_its_name() {
    let rebuilt = "
        CREATE TABLE compact (a TEXT NOT NULL) WITHOUT ROWID;
        INSERT INTO compact SELECT a FROM clients;
        DROP TABLE clients;
        ALTER TABLE compact RENAME TO clients;";
    assert_eq!(faults_on_sqlite(rebuilt), Vec::<String>::new());
    assert_eq!(faults(rebuilt).len(), 2, "other nodes would notice");
    for taken_away in [
        "DROP TABLE clients;",
        "ALTER TABLE clients RENAME TO customers;",
        "CREATE TABLE compact (a TEXT); DROP TABLE clients; ALTER TABLE compact RENAME TO scopes;",
    ] {
        assert_eq!(faults_on_sqlite(taken_away).len(), 1, "{taken_away}");
    }
}
