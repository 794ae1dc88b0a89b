//! The change feed, which every commit leaves rows in, and its trimming.

use async_trait::async_trait;
use portvakt_core::ports::{
    ChangeFeed, ChangedKind, ChangedRecord, Changes, Extent, Revision, StorageError,
};
use sqlx::PgConnection;

use crate::fault::answered;
use crate::store::PostgresStore;
use crate::unit::revision_of;

/// Rows dropped in one statement, so that no other waits long for the trimming.
const PART: u64 = 1000;

struct Reach {
    number: i64,
    trimmed: i64,
}

struct ChangeRow {
    revision: i64,
    kind: String,
    record_key: String,
}

#[async_trait]
impl ChangeFeed for PostgresStore {
    async fn changes_since(&self, since: Revision, limit: u32) -> Result<Changes, StorageError> {
        // One snapshot: the present does not move between the two reads.
        let mut reader = self.snapshot().await?;
        let reach = reach(&mut reader).await?;
        let (present, trimmed) = (revision_of(reach.number)?, revision_of(reach.trimmed)?);
        if since < trimmed || since > present {
            return Ok(Changes::gap(present));
        }
        if since == present {
            return Ok(Changes {
                revision: present,
                records: Vec::new(),
                extent: Extent::Complete,
            });
        }
        let rows = rows_after(&mut reader, since, limit).await?;
        page(rows, present, limit)
    }

    async fn trim_changes(&self, keep: u64) -> Result<u64, StorageError> {
        self.mark_trimmed(keep).await?;
        let mut removed = 0;
        loop {
            let part = self.remove_trimmed().await?;
            removed += part;
            if part < PART {
                return Ok(removed);
            }
        }
    }

    async fn changed(&self) {
        match &self.hints {
            Some(hints) => hints.next().await,
            None => std::future::pending().await,
        }
    }
}

impl PostgresStore {
    /// Says first what is going, so that nobody takes what is left of a revision for the whole. The
    /// row is the one that units of work lock: this takes its turn among them.
    async fn mark_trimmed(&self, keep: u64) -> Result<(), StorageError> {
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let query = sqlx::query_scalar!(
            "SELECT revision FROM changes
             ORDER BY revision DESC, kind DESC, record_key DESC
             LIMIT 1 OFFSET $1",
            keep
        );
        let Some(oldest) = answered(query.fetch_optional(&self.readers)).await? else {
            return Ok(());
        };
        let mark = sqlx::query!(
            "UPDATE revision SET trimmed = $1 WHERE trimmed < $1",
            oldest
        );
        answered(mark.execute(&self.writers)).await?;
        Ok(())
    }

    /// Rows that another node is removing are left to it.
    async fn remove_trimmed(&self) -> Result<u64, StorageError> {
        let part = i64::try_from(PART).unwrap_or(i64::MAX);
        let statement = sqlx::query!(
            "DELETE FROM changes WHERE (revision, kind, record_key) IN
                 (SELECT revision, kind, record_key FROM changes
                  WHERE revision <= (SELECT trimmed FROM revision WHERE id = 1)
                  LIMIT $1
                  FOR UPDATE SKIP LOCKED)",
            part
        );
        let result = answered(statement.execute(&self.writers)).await?;
        Ok(result.rows_affected())
    }
}

async fn reach(reader: &mut PgConnection) -> Result<Reach, StorageError> {
    let query = sqlx::query_as!(Reach, "SELECT number, trimmed FROM revision WHERE id = 1");
    answered(query.fetch_one(reader)).await
}

/// One row more than `limit`, if there is one: it tells where the answer must end.
async fn rows_after(
    reader: &mut PgConnection,
    since: Revision,
    limit: u32,
) -> Result<Vec<ChangeRow>, StorageError> {
    let since = i64::try_from(since.0).unwrap_or(i64::MAX);
    let most = i64::from(limit) + 1;
    let query = sqlx::query_as!(
        ChangeRow,
        "SELECT revision, kind, record_key FROM changes
         WHERE revision > $1
         ORDER BY revision, kind, record_key
         LIMIT $2",
        since,
        most
    );
    answered(query.fetch_all(reader)).await
}

/// Whole revisions of at most `limit` rows together.
fn page(mut rows: Vec<ChangeRow>, present: Revision, limit: u32) -> Result<Changes, StorageError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let cut = rows.get(limit).map(|row| row.revision);
    if let Some(cut) = cut {
        rows.retain(|row| row.revision < cut);
    }
    let (revision, extent) = match (cut, rows.last()) {
        (None, _) => (present, Extent::Complete),
        (Some(_), Some(last)) => (revision_of(last.revision)?, Extent::Partial),
        // A single revision touched more than is asked for.
        (Some(_), None) => return Ok(Changes::gap(present)),
    };
    let records: Option<Vec<_>> = rows.into_iter().map(changed_record).collect();
    Ok(match records {
        Some(records) => Changes {
            revision,
            records,
            extent,
        },
        // Of a kind that only a later version knows.
        None => Changes::gap(present),
    })
}

fn changed_record(row: ChangeRow) -> Option<ChangedRecord> {
    Some(ChangedRecord {
        kind: ChangedKind::from_word(&row.kind)?,
        key: row.record_key,
    })
}
