//! The audit log.

use async_trait::async_trait;
use portvakt_core::audit::{AuditFilter, AuditLink, StoredEntry};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{AuditLog, StorageError};

use crate::columns::Row;
use crate::fault::answered;
use crate::unit::PostgresUnit;

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
             WHERE ($1::TEXT IS NULL OR sequence IN
                     (SELECT sequence FROM audit_organizations WHERE orgno = $1))
                 AND ($2::TEXT IS NULL OR object_key = $2
                     OR (object_key >= $2 || ' ' AND object_key < $2 || '!'))
                 AND ($3::TEXT IS NULL OR request_id = $3) "
                + $rest,
            organization,
            object_key,
            request_id,
            $($argument),+
        )
    }};
}

#[async_trait]
impl AuditLog for PostgresUnit {
    async fn last_audit_link(&mut self) -> Result<Option<AuditLink>, StorageError> {
        let query = sqlx::query!("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1");
        let row = answered(query.fetch_optional(self.connection())).await?;
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
        let organizations = entry.organizations.split_ascii_whitespace();
        let organizations: Vec<_> = organizations.map(ToOwned::to_owned).collect();
        let statement = sqlx::query!(
            "INSERT INTO audit_organizations (orgno, sequence)
             SELECT DISTINCT orgno, $2::BIGINT FROM unnest($1::TEXT[]) AS concerned (orgno)",
            &organizations,
            sequence
        );
        self.keep(statement).await?;
        Ok(())
    }

    async fn list_audit(
        &mut self,
        filter: &AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        let after = number(after);
        let query = select_entries!(
            "AND sequence > $4 ORDER BY sequence LIMIT $5",
            filter,
            after,
            i64::from(limit)
        );
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().map(StoredEntry::try_from).collect()
    }

    async fn list_latest_audit(
        &mut self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        let query = select_entries!("ORDER BY sequence DESC LIMIT $4", filter, i64::from(limit));
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().rev().map(StoredEntry::try_from).collect()
    }
}

/// A number past the end of the column is past the end of every log.
fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
