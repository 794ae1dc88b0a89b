//! Being filled from a backup, in one transaction of each file.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::ports::{AuditLog, StorageError};
use portvakt_core::transfer::{REVISIONS_SKIPPED, Row, Table, TransferSource, TransferTarget};
use sqlx::{Sqlite, Transaction};

use super::used_grants::UsedGrants;
use super::{Tables, catalog, is_in_ledger};
use crate::fault::storage_error;
use crate::ledger::Memory;
use crate::store::SqliteStore;
use crate::unit::{Mode, SqliteUnit};
use crate::{ledger, logins};

/// An empty store on the way to being full. Nobody else can write while it lives; dropped without
/// a commit, the store is empty again.
pub struct SqliteTarget {
    registry: SqliteUnit,
    ledger: Transaction<'static, Sqlite>,
    used_grants: UsedGrants,
    memory: Memory,
}

impl SqliteStore {
    /// Begins to fill the store. Refused unless it is empty.
    pub async fn begin_transfer(&self) -> Result<SqliteTarget, StorageError> {
        let registry = SqliteUnit::start(self.begin_write().await?, Mode::Writing).await?;
        let ledger = self.ledger.begin_write().await?;
        let mut target = SqliteTarget {
            registry,
            ledger,
            used_grants: UsedGrants::default(),
            memory: self.ledger.memory(),
        };
        // The count of changes is moved too: a row takes the place of this one.
        let own_count = sqlx::query!("DELETE FROM revision WHERE number = 0");
        target.registry.execute(own_count).await?;
        for table in target.tables().await? {
            if !is_in_ledger(&table) && target.count(&table).await? > 0 {
                return Err(StorageError::Refused(format!(
                    "the target is not empty: it has rows in {}",
                    table.name
                )));
            }
        }
        // Where there is no client, no grant was used: this is of a restore that was cut off.
        ledger::clear(&mut target.ledger).await?;
        Ok(target)
    }
}

impl SqliteTarget {
    /// Makes it all durable and visible. The ledger comes first, so that a registry is never without
    /// what it must know; without the registry, what the ledger knows is of nobody.
    pub async fn commit(self) -> Result<(), StorageError> {
        self.ledger.commit().await.map_err(storage_error)?;
        self.memory.forget().await;
        self.registry.commit_transfer().await
    }

    fn both(&mut self) -> Tables<'_> {
        Tables {
            registry: self.registry.connection(),
            ledger: &mut self.ledger,
            used_grants: &mut self.used_grants,
        }
    }
}

#[async_trait]
impl TransferSource for SqliteTarget {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        catalog::tables(self.registry.connection()).await
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        self.both().count(table).await
    }

    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        self.both().read(table, after, limit).await
    }
}

#[async_trait]
impl TransferTarget for SqliteTarget {
    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StorageError> {
        self.both().write(table, rows).await
    }

    async fn succeed_lost_store(
        &mut self,
        at: Timestamp,
        unknown_until: Timestamp,
    ) -> Result<(), StorageError> {
        ledger::close_until(&mut self.ledger, unknown_until).await?;
        logins::forget(self.registry.connection(), at).await?;
        let skip = sqlx::query!(
            "UPDATE revision SET number = number + $1, trimmed = number + $1",
            REVISIONS_SKIPPED
        );
        skip.execute(self.registry.connection())
            .await
            .map_err(storage_error)?;
        Ok(())
    }

    fn audit_log(&mut self) -> &mut (dyn AuditLog + Send) {
        &mut self.registry
    }
}
