//! The store that a configuration names.

use std::sync::Arc;

use anyhow::{Context, bail};
use portvakt_core::ports::Store;
use portvakt_store_sqlite::SqliteStore;

use crate::config::{Config, DatabaseLocation, Faults};

/// A store in use.
pub(crate) enum OpenStore {
    /// A file.
    Sqlite(Arc<SqliteStore>),
}

impl OpenStore {
    /// Opens it and brings its schema up to date.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        match Faults::settle(|faults| config.database.settings(faults))? {
            DatabaseLocation::Sqlite(file) => {
                let store = SqliteStore::open(&file).await;
                let store = store.with_context(|| format!("open {}", file.display()))?;
                Ok(Self::Sqlite(Arc::new(store)))
            }
            DatabaseLocation::Postgres { .. } => {
                bail!("this build serves from SQLite alone: write sqlite:/path/to/file")
            }
        }
    }

    /// What the surfaces work on.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// Lets go of it.
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
        }
    }
}
