//! The suite that every store passes, each test on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use portvakt_core::ports::Store;
use portvakt_store_conformance::{StoreFactory, conformance_tests};
use portvakt_store_postgres::PostgresStore;
use portvakt_testkit::PostgresServer;

struct Database(String);

impl Database {
    fn new() -> Self {
        Self(PostgresServer::shared().database())
    }
}

impl StoreFactory for Database {
    async fn open(&self) -> Arc<dyn Store> {
        let settings = self.0.parse().unwrap();
        Arc::new(PostgresStore::open(&settings).await.unwrap())
    }
}

conformance_tests!(Database::new());
