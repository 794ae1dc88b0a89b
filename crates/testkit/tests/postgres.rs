//! A PostgreSQL server for tests leaves nothing behind, however it ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::PathBuf;

use portvakt_testkit::PostgresServer;

/// What a server has while it runs: its folder, and a segment of shared memory outside of it.
struct Belongings {
    folder: PathBuf,
    segment: String,
}

impl Belongings {
    fn of(server: &PostgresServer) -> Self {
        let url = server.url_of("postgres:///any");
        let (_, host) = url.split_once("host=").unwrap();
        let (folder, _) = host.split_once('&').unwrap();
        let folder = PathBuf::from(folder);
        let about = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
        let key_and_segment = about.lines().nth(6).unwrap();
        let (_, segment) = key_and_segment.rsplit_once(' ').unwrap();
        let segment = segment.to_owned();
        Self { folder, segment }
    }

    /// Linux lists the segments of the machine, a line each: the key, the segment, and more.
    fn has_segment(&self) -> bool {
        let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap();
        segments
            .lines()
            .any(|line| line.split_whitespace().nth(1) == Some(&self.segment))
    }

    /// What processes share for a while is in the folder too.
    fn shares_memory_in_its_folder(&self) -> bool {
        let files = fs::read_dir(self.folder.join("data/pg_dynshmem")).unwrap();
        files.count() > 0
    }

    fn assert_gone(&self) {
        assert!(!self.folder.exists());
        assert!(!self.has_segment());
    }
}

#[test]
fn a_server_that_is_dropped_leaves_nothing() {
    let server = PostgresServer::durable();
    let belongings = Belongings::of(&server);
    assert!(belongings.has_segment() && belongings.shares_memory_in_its_folder());
    drop(server);
    belongings.assert_gone();
}

#[test]
fn a_server_that_was_killed_leaves_nothing() {
    let server = PostgresServer::durable();
    let belongings = Belongings::of(&server);
    server.crash();
    assert!(belongings.has_segment(), "it had no time to give it back");
    drop(server);
    belongings.assert_gone();
}

#[test]
fn a_server_that_was_killed_and_started_again_leaves_nothing() {
    let server = PostgresServer::durable();
    let before = Belongings::of(&server);
    server.crash();
    server.start();
    let after = Belongings::of(&server);
    drop(server);
    before.assert_gone();
    after.assert_gone();
}

/// A server that is gone is no riddle to whoever reads what a test said.
#[test]
#[should_panic(expected = "the server's last words: ")]
fn who_finds_no_server_is_told_what_it_died_of() {
    let server = PostgresServer::durable();
    server.stop();
    server.database();
}
