//! What a backup's rows say that is checked before any store has them.

use std::collections::HashSet;

use super::BackupError;
use crate::audit::{AuditLink, Checkpoints, StoredEntry, Verified, Verifier};
use crate::transfer::{Cell, Row, Table};

/// Follows the audit log through the rows that go by, and notes the ids of signing keys.
pub(super) struct Watch<'c> {
    verifier: Verifier<'c>,
    key_ids: HashSet<String>,
}

impl<'c> Watch<'c> {
    pub(super) fn new(checkpoints: &'c Checkpoints) -> Self {
        Self {
            verifier: Verifier::new(checkpoints),
            key_ids: HashSet::new(),
        }
    }

    pub(super) fn rows(&mut self, table: &Table, rows: &[Row]) -> Result<(), BackupError> {
        for row in rows {
            match table.name.as_str() {
                "audit" => {
                    let entry = entry(table, row);
                    let entry = entry.ok_or_else(|| BackupError::Table(table.name.clone()))?;
                    self.verifier.entry(&entry)?;
                }
                "signing_keys" => self.key_ids.extend(text(table, row, "kid")),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(Verified, HashSet<String>), BackupError> {
        Ok((self.verifier.finish()?, self.key_ids))
    }
}

fn entry(table: &Table, row: &Row) -> Option<StoredEntry> {
    let Cell::Integer(sequence) = cell(table, row, "sequence")? else {
        return None;
    };
    let Cell::Bytes(hash) = cell(table, row, "hash")? else {
        return None;
    };
    Some(StoredEntry {
        link: AuditLink {
            sequence: u64::try_from(*sequence).ok()?,
            hash: hash.as_slice().try_into().ok()?,
        },
        text: text(table, row, "entry")?,
        object_key: text(table, row, "object_key")?,
        organizations: text(table, row, "organizations")?,
        request_id: text(table, row, "request_id"),
    })
}

fn text(table: &Table, row: &Row, column: &str) -> Option<String> {
    match cell(table, row, column)? {
        Cell::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn cell<'r>(table: &Table, row: &'r Row, name: &str) -> Option<&'r Cell> {
    let place = table.columns.iter().position(|column| column.name == name);
    row.get(place?)
}
