//! Writing a backup.

use std::io::Write;

use serde::Serialize;

use super::BackupError;
use super::document::{Head, Line, TableHead, VERSION};
use super::entries::Watch;
use crate::audit::Checkpoints;
use crate::clock::Timestamp;
use crate::transfer::{
    Table, Tally, TransferProgress, TransferReport, TransferSource, Transferred,
};

/// Rows that are read and written at a time.
const PAGE: u32 = 500;

/// Writes every table of a source to `to`, and says what it wrote. A log that was tampered with is
/// not written: the backup could not be restored.
pub async fn write<W: Write + Send>(
    source: &mut dyn TransferSource,
    to: &mut W,
    now: Timestamp,
    mut progress: impl FnMut(TransferProgress<'_>) + Send,
) -> Result<TransferReport, BackupError> {
    let mut heads = Vec::new();
    for table in source.tables().await? {
        let rows = source.count(&table).await?;
        heads.push(TableHead { table, rows });
    }
    let head = Head {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now.to_string(),
        tables: heads,
    };
    line(to, &head)?;
    let no_checkpoints = Checkpoints::none();
    let mut watch = Watch::new(&no_checkpoints);
    let total = head.tables.iter().map(|head| head.rows).sum();
    let mut tables: Vec<Transferred> = Vec::with_capacity(head.tables.len());
    for TableHead { table, .. } in &head.tables {
        let before: u64 = tables.iter().map(|table| table.rows).sum();
        let so_far = |rows| {
            progress(TransferProgress {
                table: &table.name,
                rows: before + rows,
                total,
            });
        };
        tables.push(write_table(source, to, table, &mut watch, so_far).await?);
    }
    let (verified, _) = watch.finish()?;
    let end = Line::End {
        audit_entries: verified.last.sequence,
        audit_hash: verified.last.hash_hex(),
    };
    line(to, &end)?;
    Ok(TransferReport {
        tables,
        audit: verified.last,
    })
}

async fn write_table<W: Write + Send>(
    source: &mut dyn TransferSource,
    to: &mut W,
    table: &Table,
    watch: &mut Watch<'_>,
    mut so_far: impl FnMut(u64) + Send,
) -> Result<Transferred, BackupError> {
    let mut tally = Tally::new();
    let mut last = None;
    loop {
        let rows = source.read(table, last.as_ref(), PAGE).await?;
        if rows.is_empty() {
            break;
        }
        watch.rows(table, &rows)?;
        tally.add(&rows);
        so_far(tally.rows());
        last = rows.last().cloned();
        line(to, &Line::Rows(rows))?;
    }
    let (rows, digest) = tally.finish();
    let written = Transferred {
        table: table.name.clone(),
        rows,
        digest,
    };
    let digest = written.digest_hex();
    line(to, &Line::TableEnd { rows, digest })?;
    Ok(written)
}

fn line(to: &mut impl Write, value: &impl Serialize) -> Result<(), BackupError> {
    let mut text = serde_json::to_vec(value).map_err(std::io::Error::from)?;
    text.push(b'\n');
    Ok(to.write_all(&text)?)
}
