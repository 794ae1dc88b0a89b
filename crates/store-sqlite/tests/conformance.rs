//! The suite that every store passes, on SQLite files in folders of their own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use portvakt_core::ports::Store;
use portvakt_store_conformance::{StoreFactory, conformance_tests};
use portvakt_store_sqlite::SqliteStore;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl StoreFactory for Folder {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(
            SqliteStore::open(self.0.path().join("portvakt.db"))
                .await
                .unwrap(),
        )
    }
}

conformance_tests!(Folder::new());
