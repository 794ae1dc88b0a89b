//! Being filled from another store, in one transaction.
//!
//! The only SQL in the crate that is not known when it is compiled: names of tables and columns
//! come from the database's own catalog, and values are always bound.

use async_trait::async_trait;
use portvakt_core::ports::{AuditLog, StorageError};
use portvakt_core::transfer::{Cell, CellKind, Column, Row, Table, TransferSource, TransferTarget};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row as _, ValueRef};

use crate::fault::{answered, storage_error};
use crate::store::PostgresStore;
use crate::unit::PostgresUnit;

/// Tables of this store's own: what is in them belongs to the database and not to the registry.
const OWN: [&str; 3] = ["_sqlx_migrations", "readiness", "migration_lock"];

/// An empty store on the way to being full. Nobody else can write while it lives; dropped without
/// a commit, the store is empty again.
pub struct PostgresTarget(PostgresUnit);

impl PostgresStore {
    /// Begins to fill the store. Refused unless it is empty.
    pub async fn begin_transfer(&self) -> Result<PostgresTarget, StorageError> {
        let transaction = answered(self.writers.begin()).await?;
        let unit = PostgresUnit::writing(transaction, false).await?;
        let mut target = PostgresTarget(unit);
        // The count of changes is moved too: a row takes the place of this one.
        let own_count = sqlx::query!("DELETE FROM revision WHERE number = 0");
        target.0.execute(own_count).await?;
        for table in target.tables().await? {
            if target.count(&table).await? > 0 {
                return Err(StorageError::Refused(format!(
                    "the target is not empty: it has rows in {}",
                    table.name
                )));
            }
        }
        Ok(target)
    }
}

impl PostgresTarget {
    /// Makes it all durable and visible at once.
    pub async fn commit(self) -> Result<(), StorageError> {
        self.0.commit_transfer().await
    }
}

#[async_trait]
impl TransferSource for PostgresTarget {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        let own: Vec<_> = OWN.iter().map(ToString::to_string).collect();
        let query = sqlx::query_scalar!(
            r#"SELECT table_name::TEXT AS "name!" FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
                 AND table_name <> ALL ($1)
             ORDER BY table_name"#,
            &own
        );
        let names = answered(query.fetch_all(self.0.connection())).await?;
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            tables.push(table(self.0.connection(), name).await?);
        }
        Ok(tables)
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        let sql = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
        let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql));
        let count = answered(query.fetch_one(self.0.connection())).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn read(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        let mut query = sqlx::query(AssertSqlSafe(select(table, after.is_some())));
        for cell in after.into_iter().flat_map(|row| table.key_of(row)) {
            query = match cell {
                Cell::Null => query.bind(None::<i64>),
                Cell::Text(text) => query.bind(text.clone()),
                Cell::Integer(number) => query.bind(*number),
                Cell::Boolean(truth) => query.bind(*truth),
                Cell::Bytes(bytes) => query.bind(bytes.clone()),
            };
        }
        let query = query.bind(i64::from(limit));
        let rows = answered(query.fetch_all(self.0.connection())).await?;
        rows.iter().map(|row| cells(table, row)).collect()
    }
}

#[async_trait]
impl TransferTarget for PostgresTarget {
    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StorageError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut query = sqlx::query(AssertSqlSafe(insert(table)));
        for (place, column) in table.columns.iter().enumerate() {
            query = bind_column(query, column.kind, rows, place);
        }
        self.0.execute(query).await?;
        Ok(())
    }

    fn audit_log(&mut self) -> &mut (dyn AuditLog + Send) {
        &mut self.0
    }
}

struct Described {
    name: String,
    data_type: String,
    key_place: Option<i32>,
}

