//! Being filled from a backup, in one transaction.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{AuditLog, StorageError};
use portvakt_core::transfer::{REVISIONS_SKIPPED, Row, Table, TransferSource, TransferTarget};

use super::catalog;
use crate::fault::storage_error;
use crate::store::SqliteStore;
use crate::unit::{Mode, SqliteUnit};
use crate::{ledger, logins};

/// An empty store on the way to being full. Nobody else can write while it lives; dropped without
/// a commit, the store is empty again.
pub struct SqliteTarget(SqliteUnit);

impl SqliteStore {
    /// Begins to fill the store. Refused unless it is empty.
    pub async fn begin_transfer(&self) -> Result<SqliteTarget, StorageError> {
        let unit = SqliteUnit::start(self.begin_write().await?, Mode::Writing).await?;
        let mut target = SqliteTarget(unit);
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

impl SqliteTarget {
    /// Makes it all durable and visible at once.
    pub async fn commit(self) -> Result<(), StorageError> {
        self.0.commit_transfer().await
    }
}

#[async_trait]
impl TransferSource for SqliteTarget {
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
impl TransferTarget for SqliteTarget {
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
            REVISIONS_SKIPPED
        );
        skip.execute(self.0.connection())
            .await
            .map_err(storage_error)?;
        Ok(())
    }

    fn audit_log(&mut self) -> &mut (dyn AuditLog + Send) {
        &mut self.0
    }
}
