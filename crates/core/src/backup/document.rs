//! The lines of a backup.

use serde::{Deserialize, Serialize};

use crate::transfer::{Row, Table};

/// The version of the form that is written.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) version: u32,
    /// Version of the program that wrote it.
    pub(super) program: String,
    /// RFC 3339.
    pub(super) made_at: String,
    pub(super) tables: Vec<TableHead>,
}

/// A table that follows, in this order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TableHead {
    pub(super) table: Table,
    pub(super) rows: u64,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The next rows of the present table.
    Rows(Vec<Row>),
    /// The present table is over.
    TableEnd {
        rows: u64,
        /// SHA-256 of its rows, in hexadecimal.
        digest: String,
    },
    /// Everything is over.
    End {
        audit_entries: u64,
        /// Hash of the last entry, in hexadecimal.
        audit_hash: String,
    },
}
