//! The committed descriptions, by which the compiler checks queries, are what a server says.

use std::path::Path;

use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Column, Either, Executor, SqlSafeStr, Statement, TypeInfo};

use crate::place::Database;

/// Names and types of columns, and types of parameters.
type Described = (Vec<(String, String)>, Vec<String>);

fn committed(description: &Value) -> Described {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let columns = description["columns"].as_array().unwrap().iter();
    let parameters = description["parameters"]["Left"].as_array().unwrap().iter();
    // A type that is no plain word (an array's) says its own name inside.
    let kind = |value: &Value| match value {
        Value::String(name) => name.to_uppercase(),
        other => text(other.pointer("/Custom/name").unwrap_or(other)).to_uppercase(),
    };
    let column = |column: &Value| (text(&column["name"]), kind(&column["type_info"]));
    (
        columns.map(column).collect(),
        parameters.map(kind).collect(),
    )
}

async fn said(connection: &mut PgConnection, sql: &str) -> Described {
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    let statement = connection.prepare(sql).await.unwrap();
    let columns = statement.columns().iter();
    let columns = columns.map(|column| (column.name().to_owned(), name(column.type_info())));
    let parameters = match statement.parameters() {
        Some(Either::Left(kinds)) => kinds.iter().map(name).collect(),
        Some(Either::Right(_)) | None => Vec::new(),
    };
    (columns.collect(), parameters)
}

/// The name that descriptions use: `TextArray` for `TEXT[]`.
fn name(kind: &impl TypeInfo) -> String {
    kind.name().to_uppercase().replace("[]", "ARRAY")
}

#[tokio::test]
async fn the_descriptions_are_what_a_server_says() {
    let database = Database::new();
    database.store().await.close().await;
    let mut connection = database.stranger().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut looked_at = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let query: Value = serde_json::from_str(&text).unwrap();
        let sql = query["query"].as_str().unwrap();
        let said = said(&mut connection, sql).await;
        assert_eq!(
            committed(&query["describe"]),
            said,
            "run scripts/postgres-queries.sh: the description of this query is of another schema: {sql}"
        );
        looked_at += 1;
    }
    assert!(looked_at > 50, "{looked_at}");
}
