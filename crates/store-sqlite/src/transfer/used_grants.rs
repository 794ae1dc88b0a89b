//! The used grants of the ledger's file, as rows of the table that every store has for them.

use portvakt_core::ports::StorageError;
use portvakt_core::transfer::{Cell, Row, Table};
use sqlx::SqliteConnection;

use crate::ledger::{UsedGrant, add, list};

/// All of them in order, from the first read on until the next one from the start.
#[derive(Debug, Default)]
pub(super) struct UsedGrants(Vec<UsedGrant>);

impl UsedGrants {
    pub(super) async fn count(
        &mut self,
        ledger: &mut SqliteConnection,
    ) -> Result<u64, StorageError> {
        Ok(list(ledger).await?.len() as u64)
    }

    pub(super) async fn read(
        &mut self,
        ledger: &mut SqliteConnection,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        if after.is_none() {
            self.0 = list(ledger).await?;
        }
        let first = after.map_or(0, |row| {
            let digest = digest(table, row);
            self.0
                .partition_point(|(each, _)| each.as_slice() <= digest)
        });
        let grants = self.0[first..].iter().take(limit as usize);
        Ok(grants.map(|grant| row(table, grant)).collect())
    }
}

/// Adds rows, those that are kept equally long together.
pub(super) async fn write(
    ledger: &mut SqliteConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), StorageError> {
    let mut grants: Vec<_> = rows
        .iter()
        .map(|row| (keep_until(table, row), digest(table, row)))
        .collect();
    grants.sort_unstable();
    for batch in grants.chunk_by(|(one, first), (other, _)| one == other && !first.is_empty()) {
        let digests: Vec<_> = batch.iter().map(|(_, digest)| *digest).collect();
        let (keep_until, _) = batch[0];
        add(ledger, keep_until, &digests.concat()).await?;
    }
    Ok(())
}

const DIGEST: &str = "digest";

fn row(table: &Table, (digest, keep_until): &UsedGrant) -> Row {
    let cell = |name: &str| match name {
        DIGEST => Cell::Bytes(digest.clone()),
        _ => Cell::Integer(*keep_until),
    };
    table
        .columns
        .iter()
        .map(|column| cell(&column.name))
        .collect()
}

fn digest<'r>(table: &Table, row: &'r Row) -> &'r [u8] {
    let digest = table.columns.iter().zip(row).find_map(|cell| match cell {
        (column, Cell::Bytes(digest)) if column.name == DIGEST => Some(digest.as_slice()),
        _ => None,
    });
    digest.unwrap_or_default()
}

fn keep_until(table: &Table, row: &Row) -> i64 {
    let keep_until = table.columns.iter().zip(row).find_map(|cell| match cell {
        (column, Cell::Integer(end)) if column.name != DIGEST => Some(*end),
        _ => None,
    });
    keep_until.unwrap_or_default()
}
