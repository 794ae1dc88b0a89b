//! Opening the file: who may read it, what is refused, and several openers at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use portvakt_core::audit::AuditFilter;
use portvakt_core::ports::{Consumption, ReplayLedger, Revision, StorageError, Store};
use portvakt_core::transfer::unknown_until;
use portvakt_core::{Clock, SystemClock, Timestamp};
use portvakt_store_sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::{TempDir, tempdir};
use tokio::task::JoinSet;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn folder() -> TempDir {
    tempdir().unwrap()
}

/// A connection of somebody else.
async fn stranger(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

async fn refusal(path: &Path) -> String {
    match SqliteStore::open(path).await {
        Ok(_) => panic!("the store was opened"),
        Err(StorageError::Unavailable(reason)) => reason,
        Err(other) => panic!("{other}"),
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_what_it_makes() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let store = SqliteStore::open(folder.path().join("portvakt.db"))
        .await
        .unwrap();
    store.consume([1; 32], at(1)).await.unwrap();
    store.revision().await.unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path())
        .unwrap()
        .map(Result::unwrap)
    {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    let expected = ["", "-ledger", "-ledger-shm", "-ledger-wal", "-shm", "-wal"];
    assert_eq!(names, expected.map(|end| format!("portvakt.db{end}")));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_mode_of_an_existing_file_is_the_operators_choice() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    SqliteStore::open(&path).await.unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_open_a_new_file_at_once() {
    for _ in 0..25 {
        let folder = folder();
        let path = folder.path().join("portvakt.db");
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let path = path.clone();
            tasks.spawn(async move { SqliteStore::open(path).await });
        }
        let stores: Vec<_> = tasks
            .join_all()
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        for store in &stores {
            assert_eq!(store.revision().await.unwrap(), Revision(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_from_a_later_version_is_refused() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9001, 'later', TRUE, x'00', 0)",
    )
    .execute(&mut stranger(&path).await)
    .await
    .unwrap();
    let reason = refusal(&path).await;
    assert!(
        reason.contains("9001") && reason.contains("later one"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_migration_is_refused() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    sqlx::raw_sql("UPDATE _sqlx_migrations SET checksum = x'00'")
        .execute(&mut stranger(&path).await)
        .await
        .unwrap();
    let reason = refusal(&path).await;
    assert!(reason.contains("migration 1 "), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_database_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    let text = "not a database, but long enough to be looked at ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let reason = refusal(&path).await;
    assert!(reason.contains("not a database of Portvakt"), "{reason}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_refused_and_not_made() {
    let folder = folder();
    let path = folder.path().join("missing").join("portvakt.db");
    let reason = refusal(&path).await;
    assert!(reason.contains("cannot be made"), "{reason}");
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_is_unavailable() {
    let folder = folder();
    let store = SqliteStore::open(folder.path().join("portvakt.db"))
        .await
        .unwrap();
    store.close().await;
    assert!(matches!(
        store.begin().await,
        Err(StorageError::Unavailable(_))
    ));
    assert!(matches!(
        store.revision().await,
        Err(StorageError::Unavailable(_))
    ));
    assert!(matches!(
        store.check().await,
        Err(StorageError::Unavailable(_))
    ));
    let consumption = store.consume([1; 32], at(1)).await;
    assert!(matches!(consumption, Err(StorageError::Unavailable(_))));
}

#[tokio::test]
async fn a_dropped_store_leaves_no_task() {
    let folder = folder();
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let store = SqliteStore::open(folder.path().join("portvakt.db"))
        .await
        .unwrap();
    store.check().await.unwrap();
    assert!(tasks() > before, "the ledger has a task");
    drop(store);
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(tasks(), before);
}

/// What comes of a grant that may have been accepted until `now`, and of one that cannot have been.
async fn consume_around(store: &SqliteStore, now: Timestamp, number: u8) -> [Consumption; 2] {
    let after = at(unknown_until(now).seconds() + 60);
    [
        store.consume([number; 32], now).await.unwrap(),
        store.consume([number + 1; 32], after).await.unwrap(),
    ]
}

/// Threat: a registry is copied or moved without its ledger, and every grant counts once more.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_ledger_a_registry_takes_what_was_issued_before_for_used() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    let now = SystemClock.now();
    let store = SqliteStore::open(&path).await.unwrap();
    let of_a_new_one = consume_around(&store, now, 1).await;
    assert_eq!(of_a_new_one, [Consumption::Fresh; 2]);
    store.close().await;

    let ledger = folder.path().join("portvakt.db-ledger");
    // Gone; made by a process that came no further; and as that was left.
    let losses: [fn(&Path); 3] = [
        |ledger| std::fs::remove_file(ledger).unwrap(),
        |ledger| std::fs::write(ledger, "").unwrap(),
        |_| (),
    ];
    for (number, lose) in (3..).step_by(2).zip(losses) {
        lose(&ledger);
        let store = SqliteStore::open(&path).await.unwrap();
        let expected = [Consumption::Replayed, Consumption::Fresh];
        assert_eq!(consume_around(&store, now, number).await, expected);
        store.close().await;
    }
}

/// The ledger of a registry that is gone is that of nobody, and takes nothing from the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_registry_beside_a_ledger_keeps_what_it_knows() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.consume([1; 32], at(10)).await.unwrap();
    store.close().await;
    std::fs::remove_file(&path).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    assert!(store.is_consumed([1; 32]).await.unwrap());
    let target = store.begin_transfer().await.unwrap();
    target.commit().await.unwrap();
    assert!(!store.is_consumed([1; 32]).await.unwrap());
}

/// Until the ledger had a file of its own, used grants were in the registry's.
#[tokio::test(flavor = "multi_thread")]
async fn grants_that_an_earlier_version_accepted_count_as_used() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    std::fs::remove_file(folder.path().join("portvakt.db-ledger")).unwrap();
    let mut stranger = stranger(&path).await;
    let earlier = "PRAGMA application_id = 0;
        INSERT INTO used_grants VALUES (zeroblob(32), 1000)";
    sqlx::raw_sql(earlier).execute(&mut stranger).await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let expected = [Consumption::Replayed, Consumption::Fresh];
    assert_eq!(consume_around(&store, SystemClock.now(), 1).await, expected);
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM used_grants")
        .fetch_one(&mut stranger)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

/// The first ledgers had a row for each grant.
#[tokio::test(flavor = "multi_thread")]
async fn grants_in_rows_of_their_own_count_as_used() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let earlier = "DROP TABLE used_batches;
        DELETE FROM _sqlx_migrations WHERE version = 2;
        CREATE TABLE used_grants (
            digest     BLOB   NOT NULL PRIMARY KEY,
            keep_until BIGINT NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO used_grants VALUES (x'', 1000), (zeroblob(32), 9000)";
    let mut stranger = stranger(&folder.path().join("portvakt.db-ledger")).await;
    sqlx::raw_sql(earlier).execute(&mut stranger).await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    for (digest, keep_until, expected) in [
        ([0; 32], at(20), Consumption::Replayed),
        ([1; 32], at(1), Consumption::Replayed),
        ([1; 32], at(2), Consumption::Fresh),
    ] {
        let consumption = store.consume(digest, keep_until).await.unwrap();
        assert_eq!(consumption, expected, "{digest:?} {keep_until}");
    }
}

/// A log from before organizations had an index of their own is found by organization all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_log_is_found_by_organization() {
    let folder = folder();
    let path = folder.path().join("portvakt.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let mut stranger = stranger(&path).await;
    // The database as the version before left it.
    for statement in [
        "DROP TABLE audit_organizations",
        "DROP TABLE refusals",
        "DELETE FROM _sqlx_migrations WHERE version = 5",
        "INSERT INTO audit (sequence, object_key, organizations, entry, hash) VALUES
             (1, 'a', '310420107 312773023', '', zeroblob(32)),
             (2, 'b', '', '', zeroblob(32)),
             (3, 'c', '312773023', '', zeroblob(32))",
    ] {
        sqlx::query(statement).execute(&mut stranger).await.unwrap();
    }
    let store = SqliteStore::open(&path).await.unwrap();
    let mut unit = store.read().await.unwrap();
    for (orgno, expected) in [
        ("312773023", &[1, 3][..]),
        ("310420107", &[1]),
        ("313994031", &[]),
    ] {
        let filter = AuditFilter {
            organization: Some(orgno.parse().unwrap()),
            ..AuditFilter::default()
        };
        let found = unit.list_audit(&filter, 0, 10).await.unwrap();
        let found: Vec<_> = found.iter().map(|entry| entry.link.sequence).collect();
        assert_eq!(found, expected, "{orgno}");
    }
}
