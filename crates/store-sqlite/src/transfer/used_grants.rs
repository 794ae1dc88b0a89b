//! The used grants of the ledger's file, as rows of the table that every store has for them.

use std::cmp::Reverse;

use portvakt_core::ports::{GrantDigest, StorageError};
use portvakt_core::transfer::{Cell, Row, Table};
use sqlx::SqliteConnection;

use crate::ledger::{UsedGrant, add, list_some};

/// Grants that are in memory at a time: a ledger of a busy hour has millions, in the order of their arrival.
const WINDOW: usize = 100_000;

/// Some of them, in the order of their digests.
#[derive(Debug, Default)]
pub(super) struct UsedGrants(Vec<UsedGrant>);

impl UsedGrants {
    /// The first rows in order, or those after a row.
    pub(super) async fn read(
        &mut self,
        ledger: &mut SqliteConnection,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        let after = after.map(|row| grant(table, row));
        let after = after.as_ref();
        if after.is_none() || self.after(after).is_empty() {
            self.0 = window(ledger, after).await?;
        }
        let grants = self.after(after).iter().take(limit as usize);
        Ok(grants.map(|grant| row(table, grant)).collect())
    }

    fn after(&self, after: Option<&UsedGrant>) -> &[UsedGrant] {
        let first = self.0.partition_point(|grant| !is_after(grant, after));
        &self.0[first..]
    }
}

fn is_after((digest, _): &UsedGrant, after: Option<&UsedGrant>) -> bool {
    after.is_none_or(|(after, _)| digest > after)
}

/// Goes through all rows for the first grants in order, or those after one.
async fn window(
    ledger: &mut SqliteConnection,
    after: Option<&UsedGrant>,
) -> Result<Vec<UsedGrant>, StorageError> {
    let mut window = Vec::new();
    let mut number = 0;
    while let Some((last, grants)) = list_some(ledger, number).await? {
        number = last;
        window.extend(grants.into_iter().filter(|grant| is_after(grant, after)));
        if window.len() > 2 * WINDOW {
            keep_first(&mut window, WINDOW);
        }
    }
    keep_first(&mut window, WINDOW);
    Ok(window)
}

/// Of equal digests the one that is kept for longest.
fn keep_first(window: &mut Vec<UsedGrant>, count: usize) {
    window.sort_unstable_by_key(|(digest, keep_until)| (*digest, Reverse(*keep_until)));
    window.dedup_by_key(|(digest, _)| *digest);
    window.truncate(count);
}

/// Adds rows, those that are kept equally long together.
pub(super) async fn write(
    ledger: &mut SqliteConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), StorageError> {
    let mut grants: Vec<_> = rows.iter().map(|row| grant(table, row)).collect();
    grants.sort_unstable_by_key(|(digest, keep_until)| (*keep_until, *digest));
    for batch in grants.chunk_by(|(digest, one), (_, other)| one == other && digest.is_some()) {
        let digests: Vec<_> = batch.iter().filter_map(|(digest, _)| *digest).collect();
        add(ledger, batch[0].1, &digests.concat()).await?;
    }
    Ok(())
}

const DIGEST: &str = "digest";

fn row(table: &Table, (digest, keep_until): &UsedGrant) -> Row {
    let cell = |name: &str| match name {
        DIGEST => Cell::Bytes(digest.map_or_else(Vec::new, Vec::from)),
        _ => Cell::Integer(*keep_until),
    };
    table
        .columns
        .iter()
        .map(|column| cell(&column.name))
        .collect()
}

fn grant(table: &Table, row: &Row) -> UsedGrant {
    let mut grant = (None, 0);
    for (column, cell) in table.columns.iter().zip(row) {
        match cell {
            Cell::Bytes(digest) if column.name == DIGEST => {
                grant.0 = GrantDigest::try_from(digest.as_slice()).ok();
            }
            Cell::Integer(keep_until) => grant.1 = *keep_until,
            _ => {}
        }
    }
    grant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_digest_is_kept_once_and_for_longest() {
        let [one, two] = [Some([1; 32]), Some([2; 32])];
        let mut window = vec![(two, 5), (None, 1), (one, 3), (None, 9), (one, 8)];
        keep_first(&mut window, 2);
        assert_eq!(window, [(None, 9), (one, 8)]);
    }
}
