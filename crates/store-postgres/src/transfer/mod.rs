//! Being filled from another store or a backup in one transaction, and being copied as it was at one
//! moment.
//!
//! The only SQL in the crate that is not known when it is compiled is in `catalog.rs`.

mod catalog;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{AuditLog, StorageError};
use portvakt_core::transfer::{REVISIONS_SKIPPED, Row, Table, TransferSource, TransferTarget};
use sqlx::{Postgres, Transaction};

use crate::fault::answered;
use crate::store::PostgresStore;
use crate::unit::PostgresUnit;
use crate::{ledger, logins};

/// An empty store on the way to being full. Nobody else can write while it lives; dropped without
/// a commit, the store is empty again.
pub struct PostgresTarget(PostgresUnit);

impl PostgresStore {
    /// Begins to fill the store. Refused unless it is empty.
    pub async fn begin_transfer(&self) -> Result<PostgresTarget, StorageError> {
        let transaction = answered(self.writers.begin()).await?;
        let unit = PostgresUnit::writing(transaction, false).await?;
        let mut target = PostgresTarget(unit);
        // The count of changes is moved too: a row takes the place of this one.
        let own_count = sqlx::query!("DELETE FROM revision WHERE number = 0");
        target.0.execute(own_count).await?;
        for table in target.tables().await? {
            if target.count(&table).await? > 0 {
                return Err(StorageError::Refused(format!(
                    "the target is not empty: it has rows in {}",
                    table.name
                )));
            }
        }
        Ok(target)
    }
}

impl PostgresTarget {
    /// Makes it all durable and visible at once.
    pub async fn commit(self) -> Result<(), StorageError> {
        self.0.commit_transfer().await
    }
}

#[async_trait]
impl TransferSource for PostgresTarget {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        catalog::tables(self.0.connection()).await
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        catalog::count(self.0.connection(), table).await
    }

    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        catalog::read(self.0.connection(), table, after, limit).await
    }
}

#[async_trait]
impl TransferTarget for PostgresTarget {
    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StorageError> {
        catalog::write(self.0.connection(), table, rows).await
    }

    async fn succeed_lost_store(
        &mut self,
        at: Timestamp,
        unknown_until: Timestamp,
    ) -> Result<(), StorageError> {
        ledger::close_until(self.0.connection(), unknown_until).await?;
        logins::forget(self.0.connection(), at).await?;
        let skip = sqlx::query!(
            "UPDATE revision SET number = number + $1, trimmed = number + $1",
            i64::from(REVISIONS_SKIPPED)
        );
        self.0.execute(skip).await?;
        Ok(())
    }

    fn audit_log(&mut self) -> &mut (dyn AuditLog + Send) {
        &mut self.0
    }
}

/// The database as it was at one moment, while everybody goes on writing.
#[derive(Debug)]
pub struct PostgresSnapshot(Transaction<'static, Postgres>);

impl PostgresStore {
    /// A snapshot of now, for as long as it lives.
    pub async fn transfer_snapshot(&self) -> Result<PostgresSnapshot, StorageError> {
        let mut transaction = self.snapshot().await?;
        // The first read fixes the state.
        crate::unit::revision(&mut transaction).await?;
        Ok(PostgresSnapshot(transaction))
    }
}

#[async_trait]
impl TransferSource for PostgresSnapshot {
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