async fn table(connection: &mut PgConnection, name: String) -> Result<Table, StorageError> {
    let query = sqlx::query_as!(
        Described,
        r#"SELECT columns.column_name::TEXT AS "name!", columns.data_type::TEXT AS "data_type!",
             parts.ordinal_position::INT AS key_place
         FROM information_schema.columns
         LEFT JOIN information_schema.table_constraints AS keys
             ON keys.table_schema = columns.table_schema AND keys.table_name = columns.table_name
                 AND keys.constraint_type = 'PRIMARY KEY'
         LEFT JOIN information_schema.key_column_usage AS parts
             ON parts.table_schema = keys.table_schema AND parts.table_name = keys.table_name
                 AND parts.constraint_name = keys.constraint_name
                 AND parts.column_name = columns.column_name
         WHERE columns.table_schema = current_schema() AND columns.table_name = $1
         ORDER BY columns.ordinal_position"#,
        &name
    );
    let described = answered(query.fetch_all(connection)).await?;
    let mut key: Vec<_> = (0..described.len())
        .filter(|place| described[*place].key_place.is_some())
        .collect();
    key.sort_by_key(|place| described[*place].key_place);
    let columns = described
        .into_iter()
        .map(|column| {
            Ok(Column {
                kind: kind(&name, &column.data_type)?,
                name: column.name,
            })
        })
        .collect::<Result<_, StorageError>>()?;
    Ok(Table { name, columns, key })
}

/// The types that the migrations use.
fn kind(table: &str, declared: &str) -> Result<CellKind, StorageError> {
    match declared {
        "text" => Ok(CellKind::Text),
        "bigint" => Ok(CellKind::Integer),
        "boolean" => Ok(CellKind::Boolean),
        "bytea" => Ok(CellKind::Bytes),
        _ => Err(StorageError::Refused(format!(
            "table {table} has a column of another type"
        ))),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn column_list(table: &Table) -> String {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| quoted(&column.name))
        .collect();
    columns.join(", ")
}

fn select(table: &Table, is_later: bool) -> String {
    let key: Vec<_> = table.key_names().map(quoted).collect();
    let values: Vec<_> = (1..=key.len()).map(|number| format!("${number}")).collect();
    let (key, columns, from) = (key.join(", "), column_list(table), quoted(&table.name));
    if is_later {
        let limit = values.len() + 1;
        let after = values.join(", ");
        format!(
            "SELECT {columns} FROM {from} WHERE ({key}) > ({after}) ORDER BY {key} LIMIT ${limit}"
        )
    } else {
        format!("SELECT {columns} FROM {from} ORDER BY {key} LIMIT $1")
    }
}

/// One array for each column, whatever the number of rows.
fn insert(table: &Table) -> String {
    let arrays: Vec<_> = (1..)
        .zip(&table.columns)
        .map(|(number, column)| format!("${number}::{}[]", type_name(column.kind)))
        .collect();
    format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        quoted(&table.name),
        column_list(table),
        arrays.join(", ")
    )
}

fn type_name(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Text => "TEXT",
        CellKind::Integer => "BIGINT",
        CellKind::Boolean => "BOOLEAN",
        CellKind::Bytes => "BYTEA",
    }
}

type Values<'q> = Query<'q, Postgres, PgArguments>;

fn bind_column<'q>(query: Values<'q>, kind: CellKind, rows: &[Row], place: usize) -> Values<'q> {
    match kind {
        CellKind::Text => query.bind(column(rows, place, |cell| match cell {
            Cell::Text(text) => Some(text.clone()),
            _ => None,
        })),
        CellKind::Integer => query.bind(column(rows, place, |cell| match cell {
            Cell::Integer(number) => Some(*number),
            _ => None,
        })),
        CellKind::Boolean => query.bind(column(rows, place, |cell| match cell {
            Cell::Boolean(truth) => Some(*truth),
            _ => None,
        })),
        CellKind::Bytes => query.bind(column(rows, place, |cell| match cell {
            Cell::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        })),
    }
}

/// A value of another kind than the column's becomes none, and is found when the table is read back.
fn column<T>(rows: &[Row], place: usize, value: fn(&Cell) -> Option<T>) -> Vec<Option<T>> {
    let cell = |row: &Row| row.get(place).and_then(value);
    rows.iter().map(cell).collect()
}

fn cells(table: &Table, row: &PgRow) -> Result<Row, StorageError> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(place, column)| cell(row, place, column.kind).map_err(storage_error))
        .collect()
}

fn cell(row: &PgRow, place: usize, kind: CellKind) -> Result<Cell, sqlx::Error> {
    if row.try_get_raw(place)?.is_null() {
        return Ok(Cell::Null);
    }
    Ok(match kind {
        CellKind::Text => Cell::Text(row.try_get(place)?),
        CellKind::Integer => Cell::Integer(row.try_get(place)?),
        CellKind::Boolean => Cell::Boolean(row.try_get(place)?),
        CellKind::Bytes => Cell::Bytes(row.try_get(place)?),
    })
}
