//! Being filled by another store.

use std::collections::BTreeSet;
use std::sync::Arc;

use portvakt_core::audit::{Actor, Channel};
use portvakt_core::login::LoginStore;
use portvakt_core::organization::Organization;
use portvakt_core::ports::{
    Consumption, Extent, Listing, ReplayLedger, Revision, StorageError, Store,
};
use portvakt_core::transfer::{
    Restoration, TransferError, TransferSource, TransferTarget, transfer,
};
use portvakt_store_conformance::login::moved;
use portvakt_store_sqlite::{SqliteSource, SqliteStore};
use tempfile::TempDir;

use crate::place::{Database, at, digests, organization, save_organization};

async fn full_file() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("portvakt.db"))
        .await
        .unwrap();
    let mut unit = store.begin().await.unwrap();
    for number in 0..1201 {
        let orgno = format!("{}", 300_000_000 + number).parse().unwrap();
        unit.save_organization(&Organization {
            orgno,
            ..organization()
        })
        .await
        .unwrap();
    }
    unit.commit().await.unwrap();
    for digest in digests(10) {
        store.consume(digest, at(1000)).await.unwrap();
    }
    store.close().await;
    folder
}

async fn source(folder: &TempDir) -> SqliteSource {
    SqliteSource::open(folder.path().join("portvakt.db"))
        .await
        .unwrap()
}

