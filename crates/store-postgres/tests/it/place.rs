//! An empty database, a store on it, and somebody else with the same database.

use std::sync::Arc;

use portvakt_core::Timestamp;
use portvakt_core::login::LoginStore;
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::{Consumption, GrantDigest, ReplayLedger, StorageError, Store};
use portvakt_store_conformance::StoreFactory;
use portvakt_store_conformance::login::LoginFactory;
use portvakt_store_postgres::PostgresStore;
use portvakt_testkit::PostgresServer;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::task::JoinSet;

/// A database of its own on the shared server. It is gone when it is dropped: there are hundreds, and
/// together they would take gigabytes of the disk.
pub(crate) struct Database(String);

impl Database {
    pub(crate) fn new() -> Self {
        Self(PostgresServer::shared().database())
    }

    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    pub(crate) async fn store(&self) -> Arc<PostgresStore> {
        Arc::new(open(&self.0).await.unwrap())
    }

    /// A connection of somebody else.
    pub(crate) async fn stranger(&self) -> PgConnection {
        let options: sqlx::postgres::PgConnectOptions = self.0.parse().unwrap();
        options.connect().await.unwrap()
    }

    /// Runs statements as somebody else.
    pub(crate) async fn run(&self, sql: &'static str) {
        let mut stranger = self.stranger().await;
        sqlx::raw_sql(sql).execute(&mut stranger).await.unwrap();
        stranger.close().await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What failed is told by the panic there is.
        if !std::thread::panicking() {
            PostgresServer::shared().remove(&self.0);
        }
    }
}

impl StoreFactory for Database {
    async fn open(&self) -> Arc<dyn Store> {
        self.store().await
    }
}

impl LoginFactory for Database {
    async fn open_logins(&self) -> Arc<dyn LoginStore> {
        self.store().await
    }
}

/// A store on a database, wherever it is.
pub(crate) async fn open(url: &str) -> Result<PostgresStore, StorageError> {
    PostgresStore::open(&url.parse().unwrap()).await
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(crate) fn orgno() -> OrgNumber {
    "312773023".parse().unwrap()
}

pub(crate) fn organization() -> Organization {
    Organization {
        orgno: orgno(),
        name: "Fjord".to_owned(),
        active: true,
        created: at(1),
        last_updated: at(1),
    }
}

pub(crate) fn digests(count: u16) -> Vec<GrantDigest> {
    let digest = |number: u16| {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        digest
    };
    (0..count).map(digest).collect()
}

/// The answer to each digest, consumed all at the same time.
pub(crate) async fn consume(
    store: &Arc<PostgresStore>,
    digests: Vec<GrantDigest>,
) -> Vec<Result<Consumption, StorageError>> {
    let mut tasks = JoinSet::new();
    for digest in digests {
        let store = store.clone();
        tasks.spawn(async move { store.consume(digest, at(1000)).await });
    }
    tasks.join_all().await
}

/// Saves one organization in a unit of its own.
pub(crate) async fn save_organization(store: &dyn Store) -> Result<(), StorageError> {
    let mut unit = store.begin().await?;
    unit.save_organization(&organization()).await?;
    unit.commit().await?;
    Ok(())
}

pub(crate) fn is_unavailable<T>(answer: &Result<T, StorageError>) -> bool {
    matches!(answer, Err(StorageError::Unavailable(_)))
}
