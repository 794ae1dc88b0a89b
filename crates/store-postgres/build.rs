//! Lets the compiler check every query against the committed descriptions in `.sqlx`, so that
//! nobody needs a server to build. `scripts/postgres-queries.sh` has them written anew by a server
//! of its own, and a test compares them with what a server says today.

use std::env::{self, VarError};

/// The database that queries are described by; set by the script alone.
const SCHEMA: &str = "PORTVAKT_POSTGRES_SCHEMA_URL";

fn main() -> Result<(), VarError> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=.sqlx");
    println!("cargo:rerun-if-env-changed={SCHEMA}");
    let descriptions = format!("{}/.sqlx", env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo:rustc-env=SQLX_OFFLINE_DIR={descriptions}");
    match env::var(SCHEMA) {
        Ok(url) => {
            println!("cargo:rustc-env=DATABASE_URL={url}");
            println!("cargo:rustc-env=SQLX_OFFLINE=false");
        }
        // A developer's own DATABASE_URL must not be what the queries are checked against.
        Err(_) => println!("cargo:rustc-env=SQLX_OFFLINE=true"),
    }
    Ok(())
}
