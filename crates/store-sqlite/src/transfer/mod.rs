//! Moving away and in: the file's tables for another store or a backup, the seal that ends its use
//! here, and a file that is being filled.
//!
//! The only SQL in the crate that is not known when it is compiled is in `catalog.rs`.

mod catalog;
mod target;

use std::path::Path;

use async_trait::async_trait;
use portvakt_core::ports::StorageError;
use portvakt_core::transfer::{Row, Table, TransferSource};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};

pub use self::target::SqliteTarget;
use crate::fault::{storage_error, unavailable};
use crate::store::{SqliteStore, begin_immediate, migrate, open_writer};

/// `user_version` of a file that was moved. It is 0 in every other file.
const SEALED: i64 = 0x4d4f_5645;

/// Refuses a file whose contents live elsewhere: two stores that do not know of each other would
/// each accept the same grant.
pub(crate) async fn refuse_sealed(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    if user_version(connection).await? == SEALED {
        return Err(unavailable(
            "its contents were moved to another database by `portvakt migrate`: use that one",
        ));
    }
    Ok(())
}

async fn user_version(connection: &mut SqliteConnection) -> Result<i64, StorageError> {
    sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
        .map_err(storage_error)
}

/// A file to be moved: locked against every write until it is dropped or sealed.
#[derive(Debug)]
pub struct SqliteSource {
    transaction: Transaction<'static, Sqlite>,
}

impl SqliteSource {
    /// Locks an existing file and brings its schema up to date. A file that is sealed already can
    /// be moved again: whoever sealed it may not have come to the end.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let writer = open_writer(path.as_ref()).await?;
        migrate(&writer).await?;
        let transaction = begin_immediate(&writer).await.map_err(storage_error)?;
        Ok(Self { transaction })
    }

    /// Makes the file useless as a store, durably, and unlocks it. To be done before the other
    /// store commits: should one of the two fail, no grant is accepted by both.
    pub async fn seal(mut self) -> Result<(), StorageError> {
        let seal = AssertSqlSafe(format!("PRAGMA user_version = {SEALED}"));
        sqlx::raw_sql(seal)
            .execute(&mut *self.transaction)
            .await
            .map_err(storage_error)?;
        self.transaction.commit().await.map_err(storage_error)
    }
}

#[async_trait]
impl TransferSource for SqliteSource {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        catalog::tables(&mut self.transaction).await
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        catalog::count(&mut self.transaction, table).await
    }

    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        catalog::read(&mut self.transaction, table, after, limit).await
    }
}

/// The file as it was at one moment, while everybody goes on writing.
#[derive(Debug)]
pub struct SqliteSnapshot(Transaction<'static, Sqlite>);

impl SqliteStore {
    /// A snapshot of now, for as long as it lives.
    pub async fn transfer_snapshot(&self) -> Result<SqliteSnapshot, StorageError> {
        let mut transaction = self.readers.begin().await.map_err(storage_error)?;
        // The first read fixes the state.
        crate::unit::revision(&mut transaction).await?;
        Ok(SqliteSnapshot(transaction))
    }
}

#[async_trait]
impl TransferSource for SqliteSnapshot {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        catalog::tables(&mut self.0).await
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        catalog::count(&mut self.0, table).await
    }

    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        catalog::read(&mut self.0, table, after, limit).await
    }
}
