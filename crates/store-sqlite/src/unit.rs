//! The unit of work: one SQLite transaction that keeps account of what it touched.

use std::collections::BTreeSet;

use async_trait::async_trait;
pub(crate) use portvakt_core::ports::ChangedKind as Kind;
use portvakt_core::ports::{Revision, StorageError, UnitOfWork};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::fault::storage_error;

/// Whether a unit may save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Reading,
    Writing,
}

pub(crate) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// A transaction. Dropped without a commit, it is undone.
pub(crate) struct SqliteUnit {
    transaction: Transaction<'static, Sqlite>,
    mode: Mode,
    /// The revision that this unit reads.
    revision: Revision,
    changes: BTreeSet<(Kind, String)>,
    /// Whether something was written that is no part of the registry, such as the audit log.
    wrote_aside: bool,
    /// Saves that began and did not end: they failed, or were given up half way.
    unfinished: u32,
}

impl SqliteUnit {
    pub(crate) async fn start(
        mut transaction: Transaction<'static, Sqlite>,
        mode: Mode,
    ) -> Result<Self, StorageError> {
        // The first read also fixes the state that a reader sees.
        let revision = revision(&mut transaction).await?;
        Ok(Self {
            transaction,
            mode,
            revision,
            changes: BTreeSet::new(),
            wrote_aside: false,
            unfinished: 0,
        })
    }

    /// The connection, for reading.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// Begins a save of one or more statements, which [`SqliteUnit::saved`] ends.
    pub(crate) fn saving(&mut self) -> Result<(), StorageError> {
        if self.mode == Mode::Reading {
            return Err(StorageError::Refused(
                "this transaction is for reading".to_owned(),
            ));
        }
        self.unfinished += 1;
        Ok(())
    }

    /// Runs one statement of a save.
    pub(crate) async fn execute(&mut self, statement: Statement<'_>) -> Result<(), StorageError> {
        statement
            .execute(&mut *self.transaction)
            .await
            .map_err(storage_error)?;
        Ok(())
    }

    /// Ends a save of the record with this key.
    pub(crate) fn saved(&mut self, kind: Kind, key: String) {
        self.unfinished -= 1;
        self.changes.insert((kind, key));
    }

    /// A save that is one statement.
    pub(crate) async fn save(
        &mut self,
        kind: Kind,
        key: String,
        statement: Statement<'_>,
    ) -> Result<(), StorageError> {
        self.saving()?;
        self.execute(statement).await?;
        self.saved(kind, key);
        Ok(())
    }

    /// Writes one row that is no part of the registry. Refused, for this reason, if none was.
    pub(crate) async fn append(
        &mut self,
        statement: Statement<'_>,
        refusal: &str,
    ) -> Result<(), StorageError> {
        if self.write_aside(statement).await? != 1 {
            return Err(StorageError::Refused(refusal.to_owned()));
        }
        self.unfinished -= 1;
        Ok(())
    }

    /// Begins a save beside the registry, and says how many rows it touched.
    async fn write_aside(&mut self, statement: Statement<'_>) -> Result<u64, StorageError> {
        self.saving()?;
        let written = statement
            .execute(&mut *self.transaction)
            .await
            .map_err(storage_error)?;
        self.wrote_aside = true;
        Ok(written.rows_affected())
    }

    /// Runs one statement whose effect is kept and is no change of the registry; says how many rows
    /// it touched.
    pub(crate) async fn keep(&mut self, statement: Statement<'_>) -> Result<u64, StorageError> {
        let touched = self.write_aside(statement).await?;
        self.unfinished -= 1;
        Ok(touched)
    }

    /// Commits what was written past the account of changes: the account was written with it.
    pub(crate) async fn commit_transfer(self) -> Result<(), StorageError> {
        self.transaction.commit().await.map_err(storage_error)
    }

    async fn record_changes(&mut self) -> Result<Revision, StorageError> {
        let number =
            sqlx::query_scalar!("UPDATE revision SET number = number + 1 RETURNING number")
                .fetch_one(&mut *self.transaction)
                .await
                .map_err(storage_error)?;
        for (kind, key) in &self.changes {
            let kind = kind.as_str();
            sqlx::query!(
                "INSERT INTO changes (revision, kind, record_key) VALUES ($1, $2, $3)",
                number,
                kind,
                key
            )
            .execute(&mut *self.transaction)
            .await
            .map_err(storage_error)?;
        }
        revision_of(number)
    }
}

#[async_trait]
impl UnitOfWork for SqliteUnit {
    fn revision(&self) -> Revision {
        self.revision
    }

    /// A unit in which a save failed is refused and undone: what it holds is not what was meant.
    async fn commit(mut self: Box<Self>) -> Result<Revision, StorageError> {
        if self.unfinished > 0 {
            return Err(StorageError::Refused(
                "a save in the transaction failed".to_owned(),
            ));
        }
        if self.changes.is_empty() && !self.wrote_aside {
            return Ok(self.revision);
        }
        let revision = if self.changes.is_empty() {
            self.revision
        } else {
            self.record_changes().await?
        };
        self.transaction.commit().await.map_err(storage_error)?;
        Ok(revision)
    }
}

/// The revision that a connection sees.
pub(crate) async fn revision(connection: &mut SqliteConnection) -> Result<Revision, StorageError> {
    let number = sqlx::query_scalar!("SELECT number FROM revision WHERE id = 1")
        .fetch_one(connection)
        .await
        .map_err(storage_error)?;
    revision_of(number)
}

pub(crate) fn revision_of(number: i64) -> Result<Revision, StorageError> {
    u64::try_from(number)
        .map(Revision)
        .map_err(|_| StorageError::Corrupt {
            table: "revision",
            column: "number",
            key: "1".to_owned(),
        })
}
