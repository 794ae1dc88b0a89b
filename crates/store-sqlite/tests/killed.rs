//! A process that is killed (`kill -9`) in the middle of logins: what it acknowledged is kept, what was
//! used stays used, and nothing is half there. The process is this program again, so it has a `main` of
//! its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use portvakt_core::login::LoginStore;
use portvakt_store_conformance::login::crash;
use portvakt_store_sqlite::SqliteStore;

/// Tells the process that is to be killed where its store is.
const FILE: &str = "PORTVAKT_TEST_KILLED_FILE";

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match std::env::var_os(FILE) {
        Some(file) => runtime.block_on(log_in_for_ever(file)),
        None => {
            for logins in [1, 5, 30] {
                runtime.block_on(survives_a_kill_after(logins));
            }
        }
    }
}

async fn open(file: &Path) -> Arc<dyn LoginStore> {
    Arc::new(SqliteStore::open(file).await.unwrap())
}

/// Says the number of each login once it is acknowledged.
async fn log_in_for_ever(file: OsString) {
    let store = open(file.as_ref()).await;
    let mut parent = std::io::stdout();
    for number in 0.. {
        crash::log_in(store.clone(), number).await.unwrap();
        writeln!(parent, "{number}").unwrap();
    }
}

async fn survives_a_kill_after(logins: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portvakt.db");
    let mut process = Command::new(std::env::current_exe().unwrap())
        .env(FILE, &file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(process.stdout.take().unwrap());
    let mut acknowledged = BTreeSet::new();
    for line in said.lines() {
        acknowledged.insert(line.unwrap().parse::<u32>().unwrap());
        if acknowledged.len() == logins {
            // What it goes on to say until it is dead is heard too.
            process.kill().unwrap();
        }
    }
    process.wait().unwrap();
    assert!(acknowledged.len() >= logins, "{acknowledged:?}");
    let next = acknowledged.last().map_or(0, |last| last + 1);
    let begun = (0..=next).collect();
    let store = open(&file).await;
    crash::is_as_acknowledged(&store, &begun, &acknowledged)
        .await
        .unwrap();
}
