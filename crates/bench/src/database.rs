//! The database of a setup, in a folder of its own or on a private server.

use std::path::{Path, PathBuf};

use portvakt_core::ports::Store;
use portvakt_store_postgres::{PostgresSettings, PostgresStore};
use portvakt_store_sqlite::SqliteStore;
use portvakt_testkit::PostgresServer;

use crate::setup::StoreKind;

/// A database that is gone when this is dropped.
pub(crate) enum Database {
    Sqlite(PathBuf),
    Postgres {
        url: String,
        /// What must live as long.
        _server: PostgresServer,
    },
}

impl Database {
    /// An empty one; a file is made in `folder`.
    pub(crate) fn make(kind: StoreKind, folder: &Path) -> Self {
        match kind {
            StoreKind::Sqlite => Self::Sqlite(folder.join("portvakt.db")),
            StoreKind::Postgres => {
                let server = PostgresServer::durable();
                Self::Postgres {
                    url: server.database(),
                    _server: server,
                }
            }
        }
    }

    /// How a configuration names it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    /// Opens it to be filled.
    pub(crate) async fn open(&self) -> anyhow::Result<OpenDatabase> {
        Ok(match self {
            Self::Sqlite(file) => OpenDatabase::Sqlite(SqliteStore::open(file).await?),
            Self::Postgres { url, .. } => {
                let settings: PostgresSettings = url.parse()?;
                OpenDatabase::Postgres(Box::new(PostgresStore::open(&settings).await?))
            }
        })
    }
}

/// A database in use.
pub(crate) enum OpenDatabase {
    Sqlite(SqliteStore),
    Postgres(Box<PostgresStore>),
}

impl OpenDatabase {
    /// The port to write through.
    pub(crate) fn store(&self) -> &dyn Store {
        match self {
            Self::Sqlite(store) => store,
            Self::Postgres(store) => store.as_ref(),
        }
    }

    /// Lets go of it.
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
