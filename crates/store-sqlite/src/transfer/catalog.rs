//! Tables as the file's own catalog has them, and their rows.
//!
//! Names of tables and columns come from the catalog, and values are always bound.

use portvakt_core::ports::StorageError;
use portvakt_core::transfer::{Cell, CellKind, Column, Row, Table};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection, ValueRef};

use crate::fault::storage_error;

/// Every table of the registry, each after those that it refers to.
pub(super) async fn tables(connection: &mut SqliteConnection) -> Result<Vec<Table>, StorageError> {
    // In the order in which the migrations made them: none refers to a later one.
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
             AND name <> '_sqlx_migrations'
         ORDER BY rowid",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(storage_error)?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        tables.push(table(connection, name).await?);
    }
    Ok(tables)
}

/// How many rows the table has.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    table: &Table,
) -> Result<u64, StorageError> {
    let sql = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(&mut *connection)
        .await
        .map_err(storage_error)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The first rows in order of the key, or those after a row.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    table: &Table,
    after: Option<&Row>,
    limit: u32,
) -> Result<Vec<Row>, StorageError> {
    let mut query = sqlx::query(AssertSqlSafe(select(table, after.is_some())));
    for cell in after.into_iter().flat_map(|row| table.key_of(row)) {
        query = bind(query, cell);
    }
    let rows = query
        .bind(limit)
        .fetch_all(&mut *connection)
        .await
        .map_err(storage_error)?;
    rows.iter().map(|row| cells(table, row)).collect()
}

/// Adds rows, one statement for each: there is no network between.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), StorageError> {
    for row in rows {
        let query = sqlx::query(AssertSqlSafe(insert(table)));
        let query = row.iter().fold(query, bind);
        query
            .execute(&mut *connection)
            .await
            .map_err(storage_error)?;
    }
    Ok(())
}

fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    cell: &Cell,
) -> Query<'q, Sqlite, SqliteArguments> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Text(text) => query.bind(text.clone()),
        Cell::Integer(number) => query.bind(*number),
        Cell::Boolean(truth) => query.bind(*truth),
        Cell::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

fn insert(table: &Table) -> String {
    let values: Vec<_> = (1..=table.columns.len())
        .map(|number| format!("${number}"))
        .collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quoted(&table.name),
        column_list(table),
        values.join(", ")
    )
}

fn column_list(table: &Table) -> String {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| quoted(&column.name))
        .collect();
    columns.join(", ")
}

async fn table(connection: &mut SqliteConnection, name: String) -> Result<Table, StorageError> {
    let described: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid")
            .bind(&name)
            .fetch_all(connection)
            .await
            .map_err(storage_error)?;
    let mut key: Vec<_> = (0..described.len())
        .filter(|place| described[*place].2 > 0)
        .collect();
    key.sort_by_key(|place| described[*place].2);
    let columns = described
        .into_iter()
        .map(|(column, declared, _)| {
            Ok(Column {
                kind: kind(&name, &declared)?,
                name: column,
            })
        })
        .collect::<Result<_, StorageError>>()?;
    Ok(Table { name, columns, key })
}

/// The types that the migrations use.
fn kind(table: &str, declared: &str) -> Result<CellKind, StorageError> {
    match declared {
        "TEXT" => Ok(CellKind::Text),
        "BIGINT" => Ok(CellKind::Integer),
        "BOOLEAN" => Ok(CellKind::Boolean),
        "BLOB" => Ok(CellKind::Bytes),
        _ => Err(StorageError::Refused(format!(
            "table {table} has a column of another type"
        ))),
    }
}

fn select(table: &Table, is_later: bool) -> String {
    let key: Vec<_> = table.key_names().map(quoted).collect();
    let values: Vec<_> = (1..=key.len()).map(|number| format!("${number}")).collect();
    let (columns, key, from) = (column_list(table), key.join(", "), quoted(&table.name));
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

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn cells(table: &Table, row: &SqliteRow) -> Result<Row, StorageError> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(place, column)| cell(row, place, column.kind).map_err(storage_error))
        .collect()
}

fn cell(row: &SqliteRow, place: usize, kind: CellKind) -> Result<Cell, sqlx::Error> {
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
