//! The rows of the ledger's file.

use portvakt_core::Timestamp;
use portvakt_core::ports::{GrantDigest, StorageError};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::seen::Seen;
use crate::fault::storage_error;

/// Rows read or removed by one statement.
const SOME: i64 = 250;

/// Adds a row, unless there are rows that are not in `seen`. Whether it did: the statement is a transaction
/// of its own, and has ended only when that is on the disk.
pub(super) async fn append(
    writer: &SqlitePool,
    seen: &Seen,
    keep_until: i64,
    digests: &[u8],
) -> Result<bool, StorageError> {
    let last = seen.last();
    let append = sqlx::query!(
        "INSERT INTO used_batches (number, keep_until, digests)
         SELECT $1 + 1, $2, $3
         WHERE $1 = COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'used_batches'), 0)",
        last,
        keep_until,
        digests
    );
    let result = append.execute(writer).await.map_err(storage_error)?;
    Ok(result.rows_affected() == 1)
}

/// Adds a row after all others, in a transaction, and gives its number.
pub(crate) async fn add(
    ledger: &mut SqliteConnection,
    keep_until: i64,
    digests: &[u8],
) -> Result<i64, StorageError> {
    let add = sqlx::query!(
        "INSERT INTO used_batches (keep_until, digests) VALUES ($1, $2)",
        keep_until,
        digests
    );
    let result = add.execute(ledger).await.map_err(storage_error)?;
    Ok(result.last_insert_rowid())
}

/// Takes every row that `seen` lacks into it.
pub(super) async fn catch_up(
    ledger: &mut SqliteConnection,
    seen: &mut Seen,
) -> Result<(), StorageError> {
    // Numbers of rows that were removed again are reached too.
    let reached = sqlx::query_scalar!(
        r#"SELECT COALESCE(MAX(seq), 0) AS "seq!: i64" FROM sqlite_sequence
           WHERE name = 'used_batches'"#
    );
    let reached = reached.fetch_one(&mut *ledger).await;
    let reached = reached.map_err(storage_error)?;
    while seen.last() < reached {
        let (last, floor) = (seen.last(), seen.floor());
        let rows = sqlx::query!(
            "SELECT number, keep_until, digests FROM used_batches
             WHERE number > $1 AND keep_until >= $2 ORDER BY number LIMIT $3",
            last,
            floor,
            SOME
        );
        let rows = rows.fetch_all(&mut *ledger).await.map_err(storage_error)?;
        if rows.is_empty() {
            seen.reach(reached);
        }
        for row in rows {
            seen.add(row.number, row.keep_until, &row.digests);
        }
    }
    Ok(())
}

/// Removes some of the rows that need not be kept any longer. How many rows, and how many grants.
pub(super) async fn remove_some(
    writer: &SqlitePool,
    now: Timestamp,
) -> Result<(usize, u64), StorageError> {
    let now = now.milliseconds();
    let remove = sqlx::query_scalar!(
        r#"DELETE FROM used_batches WHERE number IN
               (SELECT number FROM used_batches WHERE keep_until < $1 ORDER BY number LIMIT $2)
           RETURNING length(digests) / 32 AS "grants!: i64""#,
        now,
        SOME
    );
    let removed = remove.fetch_all(writer).await.map_err(storage_error)?;
    let grants = removed.iter().map(|grants| grants.unsigned_abs()).sum();
    Ok((removed.len(), grants))
}

/// Whether no more rows than these are left to remove.
pub(super) fn is_the_rest(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows < SOME)
}

/// A grant that was used, and until when that must be known, in milliseconds.
pub(crate) type UsedGrant = (Vec<u8>, i64);

/// Every grant that was used, each once, in order. The empty digest, which is that of no grant, has the
/// time until which all of them count as used.
pub(crate) async fn list(ledger: &mut SqliteConnection) -> Result<Vec<UsedGrant>, StorageError> {
    let rows = sqlx::query!("SELECT keep_until, digests FROM used_batches");
    let rows = rows.fetch_all(ledger).await.map_err(storage_error)?;
    let mut grants = Vec::new();
    for row in rows {
        if row.digests.is_empty() {
            grants.push((Vec::new(), row.keep_until));
        }
        for digest in row.digests.chunks(size_of::<GrantDigest>()) {
            grants.push((digest.to_vec(), row.keep_until));
        }
    }
    // The latest end of a digest first, and the others away.
    grants.sort_unstable_by(|(one, earlier), (other, later)| {
        one.cmp(other).then_with(|| later.cmp(earlier))
    });
    grants.dedup_by(|(later, _), (first, _)| later == first);
    Ok(grants)
}

/// Removes every row, which takes no number back.
pub(crate) async fn clear(ledger: &mut SqliteConnection) -> Result<(), StorageError> {
    let clear = sqlx::query!("DELETE FROM used_batches");
    clear.execute(ledger).await.map_err(storage_error)?;
    Ok(())
}
