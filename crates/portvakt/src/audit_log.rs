//! Reading the audit log, and the file of checkpoints beside it.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use portvakt_core::audit::{AuditFilter, Checkpoints, StoredEntry};
use portvakt_core::ports::UnitOfWork;

/// Entries that are read at a time.
const PAGE: u32 = 1000;

/// The surfaces whose keys may have signed a checkpoint.
const SURFACES: [&str; 2] = ["maskinporten", "idporten"];

/// Reads entries after this number until there are no more, or `look` has seen enough.
pub(crate) async fn each_entry(
    unit: &mut dyn UnitOfWork,
    mut after: u64,
    mut look: impl FnMut(&StoredEntry) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let filter = AuditFilter::default();
    loop {
        let page = unit.list_audit(&filter, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.link.sequence;
        for entry in &page {
            if !look(entry)? {
                return Ok(());
            }
        }
    }
}

/// The checkpoints of a file, signed by any key that this server has or had.
pub(crate) async fn read_checkpoints(
    unit: &mut dyn UnitOfWork,
    file: &Path,
) -> anyhow::Result<Checkpoints> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let mut kids = HashSet::new();
    for surface in SURFACES {
        let keys = unit.list_signing_keys(surface).await?;
        kids.extend(keys.into_iter().map(|key| key.kid));
    }
    Checkpoints::parse(&text, &kids)
        .map_err(|(line, error)| anyhow!("line {line} of {}: {error}", file.display()))
}

/// Adds a checkpoint to the file: one write for the whole line, on the disk before it is reported.
pub(crate) fn append_checkpoint(file: &Path, line: &str) -> anyhow::Result<()> {
    let append = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(file)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    };
    append().with_context(|| format!("write {}", file.display()))
}
