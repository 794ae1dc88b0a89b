//! Opening: several nodes at once, schemas of other versions, and what sessions are set to.

use portvakt_core::ports::{ChangeFeed, ReplayLedger, Revision, StorageError, Store};
use portvakt_testkit::PostgresServer;
use sqlx::Connection;
use tokio::task::JoinSet;

use crate::place::{Database, at, is_unavailable, open, save_organization};

async fn refusal(url: &str) -> String {
    match open(url).await {
        Ok(_) => panic!("the store was opened"),
        Err(StorageError::Unavailable(reason)) => reason,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_open_a_new_database_at_once() {
    let database = Database::new();
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let url = database.url().to_owned();
        tasks.spawn(async move { open(&url).await });
    }
    for store in tasks.join_all().await {
        assert_eq!(store.unwrap().revision().await.unwrap(), Revision(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_from_a_later_version_is_refused() {
    let database = Database::new();
    database.store().await.close().await;
    database
        .run(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9001, 'later', TRUE, '', 0)",
        )
        .await;
    let reason = refusal(database.url()).await;
    assert!(
        reason.contains("9001") && reason.contains("later one"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_migration_is_refused() {
    let database = Database::new();
    database.store().await.close().await;
    database
        .run("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1")
        .await;
    let reason = refusal(database.url()).await;
    assert!(reason.contains("migration 1 "), "{reason}");
}

/// Migrations are one transaction: a database that cannot have all of them has none.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_holds_something_else_is_left_as_it_was() {
    let database = Database::new();
    database.run("CREATE TABLE audit (note TEXT)").await;
    assert!(open(database.url()).await.is_err());
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&mut database.stranger().await)
            .await
            .unwrap();
    assert_eq!(tables, ["audit"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_is_unavailable_and_says_no_password() {
    let missing = PostgresServer::shared().url_of("postgres:///missing");
    assert_eq!(refusal(&missing).await, "the server has no such database");
    let reason = refusal("postgres://portvakt:hemmelig@127.0.0.1:1/portvakt").await;
    assert!(!reason.contains("hemmelig"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_is_unavailable() {
    let database = Database::new();
    let store = database.store().await;
    store.close().await;
    assert!(is_unavailable(&store.begin().await.map(|_| ())));
    assert!(is_unavailable(&store.revision().await));
    assert!(is_unavailable(&store.check().await));
    assert!(is_unavailable(&store.consume([1; 32], at(1)).await));
}

#[tokio::test]
async fn a_dropped_store_leaves_no_task_and_no_connection() {
    let database = Database::new();
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let store = database.store().await;
    store.check().await.unwrap();
    store.changed().await;
    assert!(
        tasks() >= before + 2,
        "the ledger has a task, and who listens"
    );
    drop(store);
    let mut stranger = database.stranger().await;
    let others = "SELECT COUNT(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    loop {
        let others: i64 = sqlx::query_scalar(others)
            .fetch_one(&mut stranger)
            .await
            .unwrap();
        if others == 0 && tasks() == before {
            break;
        }
    }
    stranger.close().await.unwrap();
}

/// A database whose operator has other ideas of what is safe or in order.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_durable_whatever_the_database_is_set_to() {
    let database = Database::new();
    database
        .run(
            "DO $$ BEGIN
                 EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
                 EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable',
                     current_database());
             END $$",
        )
        .await;
    let store = database.store().await;
    database
        .run(
            "CREATE TABLE seen (setting TEXT);
             CREATE FUNCTION look() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO seen VALUES (current_setting('synchronous_commit')),
                     (current_setting('transaction_isolation')),
                     (current_setting('statement_timeout')), (current_setting('lock_timeout'));
                 RETURN NEW; END $$;
             CREATE TRIGGER look BEFORE INSERT ON organizations FOR EACH ROW EXECUTE FUNCTION look();
             CREATE TRIGGER look BEFORE INSERT ON used_grants FOR EACH ROW EXECUTE FUNCTION look();",
        )
        .await;
    save_organization(&*store).await.unwrap();
    store.consume([1; 32], at(1)).await.unwrap();
    let seen: Vec<String> = sqlx::query_scalar("SELECT setting FROM seen")
        .fetch_all(&mut database.stranger().await)
        .await
        .unwrap();
    assert_eq!(seen, ["on", "read committed", "10s", "5s"].repeat(2));
}
