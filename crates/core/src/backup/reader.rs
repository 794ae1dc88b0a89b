//! Reading a backup: to verify it, or as the source of a transfer.

use std::collections::HashSet;
use std::io::{BufRead, ErrorKind, Read};

use async_trait::async_trait;
use serde::de::DeserializeOwned;

use super::BackupError;
use super::document::{Head, Line, TableHead, VERSION};
use super::entries::Watch;
use crate::audit::Checkpoints;
use crate::clock::Timestamp;
use crate::ports::StorageError;
use crate::transfer::{
    Row, Table, Tally, TransferProgress, TransferReport, TransferSource, Transferred,
};

/// Bytes of the longest line: a page of rows, each with the longest key set.
const MAX_LINE_BYTES: u64 = 256 * 1024 * 1024;

/// What a backup holds, once all of it was read and agrees with itself.
#[derive(Clone, Debug)]
pub struct BackupContents {
    /// Version of the program that wrote it.
    pub program: String,
    /// Of which moment it is.
    pub made_at: Timestamp,
    /// Its tables, and the last entry of its audit log.
    pub report: TransferReport,
    /// How many checkpoints its audit log agrees with.
    pub checkpoints: u64,
    /// Ids of its signing keys.
    pub key_ids: HashSet<String>,
}

/// A backup that is being read, from its beginning to its end.
pub struct BackupReader<R> {
    from: R,
    head: Head,
    made_at: Timestamp,
    /// The table whose rows come next.
    present: usize,
    tally: Tally,
    /// Tables that were read to their end.
    done: Vec<Transferred>,
}

impl<R: BufRead + Send> BackupReader<R> {
    /// Reads what there is.
    pub fn new(mut from: R) -> Result<Self, BackupError> {
        let head: Head = line(&mut from)?;
        if head.version != VERSION {
            return Err(BackupError::Unknown);
        }
        let made_at = Timestamp::parse(&head.made_at).map_err(|_| BackupError::Damaged)?;
        Ok(Self {
            from,
            head,
            made_at,
            present: 0,
            tally: Tally::new(),
            done: Vec::new(),
        })
    }

    /// Version of the program that wrote it.
    pub fn program(&self) -> &str {
        &self.head.program
    }

    /// Of which moment it is.
    pub fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// Reads all of it and compares it with what it says of itself, with the chain of its audit log,
    /// and with checkpoints of the log.
    pub fn verify(
        mut self,
        checkpoints: &Checkpoints,
        mut progress: impl FnMut(TransferProgress<'_>),
    ) -> Result<BackupContents, BackupError> {
        let mut watch = Watch::new(checkpoints);
        let total = self.head.tables.iter().map(|head| head.rows).sum();
        let mut read = 0;
        while let Some(head) = self.head.tables.get(self.present) {
            let table = head.table.clone();
            while let Some(rows) = self.next_rows()? {
                watch.rows(&table, &rows)?;
                read += rows.len() as u64;
                progress(TransferProgress {
                    table: &table.name,
                    rows: read,
                    total,
                });
            }
        }
        let (verified, key_ids) = watch.finish()?;
        let Line::End {
            audit_entries,
            audit_hash,
        } = line(&mut self.from)?
        else {
            return Err(BackupError::Damaged);
        };
        if (audit_entries, audit_hash) != (verified.last.sequence, verified.last.hash_hex())
            || !self.from.fill_buf().map_err(fault)?.is_empty()
        {
            return Err(BackupError::Damaged);
        }
        Ok(BackupContents {
            program: self.head.program,
            made_at: self.made_at,
            report: TransferReport {
                tables: self.done,
                audit: verified.last,
            },
            checkpoints: verified.checkpoints,
            key_ids,
        })
    }

    /// The next rows of the present table; none when it is over, and then the next one is present.
    fn next_rows(&mut self) -> Result<Option<Vec<Row>>, BackupError> {
        let TableHead { table, rows: said } = &self.head.tables[self.present];
        let wrong = || BackupError::Table(table.name.clone());
        match line(&mut self.from)? {
            Line::Rows(rows) if rows.is_empty() => Err(wrong()),
            Line::Rows(rows) => {
                if rows.iter().any(|row| row.len() != table.columns.len()) {
                    return Err(wrong());
                }
                self.tally.add(&rows);
                Ok(Some(rows))
            }
            Line::TableEnd { rows, digest } => {
                let (counted, digested) = std::mem::take(&mut self.tally).finish();
                let read = Transferred {
                    table: table.name.clone(),
                    rows: counted,
                    digest: digested,
                };
                if counted != rows || counted != *said || read.digest_hex() != digest {
                    return Err(wrong());
                }
                self.done.push(read);
                self.present += 1;
                Ok(None)
            }
            Line::End { .. } => Err(BackupError::Damaged),
        }
    }
}

/// Reads forwards only, as a transfer does.
#[async_trait]
impl<R: BufRead + Send> TransferSource for BackupReader<R> {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        let heads = self.head.tables.iter();
        Ok(heads.map(|head| head.table.clone()).collect())
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        let mut heads = self.head.tables.iter();
        let head = heads.find(|head| head.table.name == table.name);
        Ok(head.map_or(0, |head| head.rows))
    }

    async fn read(
        &mut self,
        table: &Table,
        _after: Option<&Row>,
        _limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        let present = self.head.tables.get(self.present);
        if present.is_none_or(|head| head.table.name != table.name) {
            return Err(StorageError::Refused(
                "a backup is read from its beginning to its end".to_owned(),
            ));
        }
        let rows = self.next_rows();
        let rows = rows.map_err(|error| StorageError::Unavailable(error.to_string()))?;
        Ok(rows.unwrap_or_default())
    }
}

fn line<T: DeserializeOwned>(from: &mut impl BufRead) -> Result<T, BackupError> {
    let mut text = Vec::new();
    from.take(MAX_LINE_BYTES)
        .read_until(b'\n', &mut text)
        .map_err(fault)?;
    if text.pop() != Some(b'\n') {
        return Err(BackupError::Damaged);
    }
    serde_json::from_slice(&text).map_err(|_| BackupError::Damaged)
}

/// What the layer below found wrong, rather than that it could not read.
fn fault(error: std::io::Error) -> BackupError {
    match error.kind() {
        ErrorKind::InvalidData => BackupError::Damaged,
        _ => BackupError::File(error),
    }
}
