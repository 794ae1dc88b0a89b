//! `portvakt registry`: everything that exists, as one declarative file.

use std::path::PathBuf;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget};
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::ports::UnitOfWork;
use portvakt_core::registry_file::{
    Applied, ApplyContext, ApplyError, Fault, RegistryFile, apply, export,
};
use portvakt_core::{Clock, SystemClock, SystemEntropy, Timestamp};
use serde_json::json;

use super::administer;
use crate::config::DatabaseLocation;
use crate::data_dir::write_private;
use crate::database::{DatabaseArgs, OpenStore};
use crate::output::Output;
use crate::registry_files::{self, MAX_FAULTS_SHOWN};

/// From so many entries on, applying shows its progress.
const MANY_ENTRIES: u64 = 1000;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say everything that is wrong with files, and change nothing
    Check(FilesArgs),
    /// Bring the registry into the state that files declare (makes the registry if there is none)
    Apply(FilesArgs),
    /// Write the registry down
    Export(ExportArgs),
}

/// Registry files.
#[derive(Debug, clap::Args)]
pub(crate) struct FilesArgs {
    /// YAML or JSON; several count as one
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Where to export to.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Standard output by default
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Check(args) => check(args, output).await,
        Command::Apply(args) => apply_files(args, output).await,
        Command::Export(args) => export_file(args, output).await,
    }
}

/// A check applies the files and does not commit: to the registry if there is one, else to a new
/// one that is thrown away.
async fn check(args: FilesArgs, output: Output) -> anyhow::Result<()> {
    let file = registry_files::read(&args.files)?;
    let registry = args.database.registry()?;
    let operator = registry.operator()?;
    let scratch = tempfile::tempdir().context("make a folder for the check")?;
    let store = if registry.exists() {
        registry.open().await?
    } else {
        let scratch = DatabaseLocation::Sqlite(scratch.path().join("check.db"));
        OpenStore::open(scratch).await?
    };
    let mut unit = store.shared().begin().await?;
    let result = apply_in(unit.as_mut(), &operator, &file, SystemClock.now(), output).await;
    drop(unit);
    store.close().await;
    let applied = result?;
    warn(&applied.warnings, output);
    let text = format!(
        "no faults in {} entries; applying would change:\n{}",
        file.len(),
        summary(&applied)
    );
    output.result(&report(&applied), text)
}

async fn apply_files(args: FilesArgs, output: Output) -> anyhow::Result<()> {
    let file = registry_files::read(&args.files)?;
    let operator = args.database.registry()?.operator()?;
    let applied = administer::write_new(&args.database, async |unit, now| {
        apply_in(unit, &operator, &file, now, output).await
    });
    let applied = applied.await?;
    warn(&applied.warnings, output);
    output.result(&report(&applied), summary(&applied))
}

async fn apply_in(
    unit: &mut dyn UnitOfWork,
    operator: &OperatorOrganization,
    file: &RegistryFile,
    now: Timestamp,
    output: Output,
) -> anyhow::Result<Applied> {
    bootstrap(unit, operator, now).await?;
    let bar = progress_bar(file.len() as u64, output);
    let mut progress = |done: usize| bar.set_position(done as u64);
    let context = ApplyContext {
        now,
        entropy: &SystemEntropy,
        progress: &mut progress,
    };
    let applied = apply(file, unit, context).await;
    bar.finish_and_clear();
    match applied {
        Ok(applied) => Ok(applied),
        Err(ApplyError::Refused(faults)) => Err(registry_files::refused(&faults)),
        Err(error) => Err(error.into()),
    }
}

/// Shown on a terminal only, and for work that takes its time.
fn progress_bar(entries: u64, output: Output) -> ProgressBar {
    let bar = ProgressBar::new(entries);
    if output.is_json() || entries < MANY_ENTRIES {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}

async fn export_file(args: ExportArgs, output: Output) -> anyhow::Result<()> {
    let file = administer::read(&args.database, async |unit| Ok(export(unit).await?)).await?;
    let Some(path) = args.file else {
        return output.result(&file, file.to_yaml()?.trim_end());
    };
    // Test people's numbers are in it.
    if output.is_json() {
        write_private(&path, serde_json::to_string_pretty(&file)?.as_bytes())?;
    } else {
        write_private(&path, file.to_yaml()?.as_bytes())?;
    }
    let text = format!("{} entries written to {}", file.len(), path.display());
    output.result(&json!({ "entries": file.len(), "file": path }), text)
}

fn warn(warnings: &[Fault], output: Output) {
    for warning in warnings.iter().take(MAX_FAULTS_SHOWN) {
        output.note(format!("warning: {warning}"));
    }
}

fn report(applied: &Applied) -> serde_json::Value {
    let warnings: Vec<_> = applied.warnings.iter().map(Fault::to_string).collect();
    json!({ "changed": applied.is_changed(), "applied": applied, "warnings": warnings })
}

fn summary(applied: &Applied) -> String {
    let lines = applied.counts.iter().map(|(kind, counts)| {
        let (created, updated, unchanged) = (counts.created, counts.updated, counts.unchanged);
        format!(
            "{:<20} {created} created, {updated} updated, {unchanged} unchanged",
            kind.plural()
        )
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        "nothing is declared".to_owned()
    } else {
        lines.join("\n")
    }
}
