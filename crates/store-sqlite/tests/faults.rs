//! What the disk, another process or a damaged row do to the answers: never a wrong one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use portvakt_core::access::{Access, AccessState};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::login::Locale;
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::person::{EidasIdentifier, IdentityMatch, Person, Pid, PidCheck};
use portvakt_core::ports::{
    Consumption, GrantDigest, GrantRegistry, Listing, RegistryReader, ReplayLedger, Revision,
    StorageError, Store,
};
use portvakt_core::registry_file::{ApplyContext, RegistryFile, apply};
use portvakt_core::scope::Scope;
use portvakt_core::{SystemEntropy, Timestamp};
use portvakt_store_sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;
use tokio::task::JoinSet;

struct Place {
    folder: TempDir,
    store: Arc<SqliteStore>,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("portvakt.db"))
            .await
            .unwrap();
        Self {
            folder,
            store: Arc::new(store),
        }
    }

    /// A connection of somebody else to the registry.
    async fn stranger(&self) -> SqliteConnection {
        self.stranger_to("portvakt.db").await
    }

    async fn stranger_to(&self, file: &str) -> SqliteConnection {
        let path = self.folder.path().join(file);
        SqliteConnectOptions::new()
            .filename(path)
            .connect()
            .await
            .unwrap()
    }

    async fn run(&self, sql: &'static str) {
        run(&mut self.stranger().await, sql).await;
    }

    async fn run_on_ledger(&self, sql: &'static str) {
        run(&mut self.stranger_to(LEDGER).await, sql).await;
    }

    /// The answer to each digest, consumed all at the same time.
    async fn consume(&self, digests: Vec<GrantDigest>) -> Vec<Result<Consumption, StorageError>> {
        let mut tasks = JoinSet::new();
        for digest in digests {
            let store = self.store.clone();
            tasks.spawn(async move { store.consume(digest, at(1000)).await });
        }
        tasks.join_all().await
    }
}

const LEDGER: &str = "portvakt.db-ledger";

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn orgno() -> OrgNumber {
    "312773023".parse().unwrap()
}

fn organization() -> Organization {
    Organization {
        orgno: orgno(),
        name: "Fjord".to_owned(),
        active: true,
        created: at(1),
        last_updated: at(1),
    }
}

fn access() -> Access {
    Access {
        scope: "fjord:a".parse().unwrap(),
        consumer_orgno: orgno(),
        state: AccessState::Approved,
        created: at(1),
        last_updated: at(1),
    }
}

fn digests(count: u16) -> Vec<GrantDigest> {
    let digest = |number: u16| {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        digest
    };
    (0..count).map(digest).collect()
}

fn is_unavailable<T>(answer: &Result<T, StorageError>) -> bool {
    matches!(answer, Err(StorageError::Unavailable(_)))
}

/// Makes every commit of the ledger fail after its inserts have succeeded.
const FAIL_COMMITS: &str = "
    CREATE TABLE nobody (id BIGINT NOT NULL PRIMARY KEY);
    CREATE TABLE orphans (
        id BIGINT NOT NULL REFERENCES nobody (id) DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TRIGGER fail AFTER INSERT ON used_batches BEGIN INSERT INTO orphans VALUES (1); END;";

/// Makes the insert of a batch of many fail.
const FAIL_INSERT: &str = "
    CREATE TRIGGER fail BEFORE INSERT ON used_batches WHEN length(NEW.digests) > 32
    BEGIN SELECT RAISE(ABORT, 'no'); END;";

#[tokio::test(flavor = "multi_thread")]
async fn no_grant_is_fresh_when_the_commit_fails() {
    let place = Place::new().await;
    place.run_on_ledger(FAIL_COMMITS).await;
    let answers = place.consume(digests(50)).await;
    assert!(answers.iter().all(is_unavailable), "{answers:?}");
    assert!(!place.store.is_consumed(digests(1)[0]).await.unwrap());

    place.run_on_ledger("DROP TRIGGER fail").await;
    let answers = place.consume(digests(50)).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(Consumption::Fresh))),
        "{answers:?}"
    );
}

