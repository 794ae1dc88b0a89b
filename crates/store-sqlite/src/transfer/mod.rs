//! Moving away and in: the tables of both files for another store or a backup, the seal that ends their
//! use here, and files that are being filled.
//!
//! The only SQL in the crate that is not known when it is compiled is in `catalog.rs`.

mod catalog;
mod target;
mod used_grants;

use std::path::Path;

use async_trait::async_trait;
use portvakt_core::ports::StorageError;
use portvakt_core::transfer::{Row, Table, TransferSource};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};

pub use self::target::SqliteTarget;
use self::used_grants::UsedGrants;
use crate::connections::begin_immediate;
use crate::fault::{storage_error, unavailable};
use crate::ledger;
use crate::store::{Files, SqliteStore};

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

/// Both files, each in a transaction.
#[derive(Debug)]
struct Both {
    registry: Transaction<'static, Sqlite>,
    ledger: Transaction<'static, Sqlite>,
    used_grants: UsedGrants,
}

impl Both {
    fn new(registry: Transaction<'static, Sqlite>, ledger: Transaction<'static, Sqlite>) -> Self {
        Self {
            registry,
            ledger,
            used_grants: UsedGrants::default(),
        }
    }

    fn tables(&mut self) -> Tables<'_> {
        Tables {
            registry: &mut self.registry,
            ledger: &mut self.ledger,
            used_grants: &mut self.used_grants,
        }
    }
}

/// The tables of both files as those of one database.
struct Tables<'f> {
    registry: &'f mut SqliteConnection,
    ledger: &'f mut SqliteConnection,
    used_grants: &'f mut UsedGrants,
}

impl Tables<'_> {
    async fn count(self, table: &Table) -> Result<u64, StorageError> {
        if is_in_ledger(table) {
            ledger::count(self.ledger).await
        } else {
            catalog::count(self.registry, table).await
        }
    }

    async fn read(
        self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        if is_in_ledger(table) {
            let rows = self.used_grants.read(self.ledger, table, after, limit);
            rows.await
        } else {
            catalog::read(self.registry, table, after, limit).await
        }
    }

    async fn write(self, table: &Table, rows: &[Row]) -> Result<(), StorageError> {
        if is_in_ledger(table) {
            used_grants::write(self.ledger, table, rows).await
        } else {
            catalog::write(self.registry, table, rows).await
        }
    }
}

/// The registry's catalog has this table too, from before the ledger had a file of its own. There it is
/// empty.
fn is_in_ledger(table: &Table) -> bool {
    table.name == "used_grants"
}

/// Files to be moved: locked against every write until this is dropped or the registry is sealed.
#[derive(Debug)]
pub struct SqliteSource(Both);

impl SqliteSource {
    /// Locks the files of an existing registry and brings their schemas up to date. What is sealed
    /// already can be moved again: whoever sealed it may not have come to the end.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let files = Files::open(path.as_ref()).await?;
        let registry = begin_immediate(&files.registry).await?;
        let ledger = begin_immediate(&files.ledger).await?;
        Ok(Self(Both::new(registry, ledger)))
    }

    /// Makes the registry useless as a store, durably, and unlocks both files. To be done before the
    /// other store commits: should one of the two fail, no grant is accepted by both.
    pub async fn seal(mut self) -> Result<(), StorageError> {
        let seal = AssertSqlSafe(format!("PRAGMA user_version = {SEALED}"));
        sqlx::raw_sql(seal)
            .execute(&mut *self.0.registry)
            .await
            .map_err(storage_error)?;
        self.0.registry.commit().await.map_err(storage_error)
    }
}

#[async_trait]
impl TransferSource for SqliteSource {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        catalog::tables(&mut self.0.registry).await
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        self.0.tables().count(table).await
    }

    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        self.0.tables().read(table, after, limit).await
    }
}

/// Everything as it was at one moment, while everybody goes on writing.
#[derive(Debug)]
pub struct SqliteSnapshot(Both);

impl SqliteStore {
    /// A snapshot of now, for as long as it lives.
    pub async fn transfer_snapshot(&self) -> Result<SqliteSnapshot, StorageError> {
        let mut registry = self.readers.begin().await.map_err(storage_error)?;
        // The first read fixes the state. That of the ledger is fixed when it is read.
        crate::unit::revision(&mut registry).await?;
        let ledger = self.ledger.begin_read().await?;
        Ok(SqliteSnapshot(Both::new(registry, ledger)))
    }
}

#[async_trait]
impl TransferSource for SqliteSnapshot {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        catalog::tables(&mut self.0.registry).await
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        self.0.tables().count(table).await
    }

    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        self.0.tables().read(table, after, limit).await
    }
}
