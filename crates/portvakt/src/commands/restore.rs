//! `portvakt restore`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::backup::BackupContents;
use portvakt_core::transfer::{Restoration, TransferError, transfer};
use portvakt_core::{Clock, SystemClock};
use serde_json::json;

use super::administer::operator;
use super::backup::{BackupFile, BackupKeyArgs};
use super::rows::{self, RowBar};
use crate::database::{DatabaseArgs, OpenStore};
use crate::output::Output;

/// From where and to where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The backup
    file: PathBuf,
    /// Checkpoints of the audit log, from elsewhere: the backup's log must agree with them
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
    #[command(flatten)]
    key: BackupKeyArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command. The backup is verified to its end before the database is touched, and what
/// arrived is verified before it is committed.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let mut backup = BackupFile::open(&args.file, args.key.read()?)?;
    let verified = backup
        .verify(args.checkpoints.as_deref(), output)
        .with_context(|| format!("nothing was restored: {}", args.file.display()))?;
    let store = args.database.registry()?.open_or_make().await?;
    let restored = fill(&store, &mut backup, &verified, output).await;
    store.close().await;
    let at = restored?;
    print(&args.file, &verified, &at.to_string(), output)
}

/// One transaction: a restore that fails leaves the database empty.
async fn fill(
    store: &OpenStore,
    backup: &mut BackupFile,
    verified: &BackupContents,
    output: Output,
) -> anyhow::Result<portvakt_core::Timestamp> {
    let mut reader = backup.reader()?;
    let mut target = store.begin_transfer().await?;
    let bar = RowBar::new(output);
    let report = transfer(&mut reader, target.target(), |progress| bar.show(progress)).await;
    drop(bar);
    let report = report.map_err(|error| explained(error, verified))?;
    if report != verified.report {
        bail!("nothing was restored: what arrived is not what the backup holds");
    }
    // Whatever the lost servers accepted, they accepted before this moment.
    let at = SystemClock.now();
    let restoration = Restoration {
        actor: operator(),
        at,
        backup_made_at: verified.made_at,
    };
    restoration.mark(target.target()).await?;
    target.commit().await.context(
        "whether the last step was done is not known: run the same command again, which says that \
         the target is not empty if it was",
    )?;
    Ok(at)
}

fn explained(error: TransferError, verified: &BackupContents) -> anyhow::Error {
    let advice = match &error {
        TransferError::DifferentTables { .. } => format!(
            "nothing was restored: the backup is of version {} of the program, whose database has \
             another form; restore it with that version, and then upgrade",
            verified.program
        ),
        TransferError::Audit(_) | TransferError::Storage(_) | TransferError::NotTheSame { .. } => {
            "nothing was restored".to_owned()
        }
    };
    anyhow::Error::new(error).context(advice)
}

fn print(file: &Path, verified: &BackupContents, at: &str, output: Output) -> anyhow::Result<()> {
    let report = &verified.report;
    let mut value = rows::value(report);
    value["file"] = json!(file);
    value["backup_made_at"] = json!(verified.made_at.to_string());
    value["restored_at"] = json!(at);
    let text = format!(
        "{}restored {} rows, as they were at {}; every table was read back and is the same\n{}\n\
         grants that were issued before {at}, and some seconds after it, are refused as used: what \
         the lost servers accepted after the backup is not known",
        rows::list(report),
        rows::total(report),
        verified.made_at,
        rows::audit(report),
    );
    output.result(&value, text)?;
    output.note("begin a new file of checkpoints: the log goes on from the backup's last entry");
    Ok(())
}
