//! The change feed, read back.

use portvakt_core::changes::Change;
use portvakt_core::ports::{Revision, StorageError};
use sqlx::PgConnection;

use crate::columns::Row;
use crate::fault::answered;
use crate::unit::revision_of;

struct ChangeRow {
    revision: i64,
    kind: String,
    record_key: String,
}

impl TryFrom<ChangeRow> for Change {
    type Error = StorageError;

    fn try_from(row: ChangeRow) -> Result<Self, StorageError> {
        let key = row.revision.to_string();
        let place = Row {
            table: "changes",
            key: &key,
        };
        Ok(Self {
            revision: revision_of(row.revision)?,
            kind: place.parse("kind", &row.kind)?,
            key: row.record_key,
        })
    }
}

pub(crate) async fn list(
    connection: &mut PgConnection,
    since: Revision,
    revisions: u32,
) -> Result<Vec<Change>, StorageError> {
    let since = i64::try_from(since.0).unwrap_or(i64::MAX);
    let last = since.saturating_add(revisions.into());
    let query = sqlx::query_as!(
        ChangeRow,
        "SELECT revision, kind, record_key FROM changes
         WHERE revision > $1 AND revision <= $2",
        since,
        last
    );
    let rows = answered(query.fetch_all(connection)).await?;
    let mut changes = rows
        .into_iter()
        .map(Change::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    changes.sort_unstable();
    Ok(changes)
}
