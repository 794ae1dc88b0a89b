//! What the server, another node or a damaged row do to the answers: never a wrong one.

use portvakt_core::client::{Client, ClientId};
use portvakt_core::ports::{
    ChangeFeed, Consumption, Extent, Listing, ReplayLedger, Revision, StorageError, Store,
};
use portvakt_core::scope::Scope;
use portvakt_store_postgres::CHANNEL;
use sqlx::postgres::PgListener;

use crate::place::{
    Database, at, consume, digests, is_unavailable, organization, orgno, save_organization,
};

/// Makes every commit that touches this table fail after its statements have succeeded.
const FAIL_COMMITS: &str = "
    CREATE FUNCTION fail() RETURNS TRIGGER LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'disk_full'; END $$;
    CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON used_grants DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail();
    CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON organizations DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail();";

#[tokio::test(flavor = "multi_thread")]
async fn no_grant_is_fresh_when_the_commit_fails() {
    let database = Database::new();
    let store = database.store().await;
    database.run(FAIL_COMMITS).await;
    let answers = consume(&store, digests(50)).await;
    assert!(answers.iter().all(is_unavailable), "{answers:?}");
    assert!(!store.is_consumed(digests(1)[0]).await.unwrap());

    database.run("DROP TRIGGER fail ON used_grants").await;
    let answers = consume(&store, digests(50)).await;
    let fresh = |answer: &Result<_, _>| matches!(answer, Ok(Consumption::Fresh));
    assert!(answers.iter().all(fresh), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_whose_commit_fails_says_so_and_leaves_nothing() {
    let database = Database::new();
    let store = database.store().await;
    database.run(FAIL_COMMITS).await;
    let error = save_organization(&*store).await.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(store.revision().await.unwrap(), Revision(0));
    let changes = store.changes_since(Revision(0), 9).await.unwrap();
    assert_eq!(changes.records, []);
    assert_eq!(changes.extent, Extent::Complete);
}

/// The server answers COMMIT by undoing everything when a statement failed, and calls that a success.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_read_forbids_the_commit() {
    let database = Database::new();
    let store = database.store().await;
    database
        .run("ALTER TABLE prefixes RENAME COLUMN owner_orgno TO renamed")
        .await;
    for saves in [false, true] {
        let mut unit = store.begin().await.unwrap();
        unit.save_organization(&organization()).await.unwrap();
        unit.list_prefixes(None, Listing::All).await.unwrap_err();
        if saves {
            unit.save_organization(&organization()).await.unwrap_err();
        }
        unit.commit().await.unwrap_err();
        assert_eq!(store.revision().await.unwrap(), Revision(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_never_ends_holds_up_neither_grants_nor_readers() {
    let database = Database::new();
    let store = database.store().await;
    let unit = store.begin().await.unwrap();
    let answers = consume(&store, digests(500)).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    store.read().await.unwrap();
    store.check().await.unwrap();
    let waiting = database.store().await;
    let refused = waiting.begin().await.map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("is writing"), "{refused}");
    drop(unit);
    save_organization(&*waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_no_write_is_not_ready() {
    let database = Database::new();
    let store = database.store().await;
    store.check().await.unwrap();
    database
        .run(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',
                 current_database()); END $$;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    // The first answers may be of connections that were closed.
    let error = loop {
        match store.check().await.unwrap_err() {
            error if error.to_string().contains("connection") => {}
            error => break error,
        }
    };
    assert!(error.to_string().contains("read-only"), "{error}");
    assert!(is_unavailable(&save_organization(&*store).await));
    assert!(is_unavailable(&store.consume([1; 32], at(1)).await));
    assert_eq!(store.revision().await.unwrap(), Revision(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_wakes_up_whoever_listens() {
    let database = Database::new();
    let store = database.store().await;
    let mut listener = PgListener::connect(database.url()).await.unwrap();
    listener.listen(CHANNEL).await.unwrap();
    let mut unit = store.begin().await.unwrap();
    unit.save_organization(&organization()).await.unwrap();
    drop(unit);
    save_organization(&*store).await.unwrap();
    let notification = listener.recv().await.unwrap();
    assert_eq!(notification.payload(), "1", "what was undone is not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_hears_of_what_another_node_commits_also_after_its_connection_was_lost() {
    let database = Database::new();
    let (store, other) = (database.store().await, database.store().await);
    // The first hint says that it listens.
    store.changed().await;
    save_organization(&*other).await.unwrap();
    store.changed().await;
    database
        .run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        )
        .await;
    // It tells what it may have missed, and then hears again.
    store.changed().await;
    save_organization(&*other).await.unwrap();
    store.changed().await;
}

/// One record of each kind that has something to damage.
async fn fill(store: &dyn Store) {
    let mut unit = store.begin().await.unwrap();
    let scope = Scope::new("fjord:a".parse().unwrap(), orgno(), "", at(1));
    let client_id = ClientId::parse("client").unwrap();
    let client = Client::machine(client_id, "", orgno(), vec![scope.name.clone()], at(1));
    unit.save_organization(&organization()).await.unwrap();
    unit.save_scope(&scope).await.unwrap();
    unit.save_client(&client).await.unwrap();
    unit.commit().await.unwrap();
}

async fn read_all(store: &dyn Store) -> Result<(), StorageError> {
    let mut unit = store.read().await?;
    unit.list_organizations(Listing::All).await?;
    unit.list_clients(None, Listing::All).await?;
    store
        .find_client_record(&ClientId::parse("client").unwrap())
        .await?;
    store
        .find_scope_facts(&["fjord:a".parse().unwrap()], orgno())
        .await?;
    store.revision().await?;
    store.changes_since(Revision(0), 10).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_value_is_corrupt_with_its_place() {
    let damages = [
        (
            "UPDATE organizations SET orgno = 'x'",
            "organizations.orgno of x",
        ),
        (
            "UPDATE scopes SET owner_orgno = '1'",
            "scopes.owner_orgno of fjord:a",
        ),
        (
            "UPDATE scopes SET visibility = 'Public'",
            "scopes.visibility of fjord:a",
        ),
        (
            "UPDATE scopes SET at_max_age = -1",
            "scopes.at_max_age of fjord:a",
        ),
        (
            "UPDATE clients SET grant_types = '[\"x\"]'",
            "clients.grant_types of client",
        ),
        (
            "UPDATE clients SET supplier_orgno = ''",
            "clients.supplier_orgno of client",
        ),
        (
            "UPDATE client_scopes SET scope = 'a'",
            "client_scopes.scope of client",
        ),
        (
            "INSERT INTO access VALUES ('fjord:a', '312773023', 'GRANTED', 0, 0)",
            "access.state of fjord:a 312773023",
        ),
        (
            "INSERT INTO client_keys VALUES ('client', 1, 0, 'a', '{\"kty\": \"RSA\"}', 0, 0)",
            "client_keys.jwk of client",
        ),
        (
            "UPDATE clients SET token_endpoint_auth_method = 'client_secret_basic';
             INSERT INTO client_secrets VALUES ('client', 0, '\\x00', 0, 0)",
            "client_secrets.hash of client",
        ),
        ("UPDATE revision SET trimmed = -1", "revision.number of 1"),
        ("UPDATE revision SET number = -1", "revision.number of 1"),
    ];
    for (damage, place) in damages {
        let database = Database::new();
        let store = database.store().await;
        fill(&*store).await;
        read_all(&*store).await.unwrap();
        database.run(damage).await;
        let error = read_all(&*store).await.unwrap_err();
        assert_eq!(error.to_string(), format!("corrupt data in {place}"));
    }
}
