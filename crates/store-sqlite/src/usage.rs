//! Issued tokens, counted.

use async_trait::async_trait;
use portvakt_core::client::ClientId;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::StorageError;
use portvakt_core::scope::ScopeName;
use portvakt_core::usage::{
    ClientDay, ClientTotal, ConsumerTotal, Day, DayTotal, Days, ScopeUsage, Usage, UsageLog,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use crate::columns::{Row, instant};
use crate::fault::storage_error;
use crate::store::SqliteStore;

/// Counts removed in one transaction, so that used grants never wait long for removing.
const REMOVAL: u64 = 1000;

/// Names the row of a count in errors.
fn place(scope_or_client: &str) -> Row<'_> {
    Row {
        table: "token_usage",
        key: scope_or_client,
    }
}

impl Row<'_> {
    fn day(self, number: i64) -> Result<Day, StorageError> {
        Day::from_number(number).ok_or_else(|| self.corrupt("day"))
    }

    fn tokens(self, number: i64) -> Result<u64, StorageError> {
        u64::try_from(number).map_err(|_| self.corrupt("tokens"))
    }
}

#[async_trait]
impl UsageLog for SqliteStore {
    async fn add_usage(&self, usage: &[Usage]) -> Result<(), StorageError> {
        if usage.is_empty() {
            return Ok(());
        }
        add(&self.writer, usage).await
    }

    async fn find_scope_usage(
        &self,
        scope: &ScopeName,
        consumer: Option<OrgNumber>,
        days: Days,
    ) -> Result<ScopeUsage, StorageError> {
        // One transaction, so that the two agree.
        let mut transaction = self.readers.begin().await.map_err(storage_error)?;
        let question = Question {
            scope,
            consumer,
            days,
        };
        Ok(ScopeUsage {
            days: question.days(&mut transaction).await?,
            consumers: question.consumers(&mut transaction).await?,
        })
    }

    async fn list_client_usage(
        &self,
        client_id: &ClientId,
        days: Days,
    ) -> Result<Vec<ClientDay>, StorageError> {
        let client_id = client_id.as_str();
        let (from, to) = ends(days);
        let rows = sqlx::query!(
            r#"SELECT scope AS "scope!", day AS "day!", SUM(tokens) AS "tokens!: i64", MAX(last_used) AS "last_used!: i64"
             FROM token_usage WHERE client_id = $1 AND day BETWEEN $2 AND $3
             GROUP BY scope, day ORDER BY scope, day"#,
            client_id,
            from,
            to
        )
        .fetch_all(&self.readers)
        .await
        .map_err(storage_error)?;
        let place = place(client_id);
        let read = rows.into_iter().map(|row| {
            Ok(ClientDay {
                scope: place.parse("scope", &row.scope)?,
                day: place.day(row.day)?,
                tokens: place.tokens(row.tokens)?,
                last_used: instant(row.last_used),
            })
        });
        read.collect()
    }

    async fn list_organization_usage(
        &self,
        organization: OrgNumber,
        days: Days,
    ) -> Result<Vec<ClientTotal>, StorageError> {
        let organization = organization.as_str();
        let (from, to) = ends(days);
        let rows = sqlx::query!(
            r#"SELECT client_id AS "client_id!", scope AS "scope!", SUM(tokens) AS "tokens!: i64",
                 MAX(last_used) AS "last_used!: i64"
             FROM token_usage
             WHERE client_id IN (SELECT client_id FROM clients
                     WHERE client_orgno = $1 OR supplier_orgno = $1)
                 AND day BETWEEN $2 AND $3
             GROUP BY client_id, scope ORDER BY client_id, scope"#,
            organization,
            from,
            to
        )
        .fetch_all(&self.readers)
        .await
        .map_err(storage_error)?;
        let read = rows.into_iter().map(|row| {
            let place = place(&row.client_id);
            Ok(ClientTotal {
                client_id: place.parse("client_id", &row.client_id)?,
                scope: place.parse("scope", &row.scope)?,
                tokens: place.tokens(row.tokens)?,
                last_used: instant(row.last_used),
            })
        });
        read.collect()
    }

    async fn remove_usage_before(&self, day: Day) -> Result<u64, StorageError> {
        let mut removed = 0;
        loop {
            let part = remove_part(&self.writer, day).await?;
            removed += part;
            if part < REMOVAL {
                return Ok(removed);
            }
        }
    }
}

/// Adds every count in one statement, which is a transaction of its own: used grants wait for it.
async fn add(writer: &SqlitePool, usage: &[Usage]) -> Result<(), StorageError> {
    let rows: Vec<_> = usage.iter().map(columns).collect();
    let rows = serde_json::to_string(&rows)
        .map_err(|_| StorageError::Refused("a count cannot be written".to_owned()))?;
    sqlx::query!(
        "INSERT INTO token_usage (scope, day, consumer_orgno, supplier_orgno, accessing_orgno,
             client_id, tokens, last_used)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
             value ->> 6, value ->> 7
         FROM json_each($1) WHERE TRUE
         ON CONFLICT (scope, day, consumer_orgno, supplier_orgno, accessing_orgno, client_id)
         DO UPDATE SET
             tokens = token_usage.tokens + excluded.tokens,
             last_used = MAX(token_usage.last_used, excluded.last_used)",
        rows
    )
    .execute(writer)
    .await
    .map_err(storage_error)?;
    Ok(())
}

