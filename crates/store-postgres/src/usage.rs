//! Issued tokens, counted.

use async_trait::async_trait;
use portvakt_core::client::ClientId;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::StorageError;
use portvakt_core::scope::ScopeName;
use portvakt_core::usage::{
    ClientDay, ClientTotal, ConsumerTotal, Day, DayTotal, Days, ScopeUsage, Usage, UsageLog,
};
use sqlx::PgConnection;
use sqlx::postgres::PgPool;

use crate::columns::{Row, instant};
use crate::fault::answered;
use crate::store::PostgresStore;

/// Counts removed in one statement, so that used grants never wait long for removing.
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
impl UsageLog for PostgresStore {
    async fn add_usage(&self, usage: &[Usage]) -> Result<(), StorageError> {
        if usage.is_empty() {
            return Ok(());
        }
        add(self.ledger.beside(), usage).await
    }

    async fn find_scope_usage(
        &self,
        scope: &ScopeName,
        consumer: Option<OrgNumber>,
        days: Days,
    ) -> Result<ScopeUsage, StorageError> {
        // One snapshot, so that the two agree.
        let mut transaction = self.snapshot().await?;
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
        let query = sqlx::query!(
            r#"SELECT scope AS "scope!", day AS "day!", SUM(tokens)::BIGINT AS "tokens!", MAX(last_used) AS "last_used!"
             FROM token_usage WHERE client_id = $1 AND day BETWEEN $2 AND $3
             GROUP BY scope, day ORDER BY scope, day"#,
            client_id,
            from,
            to
        );
        let rows = answered(query.fetch_all(&self.readers)).await?;
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
        let query = sqlx::query!(
            r#"SELECT client_id AS "client_id!", scope AS "scope!", SUM(tokens)::BIGINT AS "tokens!",
                 MAX(last_used) AS "last_used!"
             FROM token_usage
             WHERE client_id IN (SELECT client_id FROM clients
                     WHERE client_orgno = $1 OR supplier_orgno = $1)
                 AND day BETWEEN $2 AND $3
             GROUP BY client_id, scope ORDER BY client_id, scope"#,
            organization,
            from,
            to
        );
        let rows = answered(query.fetch_all(&self.readers)).await?;
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
            let part = remove_part(self.ledger.beside(), day).await?;
            removed += part;
            if part < REMOVAL {
                return Ok(removed);
            }
        }
    }
}

/// Everything in one statement. In order of the key, so that two nodes cannot each wait for a row
/// of the other.
async fn add(connections: &PgPool, usage: &[Usage]) -> Result<(), StorageError> {
    let columns = Columns::of(usage);
    let statement = sqlx::query!(
        "INSERT INTO token_usage (scope, day, consumer_orgno, supplier_orgno, accessing_orgno,
             client_id, tokens, last_used)
         SELECT scope, day, consumer, supplier, accessing, client, SUM(tokens)::BIGINT,
             MAX(last_used)
         FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[],
             $7::BIGINT[], $8::BIGINT[])
             AS used (scope, day, consumer, supplier, accessing, client, tokens, last_used)
         GROUP BY scope, day, consumer, supplier, accessing, client
         ORDER BY scope, day, consumer, supplier, accessing, client
         ON CONFLICT (scope, day, consumer_orgno, supplier_orgno, accessing_orgno, client_id)
         DO UPDATE SET
             tokens = token_usage.tokens + excluded.tokens,
             last_used = GREATEST(token_usage.last_used, excluded.last_used)",
        &columns.scopes,
        &columns.days,
        &columns.consumers,
        &columns.suppliers,
        &columns.accessing,
        &columns.clients,
        &columns.tokens,
        &columns.last_used
    );
    answered(statement.execute(connections)).await?;
    Ok(())
}

