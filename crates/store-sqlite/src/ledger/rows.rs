//! The rows of the ledger's file.

use portvakt_core::Timestamp;
use portvakt_core::ports::{GrantDigest, StorageError};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::seen::Seen;
use crate::fault::storage_error;

/// Rows looked at by one statement.
const SOME: i64 = 250;
/// Statements that find nothing to remove before removing ends: rows that a clock that was ahead left at the
/// start do not keep the others.
const MOST_IN_VAIN: u32 = 8;

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

/// The number of the row that is some rows after this number; none where there are no more rows.
async fn some_after(reader: &SqlitePool, number: i64) -> Result<Option<i64>, StorageError> {
    let last = sqlx::query_scalar!(
        r#"SELECT MAX(number) AS "number: i64" FROM
               (SELECT number FROM used_batches WHERE number > $1 ORDER BY number LIMIT $2)"#,
        number,
        SOME
    );
    last.fetch_one(reader).await.map_err(storage_error)
}

/// Removes what need not be kept any longer, and says how many grants that was. It begins with the oldest
/// rows, some in each transaction so that nobody waits long for it, and ends where nothing has expired for a
/// while: all later rows are kept for longer.
pub(super) async fn remove_expired(
    reader: &SqlitePool,
    writer: &SqlitePool,
    now: Timestamp,
) -> Result<u64, StorageError> {
    let (mut grants, mut after, mut in_vain) = (0, i64::MIN, 0);
    while in_vain < MOST_IN_VAIN
        && let Some(last) = some_after(reader, after).await?
    {
        let removed = remove_between(writer, after, last, now).await?;
        in_vain = if removed.is_empty() { in_vain + 1 } else { 0 };
        grants += removed
            .iter()
            .map(|grants| grants.unsigned_abs())
            .sum::<u64>();
        after = last;
    }
    Ok(grants)
}

/// How many grants each row had that was removed.
async fn remove_between(
    writer: &SqlitePool,
    after: i64,
    last: i64,
    now: Timestamp,
) -> Result<Vec<i64>, StorageError> {
    let now = now.milliseconds();
    let remove = sqlx::query_scalar!(
        r#"DELETE FROM used_batches WHERE number > $1 AND number <= $2 AND keep_until < $3
           RETURNING length(digests) / 32 AS "grants!: i64""#,
        after,
        last,
        now
    );
    remove.fetch_all(writer).await.map_err(storage_error)
}

/// A grant that was used, and until when that must be known, in milliseconds. Without a digest: until when
/// every grant counts as used.
pub(crate) type UsedGrant = (Option<GrantDigest>, i64);

/// What some rows after this number say, and the number of the last of them.
pub(crate) async fn list_some(
    ledger: &mut SqliteConnection,
    after: i64,
) -> Result<Option<(i64, Vec<UsedGrant>)>, StorageError> {
    let rows = sqlx::query!(
        "SELECT number, keep_until, digests FROM used_batches WHERE number > $1
         ORDER BY number LIMIT $2",
        after,
        SOME
    );
    let rows = rows.fetch_all(ledger).await.map_err(storage_error)?;
    let mut grants = Vec::new();
    for row in &rows {
        if row.digests.is_empty() {
            grants.push((None, row.keep_until));
        }
        let (digests, _) = row.digests.as_chunks();
        grants.extend(digests.iter().map(|digest| (Some(*digest), row.keep_until)));
    }
    Ok(rows.last().map(|last| (last.number, grants)))
}

/// How many grants all rows have. One without a grant counts, too.
pub(crate) async fn count(ledger: &mut SqliteConnection) -> Result<u64, StorageError> {
    let count = sqlx::query_scalar!(
        r#"SELECT COALESCE(SUM(MAX(length(digests) / 32, 1)), 0) AS "grants!: i64"
           FROM used_batches"#
    );
    let count = count.fetch_one(ledger).await.map_err(storage_error)?;
    Ok(count.unsigned_abs())
}

/// Removes every row, which takes no number back.
pub(crate) async fn clear(ledger: &mut SqliteConnection) -> Result<(), StorageError> {
    let clear = sqlx::query!("DELETE FROM used_batches");
    clear.execute(ledger).await.map_err(storage_error)?;
    Ok(())
}