/// What one store keeps and the other does not would be lost by a move.
#[tokio::test(flavor = "multi_thread")]
async fn both_stores_keep_the_same_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portvakt.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let database = Database::new();
    let store = database.store().await;
    let mut target = store.begin_transfer().await.unwrap();
    let mut sent = source(&folder).await.tables().await.unwrap();
    let mut arrived = target.tables().await.unwrap();
    sent.sort_by(|a, b| a.name.cmp(&b.name));
    arrived.sort_by(|a, b| a.name.cmp(&b.name));
    let names = |tables: &[portvakt_core::transfer::Table]| -> Vec<_> {
        tables.iter().map(|table| table.name.clone()).collect()
    };
    assert_eq!(names(&sent), names(&arrived));
    for (sent, arrived) in sent.iter().zip(&arrived) {
        assert!(sent.is_like(arrived), "{sent:#?}\n{arrived:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_and_a_used_grant_stays_used() {
    let folder = full_file().await;
    let database = Database::new();
    let store = database.store().await;
    let mut target = store.begin_transfer().await.unwrap();
    let mut seen = Vec::new();
    let report = transfer(&mut source(&folder).await, &mut target, |progress| {
        seen.push((progress.rows, progress.total));
    })
    .await
    .unwrap();
    target.commit().await.unwrap();
    let rows = |name: &str| {
        report
            .tables
            .iter()
            .find(|table| table.table == name)
            .unwrap()
            .rows
    };
    assert_eq!(rows("organizations"), 1201);
    assert_eq!(rows("changes"), 1201);
    assert_eq!(rows("used_grants"), 10);
    assert!(seen.is_sorted() && seen.last().is_some_and(|(rows, total)| rows == total));

    assert_eq!(store.revision().await.unwrap(), Revision(1));
    for digest in digests(10) {
        let again = store.consume(digest, at(1000)).await.unwrap();
        assert_eq!(again, Consumption::Replayed);
    }
    let mut unit = store.read().await.unwrap();
    let organizations = unit.list_organizations(Listing::All).await.unwrap();
    assert_eq!(organizations.len(), 1201);
    save_organization(&*store).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), Revision(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_given_up_leaves_the_target_empty_and_working() {
    let folder = full_file().await;
    let database = Database::new();
    let store = database.store().await;
    let mut target = store.begin_transfer().await.unwrap();
    transfer(&mut source(&folder).await, &mut target, |_| {})
        .await
        .unwrap();
    drop(target);
    assert_eq!(store.revision().await.unwrap(), Revision(0));
    save_organization(&*store).await.unwrap();
    SqliteStore::open(folder.path().join("portvakt.db"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_holds_anything_is_refused() {
    let databases = [Database::new(), Database::new()];
    let [used, kept] = [databases[0].store().await, databases[1].store().await];
    used.consume([1; 32], at(1)).await.unwrap();
    save_organization(&*kept).await.unwrap();
    for store in [used, kept] {
        let refused = store.begin_transfer().await.map(|_| ()).unwrap_err();
        assert!(matches!(refused, StorageError::Refused(_)), "{refused}");
        assert!(refused.to_string().contains("not empty"), "{refused}");
        store.check().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_tampered_with_is_not_moved() {
    let folder = full_file().await;
    let path = folder.path().join("portvakt.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut stranger = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql("INSERT INTO audit VALUES (1, '', '', NULL, '{}', zeroblob(32))")
        .execute(&mut stranger)
        .await
        .unwrap();
    let database = Database::new();
    let store = database.store().await;
    let mut target = store.begin_transfer().await.unwrap();
    let refused = transfer(&mut source(&folder).await, &mut target, |_| {}).await;
    assert!(
        matches!(refused, Err(TransferError::Audit(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_of_different_versions_are_not_mixed() {
    let folder = full_file().await;
    let database = Database::new();
    let store = database.store().await;
    database
        .run("ALTER TABLE organizations ADD COLUMN later BIGINT")
        .await;
    let mut target = store.begin_transfer().await.unwrap();
    let refused = transfer(&mut source(&folder).await, &mut target, |_| {}).await;
    let Err(TransferError::DifferentTables { table }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(table, "organizations");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_file_is_no_store_and_can_be_moved_again() {
    let folder = full_file().await;
    let path = folder.path().join("portvakt.db");
    source(&folder).await.seal().await.unwrap();
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(refused.to_string().contains("moved"), "{refused}");
    assert!(!source(&folder).await.tables().await.unwrap().is_empty());
}

/// Everybody goes on writing while a backup is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_of_one_moment_and_fills_a_file() {
    let database = Database::new();
    let store = database.store().await;
    save_organization(&*store).await.unwrap();
    store.consume([1; 32], at(1000)).await.unwrap();
    let mut snapshot = store.transfer_snapshot().await.unwrap();
    store.consume([2; 32], at(1000)).await.unwrap();
    let mut unit = store.begin().await.unwrap();
    let orgno = "300000001".parse().unwrap();
    unit.save_organization(&Organization {
        orgno,
        ..organization()
    })
    .await
    .unwrap();
    unit.commit().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = SqliteStore::open(folder.path().join("portvakt.db"))
        .await
        .unwrap();
    let mut target = file.begin_transfer().await.unwrap();
    transfer(&mut snapshot, &mut target, |_| {}).await.unwrap();
    target.commit().await.unwrap();
    assert_eq!(file.revision().await.unwrap(), Revision(1));
    let known = file.consume([1; 32], at(1000)).await.unwrap();
    let unknown = file.consume([2; 32], at(1000)).await.unwrap();
    assert_eq!(
        (known, unknown),
        (Consumption::Replayed, Consumption::Fresh)
    );
    let mut unit = file.read().await.unwrap();
    assert_eq!(
        unit.list_organizations(Listing::All).await.unwrap().len(),
        1
    );
    assert!(file.begin_transfer().await.is_err(), "it is not empty");
}

/// What no restored store can know counts as used, for as long as anybody could accept it; whoever
/// followed the lost store forgets all copies.
async fn fill_from_a_lost_store(target: &mut dyn TransferTarget) {
    let folder = full_file().await;
    transfer(&mut source(&folder).await, target, |_| {})
        .await
        .unwrap();
    let now = at(900);
    target.succeed_lost_store(now, at(1100)).await.unwrap();
    target.succeed_lost_store(now, at(1000)).await.unwrap();
}

async fn knows_what_it_cannot_know(store: &dyn Store) {
    let unknown = store.consume([0xaa; 32], at(1100)).await.unwrap();
    let known = store.consume(digests(1)[0], at(1150)).await.unwrap();
    let later = store.consume([0xbb; 32], at(1101)).await.unwrap();
    assert_eq!(
        [unknown, known, later],
        [
            Consumption::Replayed,
            Consumption::Replayed,
            Consumption::Fresh
        ]
    );
    let again = store.consume([0xbb; 32], at(1101)).await.unwrap();
    assert_eq!(again, Consumption::Replayed);
    for followed in [Revision(0), Revision(1), Revision(700)] {
        let changes = store.changes_since(followed, 100).await.unwrap();
        assert_eq!(changes.extent, Extent::Gap, "{followed:?}");
    }
    store.remove_expired(at(1101)).await.unwrap();
    let open = store.consume([0xcc; 32], at(1100)).await.unwrap();
    assert_eq!(open, Consumption::Fresh, "it expires as all do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_succeeds_a_lost_store() {
    let database = Database::new();
    let store = database.store().await;
    let mut target = store.begin_transfer().await.unwrap();
    fill_from_a_lost_store(&mut target).await;
    target.commit().await.unwrap();
    knows_what_it_cannot_know(&*store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_succeeds_a_lost_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("portvakt.db"))
        .await
        .unwrap();
    let mut target = store.begin_transfer().await.unwrap();
    fill_from_a_lost_store(&mut target).await;
    target.commit().await.unwrap();
    knows_what_it_cannot_know(&store).await;
}

/// A file with logins of every kind.
async fn file_of_logins() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portvakt.db");
    let store = Arc::new(SqliteStore::open(path).await.unwrap());
    let logins: Arc<dyn LoginStore> = store.clone();
    moved::every_kind(&logins).await.unwrap();
    store.close().await;
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_go_on_in_the_store_that_they_were_moved_to() {
    let folder = file_of_logins().await;
    let database = Database::new();
    let store = database.store().await;
    let mut target = store.begin_transfer().await.unwrap();
    transfer(&mut source(&folder).await, &mut target, |_| {})
        .await
        .unwrap();
    target.commit().await.unwrap();
    let store: Arc<dyn LoginStore> = store;
    moved::moved(&store).await.unwrap();
}

/// A backup may be of a time before a code was used, or a session was ended.
async fn restore_logins(target: &mut dyn TransferTarget) {
    let folder = file_of_logins().await;
    transfer(&mut source(&folder).await, target, |_| {})
        .await
        .unwrap();
    let restoration = Restoration {
        actor: Actor::new(Channel::CommandLine),
        at: moved::restored_at(),
        backup_made_at: moved::restored_at(),
    };
    restoration.mark(target).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_revives_no_login_of_a_backup() {
    let database = Database::new();
    let store = database.store().await;
    let mut target = store.begin_transfer().await.unwrap();
    restore_logins(&mut target).await;
    target.commit().await.unwrap();
    let store: Arc<dyn LoginStore> = store;
    moved::restored(&store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_revives_no_login_of_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portvakt.db");
    let store = Arc::new(SqliteStore::open(path).await.unwrap());
    let mut target = store.begin_transfer().await.unwrap();
    restore_logins(&mut target).await;
    target.commit().await.unwrap();
    let store: Arc<dyn LoginStore> = store;
    moved::restored(&store).await.unwrap();
}

/// Whoever sees any other table learns neither who logged in nor anything to log in with.
#[tokio::test(flavor = "multi_thread")]
async fn who_somebody_is_stands_in_one_table() {
    let folder = file_of_logins().await;
    let mut source = source(&folder).await;
    let mut where_it_is = BTreeSet::new();
    for table in source.tables().await.unwrap() {
        for row in source.read(&table, None, 1000).await.unwrap() {
            let text = serde_json::to_string(&row).unwrap();
            if (1..=5).any(|number| text.contains(moved::identity_of(number).expose())) {
                where_it_is.insert(table.name.clone());
            }
        }
    }
    assert_eq!(where_it_is, BTreeSet::from(["login_people".to_owned()]));
}