/// A count as a row of the table, in the order of its columns.
fn columns(usage: &Usage) -> (&str, u32, &str, &str, &str, &str, i64, i64) {
    let key = &usage.key;
    (
        key.scope.as_str(),
        key.day.number(),
        key.consumer.as_str(),
        key.supplier.as_ref().map_or("", OrgNumber::as_str),
        key.accessing.as_str(),
        key.client_id.as_str(),
        i64::try_from(usage.tokens).unwrap_or(i64::MAX),
        usage.last_used.milliseconds(),
    )
}

/// What is asked about one scope.
struct Question<'q> {
    scope: &'q ScopeName,
    consumer: Option<OrgNumber>,
    days: Days,
}

impl Question<'_> {
    async fn days(&self, connection: &mut SqliteConnection) -> Result<Vec<DayTotal>, StorageError> {
        let scope = self.scope.as_str();
        let consumer = self.consumer.as_ref().map(OrgNumber::as_str);
        let (from, to) = ends(self.days);
        let rows = sqlx::query!(
            r#"SELECT day AS "day!", SUM(tokens) AS "tokens!: i64" FROM token_usage
             WHERE scope = $1 AND ($2 IS NULL OR consumer_orgno = $2) AND day BETWEEN $3 AND $4
             GROUP BY day ORDER BY day"#,
            scope,
            consumer,
            from,
            to
        )
        .fetch_all(connection)
        .await
        .map_err(storage_error)?;
        let place = place(scope);
        let read = rows.into_iter().map(|row| {
            Ok(DayTotal {
                day: place.day(row.day)?,
                tokens: place.tokens(row.tokens)?,
            })
        });
        read.collect()
    }

    async fn consumers(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<ConsumerTotal>, StorageError> {
        let scope = self.scope.as_str();
        let consumer = self.consumer.as_ref().map(OrgNumber::as_str);
        let (from, to) = ends(self.days);
        let rows = sqlx::query_as!(
            ConsumerRow,
            r#"SELECT consumer_orgno AS "consumer_orgno!", supplier_orgno AS "supplier_orgno!",
                 accessing_orgno AS "accessing_orgno!",
                 COUNT(DISTINCT client_id) AS "clients!: i64", SUM(tokens) AS "tokens!: i64",
                 MAX(last_used) AS "last_used!: i64"
             FROM token_usage
             WHERE scope = $1 AND ($2 IS NULL OR consumer_orgno = $2) AND day BETWEEN $3 AND $4
             GROUP BY consumer_orgno, supplier_orgno, accessing_orgno
             ORDER BY consumer_orgno, supplier_orgno, accessing_orgno"#,
            scope,
            consumer,
            from,
            to
        )
        .fetch_all(connection)
        .await
        .map_err(storage_error)?;
        rows.iter().map(|row| row.read(scope)).collect()
    }
}

struct ConsumerRow {
    consumer_orgno: String,
    supplier_orgno: String,
    accessing_orgno: String,
    clients: i64,
    tokens: i64,
    last_used: i64,
}

impl ConsumerRow {
    fn read(&self, scope: &str) -> Result<ConsumerTotal, StorageError> {
        let place = place(scope);
        let supplier = Some(self.supplier_orgno.as_str()).filter(|orgno| !orgno.is_empty());
        Ok(ConsumerTotal {
            consumer: place.parse("consumer_orgno", &self.consumer_orgno)?,
            supplier: place.parse_optional("supplier_orgno", supplier)?,
            accessing: place.parse("accessing_orgno", &self.accessing_orgno)?,
            clients: place.tokens(self.clients)?,
            tokens: place.tokens(self.tokens)?,
            last_used: instant(self.last_used),
        })
    }
}

async fn remove_part(writer: &SqlitePool, day: Day) -> Result<u64, StorageError> {
    let day = day.number();
    let most = i64::try_from(REMOVAL).unwrap_or(i64::MAX);
    let result = sqlx::query!(
        "DELETE FROM token_usage WHERE (scope, day, consumer_orgno, supplier_orgno,
                 accessing_orgno, client_id) IN
             (SELECT scope, day, consumer_orgno, supplier_orgno, accessing_orgno, client_id
                 FROM token_usage WHERE day < $1 LIMIT $2)",
        day,
        most
    )
    .execute(writer)
    .await
    .map_err(storage_error)?;
    Ok(result.rows_affected())
}

/// The first and the last day, as the column has them.
fn ends(days: Days) -> (u32, u32) {
    (days.from().number(), days.to().number())
}
