//! The suite that every store passes, on SQLite files in folders of their own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use portvakt_core::login::LoginStore;
use portvakt_core::ports::Store;
use portvakt_store_conformance::login::LoginFactory;
use portvakt_store_conformance::{StoreFactory, conformance_tests, login_tests};
use portvakt_store_sqlite::SqliteStore;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Folder {
    async fn store(&self) -> Arc<SqliteStore> {
        let store = SqliteStore::open(self.0.path().join("portvakt.db")).await;
        Arc::new(store.unwrap())
    }
}

impl StoreFactory for Folder {
    async fn open(&self) -> Arc<dyn Store> {
        self.store().await
    }
}

impl LoginFactory for Folder {
    async fn open_logins(&self) -> Arc<dyn LoginStore> {
        self.store().await
    }
}

conformance_tests!(Folder::new());

mod login {
    use super::*;

    login_tests!(Folder::new());
}
