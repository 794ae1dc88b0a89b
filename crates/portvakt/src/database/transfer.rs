//! A store of either kind as where a backup comes from, and where it goes.

use portvakt_core::ports::StorageError;
use portvakt_core::transfer::{TransferSource, TransferTarget};
use portvakt_store_postgres::PostgresTarget;
use portvakt_store_sqlite::SqliteTarget;

use super::OpenStore;

/// An empty store that is being filled.
pub(crate) enum OpenTarget {
    /// A file.
    Sqlite(SqliteTarget),
    /// A database.
    Postgres(PostgresTarget),
}

impl OpenStore {
    /// Everything in it as it is now, while others go on writing.
    pub(crate) async fn snapshot(&self) -> Result<Box<dyn TransferSource>, StorageError> {
        Ok(match self {
            Self::Sqlite(store) => Box::new(store.transfer_snapshot().await?),
            Self::Postgres(store) => Box::new(store.transfer_snapshot().await?),
        })
    }

    /// Begins to fill it. Refused unless it is empty.
    pub(crate) async fn begin_transfer(&self) -> Result<OpenTarget, StorageError> {
        Ok(match self {
            Self::Sqlite(store) => OpenTarget::Sqlite(store.begin_transfer().await?),
            Self::Postgres(store) => OpenTarget::Postgres(store.begin_transfer().await?),
        })
    }
}

impl OpenTarget {
    /// What rows are written to.
    pub(crate) fn target(&mut self) -> &mut dyn TransferTarget {
        match self {
            Self::Sqlite(target) => target,
            Self::Postgres(target) => target,
        }
    }

    /// Makes it all durable and visible at once.
    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(target) => target.commit().await,
            Self::Postgres(target) => target.commit().await,
        }
    }
}
