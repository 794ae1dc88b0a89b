//! The audit log.

use async_trait::async_trait;
use portvakt_core::audit::{AuditFilter, AuditLink, StoredEntry};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{AuditLog, StorageError};

use crate::columns::Row;
use crate::fault::storage_error;
use crate::unit::SqliteUnit;

struct AuditRow {
    sequence: i64,
    object_key: String,
    organizations: String,
    request_id: Option<String>,
    entry: String,
    hash: Vec<u8>,
}

impl TryFrom<AuditRow> for StoredEntry {
    type Error = StorageError;

    fn try_from(row: AuditRow) -> Result<Self, StorageError> {
        Ok(Self {
            link: link(row.sequence, &row.hash)?,
            text: row.entry,
            object_key: row.object_key,
            organizations: row.organizations,
            request_id: row.request_id,
        })
    }
}

fn link(sequence: i64, hash: &[u8]) -> Result<AuditLink, StorageError> {
    let key = sequence.to_string();
    let place = Row {
        table: "audit",
        key: &key,
    };
    Ok(AuditLink {
        sequence: u64::try_from(sequence).map_err(|_| place.corrupt("sequence"))?,
        hash: hash.try_into().map_err(|_| place.corrupt("hash"))?,
    })
}

/// A checked query for whole rows that meet a filter: the rest by the caller.
macro_rules! select_entries {
    ($rest:literal, $filter:expr, $($argument:expr),+) => {{
        let organization = $filter.organization.as_ref().map(OrgNumber::as_str);
        let object_key = $filter.object_key.as_deref();
        let request_id = $filter.request_id.as_deref();
        sqlx::query_as!(
            AuditRow,
            "SELECT sequence, object_key, organizations, request_id, entry, hash FROM audit
             WHERE ($1 IS NULL OR sequence IN
                     (SELECT sequence FROM audit_organizations WHERE orgno = $1))
                 AND ($2 IS NULL OR object_key = $2
                     OR (object_key >= $2 || ' ' AND object_key < $2 || '!'))
                 AND ($3 IS NULL OR request_id = $3) "
                + $rest,
            organization,
            object_key,
            request_id,
            $($argument),+
        )
    }};
}

#[async_trait]
impl AuditLog for SqliteUnit {
    async fn last_audit_link(&mut self) -> Result<Option<AuditLink>, StorageError> {
        let row = sqlx::query!("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(self.connection())
            .await
            .map_err(storage_error)?;
        row.map(|row| link(row.sequence, &row.hash)).transpose()
    }

    async fn append_audit(&mut self, entry: &StoredEntry) -> Result<(), StorageError> {
        let sequence = number(entry.link.sequence);
        let hash = entry.link.hash.as_slice();
        let statement = sqlx::query!(
            "INSERT INTO audit (sequence, object_key, organizations, request_id, entry, hash)
             SELECT $1, $2, $3, $4, $5, $6
             WHERE $1 = (SELECT COALESCE(MAX(sequence), 0) + 1 FROM audit)",
            sequence,
            entry.object_key,
            entry.organizations,
            entry.request_id,
            entry.text,
            hash
        );
        self.append(statement, "the entry does not follow the last one")
            .await?;
        // The text is what the hash vouches for; this is a copy to find it by.
        for orgno in entry.organizations.split_ascii_whitespace() {
            let statement = sqlx::query!(
                "INSERT INTO audit_organizations (orgno, sequence) VALUES ($1, $2)
                 ON CONFLICT DO NOTHING",
                orgno,
                sequence
            );
            self.keep(statement).await?;
        }
        Ok(())
    }

    async fn list_audit(
        &mut self,
        filter: &AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        let after = number(after);
        let rows = select_entries!(
            "AND sequence > $4 ORDER BY sequence LIMIT $5",
            filter,
            after,
            limit
        )
        .fetch_all(self.connection())
        .await
        .map_err(storage_error)?;
        rows.into_iter().map(StoredEntry::try_from).collect()
    }

    async fn list_latest_audit(
        &mut self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        let rows = select_entries!("ORDER BY sequence DESC LIMIT $4", filter, limit)
            .fetch_all(self.connection())
            .await
            .map_err(storage_error)?;
        rows.into_iter().rev().map(StoredEntry::try_from).collect()
    }
}

/// A number past the end of the column is past the end of every log.
fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
