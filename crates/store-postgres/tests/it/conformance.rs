//! The suite that every store passes, each test on a database of its own; the crashes on a server
//! of their own, which waits for the disk.

use std::sync::Arc;

use portvakt_core::login::LoginStore;
use portvakt_core::ports::Store;
use portvakt_store_conformance::crash::CrashingFactory;
use portvakt_store_conformance::login::LoginFactory;
use portvakt_store_conformance::{
    StoreFactory, conformance_tests, crash_tests, login_crash_tests, login_tests,
};
use portvakt_store_postgres::PostgresStore;
use portvakt_testkit::PostgresServer;

use crate::place::Database;

conformance_tests!(Database::new());

mod login {
    use super::*;

    login_tests!(Database::new());
    login_crash_tests!(Server::new());
}

struct Server {
    server: PostgresServer,
    database: String,
}

impl Server {
    fn new() -> Self {
        let server = PostgresServer::durable();
        let database = server.database();
        Self { server, database }
    }

    async fn store(&self) -> Arc<PostgresStore> {
        let settings = self.database.parse().unwrap();
        Arc::new(PostgresStore::open(&settings).await.unwrap())
    }
}

impl StoreFactory for Server {
    async fn open(&self) -> Arc<dyn Store> {
        self.store().await
    }
}

impl LoginFactory for Server {
    async fn open_logins(&self) -> Arc<dyn LoginStore> {
        self.store().await
    }
}

impl CrashingFactory for Server {
    async fn crash(&self) {
        self.server.crash();
        self.server.start();
    }
}

crash_tests!(Server::new());
