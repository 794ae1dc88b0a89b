//! `portvakt migrate`: from the SQLite file of one node to PostgreSQL.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::transfer::{TransferError, TransferReport, transfer};
use portvakt_store_postgres::{PostgresSettings, PostgresStore};
use portvakt_store_sqlite::SqliteSource;
use serde_json::json;

use super::rows::{self, RowBar};
use crate::data_dir::{DataDir, DataDirArgs};
use crate::dev::FolderLock;
use crate::output::Output;

/// From where and to where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The empty database: `postgres://user@host/database`, with the password in PGPASSWORD or a
    /// password file, as for every client of PostgreSQL
    #[arg(long, value_name = "URL")]
    to: String,
    /// The SQLite file, instead of the one in the data folder
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Runs the command.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let settings: PostgresSettings = args.to.parse()?;
    let from = match args.from {
        Some(file) => file,
        None => args.data_dir.data_dir().database(),
    };
    let _lock = lock_folder_of(&from)?;
    let store = PostgresStore::open(&settings)
        .await
        .with_context(|| format!("open {}", settings.place()))?;
    let moved = move_all(&from, &store, output).await;
    store.close().await;
    print(&moved?, &from, &settings, output)
}

/// No server may accept grants from the file meanwhile. A file that is missing is not made.
fn lock_folder_of(file: &Path) -> anyhow::Result<FolderLock> {
    if !file.is_file() {
        bail!(
            "there is no file {}: name the one to move with --from, or its folder with --data-dir",
            file.display()
        );
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    FolderLock::take(&DataDir::new(folder))
}

/// The file is sealed before the target commits: should the last step fail, there is no store that
/// accepts a grant which the other has accepted. A move that was cut off can be done again.
async fn move_all(
    from: &Path,
    store: &PostgresStore,
    output: Output,
) -> anyhow::Result<TransferReport> {
    let mut source = SqliteSource::open(from)
        .await
        .with_context(|| format!("open {}", from.display()))?;
    let mut target = store.begin_transfer().await?;
    let bar = RowBar::new(output);
    let report = transfer(&mut source, &mut target, |progress| bar.show(progress)).await;
    drop(bar);
    let report = report.map_err(explained)?;
    source.seal().await.context("seal the file")?;
    target.commit().await.context(
        "whether the last step was done is not known: run the same command again, which says that \
         the target is not empty if it was",
    )?;
    Ok(report)
}

fn explained(error: TransferError) -> anyhow::Error {
    let advice = match &error {
        TransferError::Audit(_) => "nothing was moved: see `portvakt audit verify`",
        TransferError::Storage(_)
        | TransferError::DifferentTables { .. }
        | TransferError::NotTheSame { .. } => "nothing was moved",
    };
    anyhow::Error::new(error).context(advice)
}

fn print(
    report: &TransferReport,
    from: &Path,
    settings: &PostgresSettings,
    output: Output,
) -> anyhow::Result<()> {
    let mut value = rows::value(report);
    value["from"] = json!(from);
    value["to"] = json!(settings.place());
    let text = format!(
        "{}moved {} rows to {}; every table was read back and is the same\n{}\n\
         {} is sealed: no command or server uses it any more",
        rows::list(report),
        rows::total(report),
        settings.place(),
        rows::audit(report),
        from.display()
    );
    output.result(&value, text)
}
