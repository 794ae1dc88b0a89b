//! `portvakt backup`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::audit::{AuditCheckpoint, CheckpointError, Checkpoints};
use portvakt_core::backup::{self, BackupContents, BackupReader, SealedReader, SealedWriter};
use portvakt_core::signing::KeyEncryptionKey;
use portvakt_core::transfer::TransferReport;
use portvakt_core::{Clock, SystemClock, SystemEntropy};
use serde_json::json;
use tempfile::NamedTempFile;

use super::rows::{self, RowBar};
use crate::database::{DatabaseArgs, OpenStore};
use crate::output::Output;
use crate::signing::SecretLocation;

/// What to do with which file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to write; one that exists is never overwritten
    file: PathBuf,
    /// Read the file and check that it can be restored, and write nothing
    #[arg(long)]
    verify: bool,
    /// With --verify: checkpoints of the audit log, from elsewhere
    #[arg(long, value_name = "FILE", requires = "verify")]
    checkpoints: Option<PathBuf>,
    #[command(flatten)]
    key: BackupKeyArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// The key of backups.
#[derive(Debug, clap::Args)]
pub(super) struct BackupKeyArgs {
    /// Where the 32 bytes are that backups are encrypted with: a file, or an environment variable by
    /// name. Keep them apart from the backups, and from the database
    #[arg(
        long = "backup-key",
        value_name = "FILE|env:NAME",
        env = "PORTVAKT_BACKUP_KEY_FROM"
    )]
    location: SecretLocation,
}

impl BackupKeyArgs {
    pub(super) fn read(&self) -> anyhow::Result<KeyEncryptionKey> {
        let key = KeyEncryptionKey::parse(&self.location.read()?);
        key.with_context(|| format!("read the backup key from {}", self.location))
    }
}

/// Runs the command.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let key = args.key.read()?;
    if args.verify {
        let verified = BackupFile::open(&args.file, key)?
            .verify(args.checkpoints.as_deref(), output)
            .with_context(|| format!("verify {}", args.file.display()))?;
        return print_verified(&args.file, &verified, output);
    }
    if args.file.exists() {
        bail!(
            "{} exists, and no backup is overwritten: name another file",
            args.file.display()
        );
    }
    let store = args.database.open().await?;
    let written = write(&store, &args.file, &key, output).await;
    store.close().await;
    let report = written.with_context(|| format!("write {}", args.file.display()))?;
    print_written(&args.file, &report, output)
}

/// Written beside its place, and put there once it is whole and on the disk.
async fn write(
    store: &OpenStore,
    file: &Path,
    key: &KeyEncryptionKey,
    output: Output,
) -> anyhow::Result<TransferReport> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut partial = NamedTempFile::with_prefix_in(".portvakt-backup-", folder)?;
    // The time before the snapshot: everything until then is in it.
    let now = SystemClock.now();
    let mut source = store.snapshot().await?;
    let mut sealed = SealedWriter::new(BufWriter::new(partial.as_file_mut()), key, &SystemEntropy)?;
    let bar = RowBar::new(output);
    let report = backup::write(source.as_mut(), &mut sealed, now, |progress| {
        bar.show(progress);
    })
    .await?;
    sealed.finish()?.flush()?;
    partial.as_file().sync_all()?;
    partial.persist_noclobber(file)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(report)
}

/// A backup that can be read more than once.
pub(super) struct BackupFile {
    file: File,
    key: KeyEncryptionKey,
}

impl BackupFile {
    pub(super) fn open(path: &Path, key: KeyEncryptionKey) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
        Ok(Self { file, key })
    }

    /// From the beginning.
    pub(super) fn reader(
        &mut self,
    ) -> anyhow::Result<BackupReader<BufReader<SealedReader<BufReader<&File>>>>> {
        self.file.rewind()?;
        let sealed = SealedReader::new(BufReader::new(&self.file), &self.key)?;
        Ok(BackupReader::new(BufReader::new(sealed))?)
    }

    /// Reads all of it, and holds its audit log against checkpoints.
    pub(super) fn verify(
        &mut self,
        checkpoints: Option<&Path>,
        output: Output,
    ) -> anyhow::Result<BackupContents> {
        let bar = RowBar::new(output);
        let none = Checkpoints::none();
        let contents = self
            .reader()?
            .verify(&none, |progress| bar.show(progress))?;
        let Some(path) = checkpoints else {
            return Ok(contents);
        };
        let checkpoints = read_checkpoints(path, &contents)?;
        Ok(self.reader()?.verify(&checkpoints, |_| {})?)
    }
}

/// The checkpoints that were made before the backup. Later ones say nothing of it, and may be signed
/// with keys that it does not know; there must be one that it can be held against.
fn read_checkpoints(path: &Path, contents: &BackupContents) -> anyhow::Result<Checkpoints> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let mut earlier = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() {
            continue;
        }
        match AuditCheckpoint::parse(line, &contents.key_ids) {
            Ok(checkpoint) if checkpoint.link.sequence <= contents.report.audit.sequence => {
                earlier.push(checkpoint);
            }
            Ok(_) | Err(CheckpointError::UnknownKey(_)) => {}
            Err(error) => bail!("line {number} of {}: {error}", path.display()),
        }
    }
    if earlier.is_empty() {
        bail!(
            "no checkpoint in {} is of the backup's log or an earlier part of it",
            path.display()
        );
    }
    Ok(earlier.into_iter().collect())
}

fn print_written(file: &Path, report: &TransferReport, output: Output) -> anyhow::Result<()> {
    let mut value = rows::value(report);
    value["file"] = json!(file);
    let text = format!(
        "{}wrote {} rows to {}\n{}",
        rows::list(report),
        rows::total(report),
        file.display(),
        rows::audit(report)
    );
    output.result(&value, text)
}

fn print_verified(file: &Path, verified: &BackupContents, output: Output) -> anyhow::Result<()> {
    let report = &verified.report;
    let mut value = rows::value(report);
    value["file"] = json!(file);
    value["made_at"] = json!(verified.made_at.to_string());
    value["program"] = json!(verified.program);
    value["checkpoints"] = json!(verified.checkpoints);
    let text = format!(
        "{}{} is whole: {} rows, as they were at {}, written by version {}\n{}; \
         {} checkpoints agree",
        rows::list(report),
        file.display(),
        rows::total(report),
        verified.made_at,
        verified.program,
        rows::audit(report),
        verified.checkpoints
    );
    output.result(&value, text)
}
