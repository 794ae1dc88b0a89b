//! The unit of work: one transaction that keeps account of what it touched.

use std::collections::BTreeSet;

use async_trait::async_trait;
pub(crate) use portvakt_core::ports::ChangedKind as Kind;
use portvakt_core::ports::{Revision, StorageError, UnitOfWork};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::fault::{answered, answered_soon};

/// The channel that a commit with changes notifies, with its revision as the payload. A hint to
/// read the change feed, and never the only one: a listener that was away has missed some.
pub const CHANNEL: &str = "portvakt_changes";

pub(crate) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Whether a unit may save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Reading,
    Writing { notifies: bool },
}

/// A transaction. Dropped without a commit, it is undone.
pub(crate) struct PostgresUnit {
    transaction: Transaction<'static, Postgres>,
    mode: Mode,
    /// The revision that this unit reads.
    revision: Revision,
    changes: BTreeSet<(Kind, String)>,
    /// Whether something was written that is no part of the registry, such as the audit log.
    wrote_aside: bool,
    /// Saves that began and did not end: they failed, or were given up half way.
    unfinished: u32,
}

impl PostgresUnit {
    /// The first read fixes the state that every later one sees.
    pub(crate) async fn reading(
        mut transaction: Transaction<'static, Postgres>,
    ) -> Result<Self, StorageError> {
        let revision = revision(&mut transaction).await?;
        Ok(Self::new(transaction, Mode::Reading, revision))
    }

    /// Waits for its turn. From then on every statement sees what was committed before it.
    pub(crate) async fn writing(
        mut transaction: Transaction<'static, Postgres>,
        notifies: bool,
    ) -> Result<Self, StorageError> {
        let query = sqlx::query_scalar!("SELECT number FROM revision WHERE id = 1 FOR UPDATE");
        let number = answered(query.fetch_one(&mut *transaction)).await?;
        let mode = Mode::Writing { notifies };
        Ok(Self::new(transaction, mode, revision_of(number)?))
    }

    fn new(transaction: Transaction<'static, Postgres>, mode: Mode, revision: Revision) -> Self {
        Self {
            transaction,
            mode,
            revision,
            changes: BTreeSet::new(),
            wrote_aside: false,
            unfinished: 0,
        }
    }

    /// The connection, for reading.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Begins a save of one or more statements, which [`PostgresUnit::saved`] ends.
    pub(crate) fn saving(&mut self) -> Result<(), StorageError> {
        if self.mode == Mode::Reading {
            return Err(StorageError::Refused(
                "this transaction is for reading".to_owned(),
            ));
        }
        self.unfinished += 1;
        Ok(())
    }

    /// Runs one statement of a save, and says how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, StorageError> {
        let done = answered(statement.execute(&mut *self.transaction)).await?;
        Ok(done.rows_affected())
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
        let written = self.execute(statement).await?;
        self.wrote_aside = true;
        Ok(written)
    }

    /// Runs one statement whose effect is kept and is no change of the registry; says how many rows
    /// it touched.
    pub(crate) async fn keep(&mut self, statement: Statement<'_>) -> Result<u64, StorageError> {
        let touched = self.write_aside(statement).await?;
        self.unfinished -= 1;
        Ok(touched)
    }

    /// Commits what was written past the account of changes: the account was written with it.
    pub(crate) async fn commit_transfer(mut self) -> Result<(), StorageError> {
        revision(&mut self.transaction).await?;
        answered(self.transaction.commit()).await
    }

    /// The next revision, with what it touched.
    async fn record_changes(&mut self) -> Result<Revision, StorageError> {
        let raise = sqlx::query_scalar!(
            "UPDATE revision SET number = number + 1 WHERE id = 1 RETURNING number"
        );
        let number = answered(raise.fetch_one(&mut *self.transaction)).await?;
        let changes = std::mem::take(&mut self.changes);
        let (kinds, keys): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .map(|(kind, key)| (kind.as_str().to_owned(), key))
            .unzip();
        let record = sqlx::query!(
            "INSERT INTO changes (revision, kind, record_key)
             SELECT $1, kind, record_key FROM unnest($2::TEXT[], $3::TEXT[]) AS touched (kind, record_key)",
            number,
            &kinds,
            &keys
        );
        self.execute(record).await?;
        self.notify(number).await?;
        revision_of(number)
    }

    /// Delivered with the commit, and not without it.
    async fn notify(&mut self, number: i64) -> Result<(), StorageError> {
        if self.mode != (Mode::Writing { notifies: true }) {
            return Ok(());
        }
        let payload = number.to_string();
        let notify = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(payload);
        self.execute(notify).await?;
        Ok(())
    }
}

#[async_trait]
impl UnitOfWork for PostgresUnit {
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
            // Should a statement have failed, COMMIT would undo everything and report no error. Any
            // other statement reports it.
            revision(&mut self.transaction).await?
        } else {
            self.record_changes().await?
        };
        answered(self.transaction.commit()).await?;
        Ok(revision)
    }
}

/// The revision that a connection sees.
pub(crate) async fn revision(connection: &mut PgConnection) -> Result<Revision, StorageError> {
    let query = sqlx::query_scalar!("SELECT number FROM revision WHERE id = 1");
    revision_of(answered_soon(query.fetch_one(connection)).await?)
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
