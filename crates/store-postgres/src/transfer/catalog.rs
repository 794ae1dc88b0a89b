//! Tables as the database's own catalog has them, and their rows.
//!
//! Names of tables and columns come from the catalog, and values are always bound.

use portvakt_core::ports::StorageError;
use portvakt_core::transfer::{Cell, CellKind, Column, Row, Table};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row as _, ValueRef};

use crate::fault::{answered, storage_error};

/// Tables of this store's own: what is in them belongs to the database and not to the registry.
const OWN: [&str; 3] = ["_sqlx_migrations", "readiness", "migration_lock"];

/// Every table of the registry, each after those that it refers to.
pub(super) async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, StorageError> {
    let own: Vec<_> = OWN.iter().map(ToString::to_string).collect();
    let query = sqlx::query_scalar!(
        r#"SELECT table_name::TEXT AS "name!" FROM information_schema.tables
         WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
             AND table_name <> ALL ($1)
         ORDER BY table_name"#,
        &own
    );
    let names = answered(query.fetch_all(&mut *connection)).await?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        tables.push(table(connection, name).await?);
    }
    in_order(tables, &references(connection).await?)
}

/// How many rows the table has.
pub(super) async fn count(
    connection: &mut PgConnection,
    table: &Table,
) -> Result<u64, StorageError> {
    let sql = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
    let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql));
    let count = answered(query.fetch_one(&mut *connection)).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The first rows in order of the key, or those after a row.
pub(super) async fn read(
    connection: &mut PgConnection,
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
    let rows = answered(query.fetch_all(&mut *connection)).await?;
    rows.iter().map(|row| cells(table, row)).collect()
}

/// Adds rows, one statement for all of them.
pub(super) async fn write(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Row],
) -> Result<(), StorageError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = sqlx::query(AssertSqlSafe(insert(table)));
    for (place, column) in table.columns.iter().enumerate() {
        query = bind_column(query, column.kind, rows, place);
    }
    answered(query.execute(connection)).await?;
    Ok(())
}

/// Which table refers to which.
async fn references(connection: &mut PgConnection) -> Result<Vec<(String, String)>, StorageError> {
    let query = sqlx::query_as(
        "SELECT DISTINCT keys.table_name::TEXT, used.table_name::TEXT
         FROM information_schema.table_constraints AS keys
         JOIN information_schema.constraint_column_usage AS used
             ON used.constraint_schema = keys.constraint_schema
                 AND used.constraint_name = keys.constraint_name
         WHERE keys.table_schema = current_schema() AND keys.constraint_type = 'FOREIGN KEY'",
    );
    answered(query.fetch_all(connection)).await
}

/// Puts each table after those that it refers to.
fn in_order(
    tables: Vec<Table>,
    references: &[(String, String)],
) -> Result<Vec<Table>, StorageError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    let mut waiting = tables;
    while !waiting.is_empty() {
        let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|table| {
            let mut before = references.iter().filter(|(from, _)| *from == table.name);
            before.all(|(_, to)| *to == table.name || ordered.iter().any(|o| o.name == *to))
        });
        if ready.is_empty() {
            return Err(StorageError::Refused(
                "tables of the store refer to each other in a circle".to_owned(),
            ));
        }
        ordered.extend(ready);
        waiting = later;
    }
    Ok(ordered)
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
