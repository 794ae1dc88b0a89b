//! Moving away: the file's tables for another store, and the seal that ends its use here.
//!
//! The only SQL in the crate that is not known when it is compiled: names of tables and columns
//! come from the file's own catalog, and values are always bound.

use std::path::Path;

use async_trait::async_trait;
use portvakt_core::ports::StorageError;
use portvakt_core::transfer::{Cell, CellKind, Column, Row, Table, TransferSource};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection, Transaction, ValueRef};

use crate::fault::{storage_error, unavailable};
use crate::store::{begin_immediate, migrate, open_writer};

/// `user_version` of a file that was moved. It is 0 in every other file.
const SEALED: i64 = 0x4d4f_5645;

/// Refuses a file whose contents live elsewhere: two stores that do not know of each other would
/// each accept the same grant.
pub(crate) async fn refuse_sealed(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    if user_version(connection).await? == SEALED {
        return Err(unavailable(
            "its contents were moved to another database by `portvakt migrate`: use that one",
        ));
    }
    Ok(())
}

async fn user_version(connection: &mut SqliteConnection) -> Result<i64, StorageError> {
    sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
        .map_err(storage_error)
}

/// A file to be moved: locked against every write until it is dropped or sealed.
#[derive(Debug)]
pub struct SqliteSource {
    transaction: Transaction<'static, Sqlite>,
}

impl SqliteSource {
    /// Locks an existing file and brings its schema up to date. A file that is sealed already can
    /// be moved again: whoever sealed it may not have come to the end.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let writer = open_writer(path.as_ref()).await?;
        migrate(&writer).await?;
        let transaction = begin_immediate(&writer).await.map_err(storage_error)?;
        Ok(Self { transaction })
    }

    /// Makes the file useless as a store, durably, and unlocks it. To be done before the other
    /// store commits: should one of the two fail, no grant is accepted by both.
    pub async fn seal(mut self) -> Result<(), StorageError> {
        let seal = AssertSqlSafe(format!("PRAGMA user_version = {SEALED}"));
        sqlx::raw_sql(seal)
            .execute(&mut *self.transaction)
            .await
            .map_err(storage_error)?;
        self.transaction.commit().await.map_err(storage_error)
    }
}

#[async_trait]
impl TransferSource for SqliteSource {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        // In the order in which the migrations made them: none refers to a later one.
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
                 AND name <> '_sqlx_migrations'
             ORDER BY rowid",
        )
        .fetch_all(&mut *self.transaction)
        .await
        .map_err(storage_error)?;
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            tables.push(table(&mut self.transaction, name).await?);
        }
        Ok(tables)
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        let sql = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *self.transaction)
            .await
            .map_err(storage_error)?;
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
        let rows = query
            .bind(limit)
            .fetch_all(&mut *self.transaction)
            .await
            .map_err(storage_error)?;
        rows.iter().map(|row| cells(table, row)).collect()
    }
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
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| quoted(&column.name))
        .collect();
    let key: Vec<_> = table.key_names().map(quoted).collect();
    let values: Vec<_> = (1..=key.len()).map(|number| format!("${number}")).collect();
    let (columns, key, from) = (columns.join(", "), key.join(", "), quoted(&table.name));
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
