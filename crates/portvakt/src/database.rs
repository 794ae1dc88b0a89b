//! The store that a configuration names, and how commands name one.

mod args;
mod transfer;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use portvakt_core::login::LoginStore;
use portvakt_core::ports::Store;
use portvakt_store_postgres::{PostgresSettings, PostgresStore};
use portvakt_store_sqlite::SqliteStore;
use url::Url;

pub(crate) use self::args::{DatabaseArgs, Registry};
use crate::config::DatabaseLocation;
use crate::signing::SecretLocation;

/// A store in use.
pub(crate) enum OpenStore {
    /// A file, for one node.
    Sqlite(Arc<SqliteStore>),
    /// A database, for any number of nodes.
    Postgres(Arc<PostgresStore>),
}

impl OpenStore {
    /// Opens it and brings its schema up to date.
    pub(crate) async fn open(location: DatabaseLocation) -> anyhow::Result<Self> {
        match location {
            DatabaseLocation::Sqlite(file) => {
                let store = SqliteStore::open(&file).await;
                let store = store.with_context(|| format!("open {}", file.display()))?;
                Ok(Self::Sqlite(Arc::new(store)))
            }
            DatabaseLocation::Postgres {
                url,
                password_file,
                max_connections,
            } => {
                let settings = postgres(&url, password_file, max_connections)?;
                let store = PostgresStore::open(&settings).await;
                let store = store.with_context(|| format!("open {}", settings.place()))?;
                Ok(Self::Postgres(Arc::new(store)))
            }
        }
    }

    /// What the surfaces work on.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Postgres(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// What the login surface works on.
    pub(crate) fn logins(&self) -> Arc<dyn LoginStore> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn LoginStore>,
            Self::Postgres(store) => Arc::clone(store) as Arc<dyn LoginStore>,
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

fn postgres(
    url: &Url,
    password_file: Option<PathBuf>,
    max_connections: u32,
) -> anyhow::Result<PostgresSettings> {
    let settings: PostgresSettings = url.as_str().parse()?;
    let settings = settings.with_connections(max_connections);
    let Some(file) = password_file else {
        return Ok(settings);
    };
    let password = SecretLocation::File(file).read()?;
    // Editors end a file with a line break, which nobody means.
    Ok(settings.with_password(password.trim_end_matches(['\r', '\n'])))
}