#[tokio::test]
async fn no_grant_is_fresh_when_the_insert_of_its_batch_fails() {
    let place = Place::new().await;
    place.run_on_ledger(FAIL_INSERT).await;
    // On one thread every caller is queued before the ledger's task runs: they are one batch.
    let answers = place.consume(digests(50)).await;
    assert!(answers.iter().all(is_unavailable), "{answers:?}");
    for digest in digests(50) {
        assert!(!place.store.is_consumed(digest).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so_at_once_and_the_rest_is_served() {
    let place = Place::new().await;
    let mut other = place.stranger_to(LEDGER).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let digests = digests(6000);
    let mut tasks = JoinSet::new();
    let mut refused = 0;
    for digest in digests {
        let store = place.store.clone();
        tasks.spawn(async move { store.consume(digest, at(1000)).await });
    }
    // Only the refused ones are answered while another process holds the file.
    while refused < 6000 - 4096 - 256 {
        let error = tasks.join_next().await.unwrap().unwrap().unwrap_err();
        assert!(
            error.to_string().contains("too many grants are waiting"),
            "{error}"
        );
        refused += 1;
    }
    run(&mut other, "COMMIT").await;
    let fresh = tasks.join_all().await.into_iter().flatten().count();
    assert!((4096..=4096 + 256).contains(&fresh), "{fresh}");
}

/// Threat: whoever administers shuts out those who want tokens.
#[tokio::test(flavor = "multi_thread")]
async fn grants_are_used_while_the_registry_is_being_written() {
    let place = Place::new().await;
    let mut unit = place.store.begin().await.unwrap();
    unit.save_organization(&organization()).await.unwrap();
    let used = place.consume(digests(3)).await;
    assert!(used.iter().all(Result::is_ok), "{used:?}");
    drop(unit);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_written_is_not_ready() {
    let place = Place::new().await;
    let refuse = "CREATE TRIGGER fail BEFORE INSERT ON used_batches
         BEGIN SELECT RAISE(ABORT, 'no'); END";
    place.run_on_ledger(refuse).await;
    assert!(place.store.check().await.is_err());
    place.run_on_ledger("DROP TRIGGER fail").await;
    place.store.check().await.unwrap();
    let count = "SELECT COUNT(*) FROM used_batches";
    let mut stranger = place.stranger_to(LEDGER).await;
    let left: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut stranger)
        .await
        .unwrap();
    assert_eq!(
        left, 0,
        "what was written to see whether it can be is taken back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_is_not_ready() {
    let place = Place::new().await;
    place.store.check().await.unwrap();
    place
        .run(
            "CREATE TRIGGER fail BEFORE UPDATE ON revision
             BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .await;
    assert!(place.store.check().await.is_err());
    let mut unit = place.store.begin().await.unwrap();
    unit.save_organization(&organization()).await.unwrap();
    assert!(unit.commit().await.is_err());
    assert_eq!(place.store.revision().await.unwrap(), Revision(0));
    let mut reader = place.store.read().await.unwrap();
    assert_eq!(reader.find_organization(orgno()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_commit_tells_what_it_touched() {
    let place = Place::new().await;
    let mut unit = place.store.begin().await.unwrap();
    let scope = Scope::new("fjord:a".parse().unwrap(), orgno(), "", at(1));
    unit.save_scope(&scope).await.unwrap();
    unit.save_organization(&organization()).await.unwrap();
    unit.save_organization(&organization()).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = place.store.begin().await.unwrap();
    unit.save_access(&access()).await.unwrap();
    let pid = Pid::parse("17869010057", PidCheck::LengthOnly).unwrap();
    unit.save_person(&Person {
        pid,
        name: String::new(),
        contact: None,
    })
    .await
    .unwrap();
    unit.commit().await.unwrap();

    let changes: Vec<(i64, String, String)> =
        sqlx::query_as("SELECT revision, kind, record_key FROM changes ORDER BY 1, 2, 3")
            .fetch_all(&mut place.stranger().await)
            .await
            .unwrap();
    let changes: Vec<_> = changes
        .iter()
        .map(|(r, kind, key)| (*r, &**kind, &**key))
        .collect();
    assert_eq!(
        changes,
        [
            (1, "organization", "312773023"),
            (1, "scope", "fjord:a"),
            (2, "access", "fjord:a 312773023"),
            (2, "person", ""),
        ]
    );
}

/// Threat: a file that is silent about how somebody is reached takes back what they chose while it was
/// being applied.
#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_comes_while_a_file_is_applied_stays() {
    let place = Place::new().await;
    let applied = async |text: &str| {
        let file = RegistryFile::parse(text).unwrap();
        let context = ApplyContext {
            now: at(1),
            entropy: &SystemEntropy,
            progress: &mut |_| {},
        };
        let mut unit = place.store.begin().await.unwrap();
        apply(&file, unit.as_mut(), context).await.unwrap();
        unit.commit().await.unwrap();
    };
    applied("people: [{pid: '17869010057', name: A, krr: {spraak: nn}}]").await;
    // After the file's people were read, and before their contacts are written.
    let meanwhile = "CREATE TRIGGER meanwhile AFTER UPDATE ON people BEGIN
        UPDATE contacts SET language = 'en', language_at = 2000 WHERE pid = new.pid; END";
    place.run(meanwhile).await;
    applied("people: [{pid: '17869010057', name: B}]").await;
    let people = place.store.read().await.unwrap().list_people().await;
    let [person] = &people.unwrap()[..] else {
        panic!("there is one person")
    };
    assert_eq!(person.name, "B");
    let contact = person.contact.as_ref().unwrap();
    assert_eq!(contact.language, Some((Locale::En, at(2))));
}

/// One record of each kind that has something to damage.
async fn fill(place: &Place) {
    let mut unit = place.store.begin().await.unwrap();
    let scope = Scope::new("fjord:a".parse().unwrap(), orgno(), "", at(1));
    let client_id = ClientId::parse("client").unwrap();
    let client = Client::machine(client_id, "", orgno(), vec![scope.name.clone()], at(1));
    let pid = Pid::parse("17869010057", PidCheck::LengthOnly).unwrap();
    unit.save_organization(&organization()).await.unwrap();
    unit.save_scope(&scope).await.unwrap();
    unit.save_access(&access()).await.unwrap();
    unit.save_client(&client).await.unwrap();
    unit.save_person(&Person {
        pid,
        name: String::new(),
        contact: None,
    })
    .await
    .unwrap();
    unit.save_identity_match(&IdentityMatch {
        identifier: EidasIdentifier::parse("EE/NO/47101010033").unwrap(),
        pid: Pid::parse("17869010057", PidCheck::LengthOnly).unwrap(),
        active: true,
    })
    .await
    .unwrap();
    unit.commit().await.unwrap();
}

/// Reads every record that [`fill`] saved.
async fn read_all(place: &Place) -> Result<(), StorageError> {
    let mut unit = place.store.read().await?;
    unit.list_organizations(Listing::All).await?;
    unit.list_scopes(None, Listing::All).await?;
    unit.list_clients(None, Listing::All).await?;
    unit.list_people().await?;
    unit.list_identity_matches(Listing::All).await?;
    drop(unit);
    place
        .store
        .find_client_record(&ClientId::parse("client").unwrap())
        .await?;
    place
        .store
        .find_scope_facts(&["fjord:a".parse().unwrap()], orgno())
        .await?;
    place.store.revision().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_value_is_corrupt_with_its_place() {
    let damages = [
        (
            "UPDATE organizations SET orgno = 'x'",
            "organizations",
            "orgno",
            "x",
        ),
        (
            "UPDATE scopes SET owner_orgno = '1'",
            "scopes",
            "owner_orgno",
            "fjord:a",
        ),
        (
            "UPDATE scopes SET visibility = 'Public'",
            "scopes",
            "visibility",
            "fjord:a",
        ),
        (
            "UPDATE scopes SET translations = '[]'",
            "scopes",
            "translations",
            "fjord:a",
        ),
        (
            "UPDATE scopes SET at_max_age = -1",
            "scopes",
            "at_max_age",
            "fjord:a",
        ),
        (
            "UPDATE clients SET grant_types = '[\"x\"]'",
            "clients",
            "grant_types",
            "client",
        ),
        (
            "UPDATE clients SET integration_type = ''",
            "clients",
            "integration_type",
            "client",
        ),
        (
            "UPDATE clients SET supplier_orgno = ''",
            "clients",
            "supplier_orgno",
            "client",
        ),
        (
            "UPDATE clients SET login = 'x'",
            "clients",
            "login",
            "client",
        ),
        (
            "UPDATE client_scopes SET scope = 'a'",
            "client_scopes",
            "scope",
            "client",
        ),
        (
            "UPDATE people SET pid = '1786901005'",
            "people",
            "pid",
            "a person",
        ),
        (
            "UPDATE identity_matches SET identifier = 'EE'",
            "identity_matches",
            "identifier",
            "a match",
        ),
        (
            "UPDATE identity_matches SET pid = ''",
            "identity_matches",
            "pid",
            "a match",
        ),
        ("UPDATE revision SET number = -1", "revision", "number", "1"),
    ];
    for (damage, table, column, key) in damages {
        let place = Place::new().await;
        fill(&place).await;
        read_all(&place).await.unwrap();
        place.run(damage).await;
        let error = read_all(&place).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("corrupt data in {table}.{column} of {key}")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_access_is_corrupt_for_every_reader() {
    let place = Place::new().await;
    fill(&place).await;
    place.run("UPDATE access SET state = 'GRANTED'").await;
    let facts = place
        .store
        .find_scope_facts(&["fjord:a".parse().unwrap()], orgno())
        .await;
    let mut reader = place.store.read().await.unwrap();
    let access = reader
        .find_access(&"fjord:a".parse().unwrap(), orgno())
        .await;
    for error in [facts.unwrap_err(), access.unwrap_err()] {
        let expected = "corrupt data in access.state of fjord:a 312773023";
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_is_corrupt() {
    let place = Place::new().await;
    fill(&place).await;
    place
        .run(
            "INSERT INTO client_keys (client_id, key_set, position, kid, jwk, expires_at, created)
             VALUES ('client', 1, 0, 'a', '{\"kty\": \"RSA\"}', 0, 0)",
        )
        .await;
    let found = place
        .store
        .find_client_record(&ClientId::parse("client").unwrap())
        .await;
    let error = found.unwrap_err();
    assert_eq!(
        error.to_string(),
        "corrupt data in client_keys.jwk of client"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_clients_that_are_read_together_only_the_damaged_one_fails() {
    let place = Place::new().await;
    fill(&place).await;
    place
        .run(
            "INSERT INTO clients SELECT 'other', client_name, description, client_orgno,
                 supplier_orgno, integration_type, application_type, token_endpoint_auth_method,
                 '?', access_token_lifetime, token_endpoint_auth_signing_alg, login, active, created,
                 last_updated, self_managed
             FROM clients",
        )
        .await;
    let ids = ["other", "client"].map(|id| ClientId::parse(id).unwrap());
    let found = place.store.read_clients(&ids).await.unwrap().found;
    let error = found[0].as_ref().unwrap_err();
    assert_eq!(
        error.to_string(),
        "corrupt data in clients.grant_types of other"
    );
    assert!(found[1].as_ref().unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_not_utf_8_is_corrupt() {
    let place = Place::new().await;
    fill(&place).await;
    place
        .run("UPDATE organizations SET name = CAST(x'ff' AS TEXT)")
        .await;
    let error = read_all(&place).await.unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
}
