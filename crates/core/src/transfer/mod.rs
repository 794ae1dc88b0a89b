//! Moving everything from one store to another: every table whole, in the form that stores keep,
//! so that ids, times, removed keys, used grants and the audit chain arrive as they were.
//!
//! A table is known by what a store's own catalog says of it. What is added to both stores is moved
//! without a change here, and what is added to one of them only stops the move.

mod restoration;
mod table;
mod tally;

use async_trait::async_trait;

pub use self::restoration::{REVISIONS_SKIPPED, Restoration, unknown_until};
pub use self::table::{Cell, CellKind, Column, Row, Table};
pub use self::tally::Tally;
use crate::audit::{AuditFault, AuditFilter, AuditLink, Checkpoints, Verifier};
use crate::clock::Timestamp;
use crate::ports::{AuditLog, StorageError};

/// Rows that are read and written at a time.
const PAGE: u32 = 500;

/// A store whose tables can be read, all as they were at one moment.
#[async_trait]
pub trait TransferSource: Send {
    /// Every table that holds what the ports keep, each after those that it refers to.
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError>;

    /// How many rows the table has.
    async fn count(&mut self, table: &Table) -> Result<u64, StorageError>;

    /// The first `limit` rows in order of the table's key, or those after the row `after`.
    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError>;
}

/// An empty store that is being filled, in one transaction.
#[async_trait]
pub trait TransferTarget: TransferSource {
    /// Adds rows. `table` is the source's, whose columns may come in another order.
    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StorageError>;

    /// Makes the contents those of a store that went on where nobody can look any more, until `at`.
    /// Grants that the ledger does not hold count as used if they could be kept until `unknown_until`
    /// or before, and whatever followed the lost store's changes learns that it knows nothing of
    /// these. Of logins, what is single use is gone, sessions too, and authorizations are revoked:
    /// any of it may have been used or ended since.
    async fn succeed_lost_store(
        &mut self,
        at: Timestamp,
        unknown_until: Timestamp,
    ) -> Result<(), StorageError>;

    /// The log as it is in the target.
    fn audit_log(&mut self) -> &mut (dyn AuditLog + Send);
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the stores failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The stores do not keep the same things.
    #[error("the stores differ in table {table}: they are of different versions")]
    DifferentTables {
        /// The first table that one of them lacks, or that has other columns.
        table: String,
    },
    /// What arrived is not what was sent.
    #[error("table {table} did not arrive as it was: {sent} rows were sent and {arrived} arrived")]
    NotTheSame {
        /// Which.
        table: String,
        /// Rows of the source.
        sent: u64,
        /// Rows of the target.
        arrived: u64,
    },
    /// The chain does not hold, neither here nor where it came from.
    #[error("the audit log was tampered with: {0}")]
    Audit(#[from] AuditFault),
}

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of its rows in order of their key.
    pub digest: [u8; 32],
}

impl Transferred {
    /// The digest, in hexadecimal.
    pub fn digest_hex(&self) -> String {
        use std::fmt::Write;
        let mut text = String::with_capacity(64);
        for byte in self.digest {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// Everything that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferReport {
    /// In the order in which they were moved.
    pub tables: Vec<Transferred>,
    /// The last entry of the audit log.
    pub audit: AuditLink,
}

/// How far a move has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferProgress<'t> {
    /// The table that is being moved.
    pub table: &'t str,
    /// Rows of all tables so far.
    pub rows: u64,
    /// Rows of all tables together.
    pub total: u64,
}

/// Copies every table and reads each back. The caller then commits the target, or drops it.
pub async fn transfer(
    source: &mut dyn TransferSource,
    target: &mut dyn TransferTarget,
    mut progress: impl FnMut(TransferProgress<'_>) + Send,
) -> Result<TransferReport, TransferError> {
    let tables = source.tables().await?;
    same_tables(&tables, &target.tables().await?)?;
    let mut total = 0;
    for table in &tables {
        total += source.count(table).await?;
    }
    let mut moved: Vec<Transferred> = Vec::with_capacity(tables.len());
    for table in &tables {
        let before: u64 = moved.iter().map(|table| table.rows).sum();
        let so_far = |rows| {
            progress(TransferProgress {
                table: &table.name,
                rows: before + rows,
                total,
            });
        };
        let sent = copy(source, target, table, so_far).await?;
        moved.push(check(target, table, sent).await?);
    }
    Ok(TransferReport {
        tables: moved,
        audit: verify_audit(target.audit_log()).await?,
    })
}

/// The order of tables and columns is each store's own.
fn same_tables(source: &[Table], target: &[Table]) -> Result<(), TransferError> {
    let different = |a: &[Table], b: &[Table]| {
        let alike = |table: &&Table| b.iter().any(|other| other.is_like(table));
        let lacking = a.iter().find(|table| !alike(table));
        lacking.map(|table| table.name.clone())
    };
    match different(source, target).or_else(|| different(target, source)) {
        Some(table) => Err(TransferError::DifferentTables { table }),
        None => Ok(()),
    }
}

async fn copy(
    source: &mut dyn TransferSource,
    target: &mut dyn TransferTarget,
    table: &Table,
    mut so_far: impl FnMut(u64) + Send,
) -> Result<Tally, TransferError> {
    let mut tally = Tally::new();
    let mut last = None;
    loop {
        let rows = source.read(table, last.as_ref(), PAGE).await?;
        target.write(table, &rows).await?;
        tally.add(&rows);
        so_far(tally.rows());
        last = rows.into_iter().next_back();
        if last.is_none() {
            return Ok(tally);
        }
    }
}

/// Reads the table back and compares it with what was sent.
async fn check(
    target: &mut dyn TransferTarget,
    table: &Table,
    sent: Tally,
) -> Result<Transferred, TransferError> {
    let mut arrived = Tally::new();
    let mut last = None;
    loop {
        let rows = target.read(table, last.as_ref(), PAGE).await?;
        arrived.add(&rows);
        last = rows.into_iter().next_back();
        if last.is_none() {
            break;
        }
    }
    let (sent, arrived) = (sent.finish(), arrived.finish());
    if sent == arrived {
        return Ok(Transferred {
            table: table.name.clone(),
            rows: sent.0,
            digest: sent.1,
        });
    }
    Err(TransferError::NotTheSame {
        table: table.name.clone(),
        sent: sent.0,
        arrived: arrived.0,
    })
}

async fn verify_audit(log: &mut (dyn AuditLog + Send)) -> Result<AuditLink, TransferError> {
    let checkpoints = Checkpoints::none();
    let mut verifier = Verifier::new(&checkpoints);
    let mut after = 0;
    loop {
        let page = log.list_audit(&AuditFilter::default(), after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(verifier.finish()?.last);
        };
        after = last.link.sequence;
        for entry in &page {
            verifier.entry(entry)?;
        }
    }
}
