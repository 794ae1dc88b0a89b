//! Makes an empty database from the migrations, so that the compiler checks every query against
//! the schema that the crate ships, that of the ledger's file beside that of the registry's. It needs no
//! server, no tool and no variable from the user.

use std::error::Error;
use std::path::Path;
use std::{env, fs, io};

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=ledger");
    println!("cargo:rerun-if-changed=build.rs");
    let database = Path::new(&env::var("OUT_DIR")?).join("schema.db");
    remove(&database)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(migrate(&database))?;
    let path = database
        .to_str()
        .ok_or("the path of the build folder is not UTF-8")?;
    let url = path.replace('%', "%25").replace('?', "%3F");
    println!("cargo:rustc-env=DATABASE_URL=sqlite://{url}");
    // A developer's own setting must not turn the check off.
    println!("cargo:rustc-env=SQLX_OFFLINE=false");
    Ok(())
}

fn remove(database: &Path) -> io::Result<()> {
    match fs::remove_file(database) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn migrate(database: &Path) -> Result<(), Box<dyn Error>> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true);
    let mut connection = options.connect().await?;
    Migrator::new(Path::new("migrations"))
        .await?
        .run(&mut connection)
        .await?;
    // The registry has, empty, a table of the name that the ledger's first one had.
    aside(&mut connection, "used_grants", "aside").await?;
    for migration in Migrator::new(Path::new("ledger")).await?.iter() {
        sqlx::raw_sql(migration.sql.clone())
            .execute(&mut connection)
            .await?;
    }
    aside(&mut connection, "aside", "used_grants").await?;
    connection.close().await?;
    Ok(())
}

async fn aside(connection: &mut SqliteConnection, from: &str, to: &str) -> sqlx::Result<()> {
    let rename = AssertSqlSafe(format!("ALTER TABLE {from} RENAME TO {to}"));
    sqlx::raw_sql(rename).execute(connection).await?;
    Ok(())
}
