//! When clients' keys end, over all clients.

use portvakt_core::Timestamp;
use portvakt_core::client::expiry::{KEY_END_INSTANTS, KeyEnd};
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use crate::columns::{Row, instant};
use crate::fault::answered;

struct Counts {
    now: i64,
    first: i64,
    second: i64,
    third: i64,
    fourth: i64,
}

/// How many present keys of active clients end at each of these instants or before.
pub(crate) async fn count(
    connection: &mut PgConnection,
    until: [Timestamp; KEY_END_INSTANTS],
) -> Result<[u64; KEY_END_INSTANTS], StorageError> {
    let until = until.map(Timestamp::milliseconds);
    let last = until.into_iter().max();
    let [now, first, second, third, fourth] = until;
    let query = sqlx::query_as!(
        Counts,
        r#"SELECT COUNT(*) FILTER (WHERE expires_at <= $1) AS "now!: i64",
                COUNT(*) FILTER (WHERE expires_at <= $2) AS "first!: i64",
                COUNT(*) FILTER (WHERE expires_at <= $3) AS "second!: i64",
                COUNT(*) FILTER (WHERE expires_at <= $4) AS "third!: i64",
                COUNT(*) FILTER (WHERE expires_at <= $5) AS "fourth!: i64"
         FROM client_keys JOIN clients USING (client_id)
         WHERE removed_at IS NULL AND expires_at <= $6 AND clients.active"#,
        now,
        first,
        second,
        third,
        fourth,
        last
    );
    let counts = answered(query.fetch_one(connection)).await?;
    let Counts {
        now,
        first,
        second,
        third,
        fourth,
    } = counts;
    // A count is never negative.
    Ok([now, first, second, third, fourth].map(i64::unsigned_abs))
}

/// How many active clients have present keys of which none is usable at `now`.
pub(crate) async fn count_clients_without(
    connection: &mut PgConnection,
    now: Timestamp,
) -> Result<u64, StorageError> {
    let now = now.milliseconds();
    let query = sqlx::query_scalar!(
        r#"SELECT COUNT(DISTINCT client_id) AS "count!: i64"
         FROM client_keys AS ended JOIN clients USING (client_id)
         WHERE removed_at IS NULL AND expires_at <= $1 AND clients.active AND NOT EXISTS (
             SELECT 1 FROM client_keys AS usable
             WHERE usable.client_id = ended.client_id
               AND usable.removed_at IS NULL AND usable.expires_at > $1
         )"#,
        now
    );
    let count = answered(query.fetch_one(connection)).await?;
    Ok(count.unsigned_abs())
}

struct EndRow {
    client_id: String,
    client_orgno: String,
    kid: String,
    expires_at: i64,
}

impl TryFrom<EndRow> for KeyEnd {
    type Error = StorageError;

    fn try_from(row: EndRow) -> Result<Self, StorageError> {
        let place = Row {
            table: "clients",
            key: &row.client_id,
        };
        Ok(Self {
            client_id: place.parse("client_id", &row.client_id)?,
            client_orgno: place.parse("client_orgno", &row.client_orgno)?,
            expires_at: instant(row.expires_at),
            kid: row.kid,
        })
    }
}

/// The first present keys of active clients that end in this span.
pub(crate) async fn list(
    connection: &mut PgConnection,
    after: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<KeyEnd>, StorageError> {
    let (after, until) = (after.milliseconds(), until.milliseconds());
    let limit = i64::from(limit);
    let query = sqlx::query_as!(
        EndRow,
        "SELECT client_id, client_orgno, kid, expires_at
         FROM client_keys JOIN clients USING (client_id)
         WHERE removed_at IS NULL AND clients.active AND expires_at > $1 AND expires_at <= $2
         ORDER BY expires_at, client_id, kid LIMIT $3",
        after,
        until,
        limit
    );
    let rows = answered(query.fetch_all(connection)).await?;
    rows.into_iter().map(KeyEnd::try_from).collect()
}