/// One array for each column.
#[derive(Default)]
struct Columns {
    scopes: Vec<String>,
    days: Vec<i64>,
    consumers: Vec<String>,
    suppliers: Vec<String>,
    accessing: Vec<String>,
    clients: Vec<String>,
    tokens: Vec<i64>,
    last_used: Vec<i64>,
}

impl Columns {
    fn of(usage: &[Usage]) -> Self {
        let mut columns = Self::default();
        for usage in usage {
            columns.push(usage);
        }
        columns
    }

    fn push(&mut self, usage: &Usage) {
        let key = &usage.key;
        let supplier = key.supplier.as_ref().map_or("", OrgNumber::as_str);
        self.scopes.push(key.scope.to_string());
        self.days.push(key.day.number().into());
        self.consumers.push(key.consumer.to_string());
        self.suppliers.push(supplier.to_owned());
        self.accessing.push(key.accessing.to_string());
        self.clients.push(key.client_id.to_string());
        self.tokens
            .push(i64::try_from(usage.tokens).unwrap_or(i64::MAX));
        self.last_used.push(usage.last_used.milliseconds());
    }
}

/// What is asked about one scope.
struct Question<'q> {
    scope: &'q ScopeName,
    consumer: Option<OrgNumber>,
    days: Days,
}

impl Question<'_> {
    async fn days(&self, connection: &mut PgConnection) -> Result<Vec<DayTotal>, StorageError> {
        let scope = self.scope.as_str();
        let consumer = self.consumer.as_ref().map(OrgNumber::as_str);
        let (from, to) = ends(self.days);
        let query = sqlx::query!(
            r#"SELECT day AS "day!", SUM(tokens)::BIGINT AS "tokens!" FROM token_usage
             WHERE scope = $1 AND ($2::TEXT IS NULL OR consumer_orgno = $2) AND day BETWEEN $3 AND $4
             GROUP BY day ORDER BY day"#,
            scope,
            consumer,
            from,
            to
        );
        let rows = answered(query.fetch_all(connection)).await?;
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
        connection: &mut PgConnection,
    ) -> Result<Vec<ConsumerTotal>, StorageError> {
        let scope = self.scope.as_str();
        let consumer = self.consumer.as_ref().map(OrgNumber::as_str);
        let (from, to) = ends(self.days);
        let query = sqlx::query_as!(
            ConsumerRow,
            r#"SELECT consumer_orgno AS "consumer_orgno!", supplier_orgno AS "supplier_orgno!",
                 accessing_orgno AS "accessing_orgno!",
                 COUNT(DISTINCT client_id) AS "clients!", SUM(tokens)::BIGINT AS "tokens!",
                 MAX(last_used) AS "last_used!"
             FROM token_usage
             WHERE scope = $1 AND ($2::TEXT IS NULL OR consumer_orgno = $2) AND day BETWEEN $3 AND $4
             GROUP BY consumer_orgno, supplier_orgno, accessing_orgno
             ORDER BY consumer_orgno, supplier_orgno, accessing_orgno"#,
            scope,
            consumer,
            from,
            to
        );
        let rows = answered(query.fetch_all(connection)).await?;
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

/// Counts that another node is removing or adding to are left for the next time.
async fn remove_part(connections: &PgPool, day: Day) -> Result<u64, StorageError> {
    let day = i64::from(day.number());
    let most = i64::try_from(REMOVAL).unwrap_or(i64::MAX);
    let statement = sqlx::query!(
        "DELETE FROM token_usage WHERE (scope, day, consumer_orgno, supplier_orgno,
                 accessing_orgno, client_id) IN
             (SELECT scope, day, consumer_orgno, supplier_orgno, accessing_orgno, client_id
                 FROM token_usage WHERE day < $1 LIMIT $2
                 FOR UPDATE SKIP LOCKED)",
        day,
        most
    );
    let result = answered(statement.execute(connections)).await?;
    Ok(result.rows_affected())
}

/// The first and the last day, as the column has them.
fn ends(days: Days) -> (i64, i64) {
    (days.from().number().into(), days.to().number().into())
}
