//! `portvakt audit`: the log of administrative acts.

mod checkpoint;
mod show;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use portvakt_core::audit::{Checkpoints, StoredEntry, Verified, Verifier};
use portvakt_core::ports::UnitOfWork;
use serde_json::json;

use super::administer;
use crate::audit_log::{each_entry, read_checkpoints};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check that nothing in the log was edited, moved or removed
    Verify(VerifyArgs),
    /// Print who changed what, the latest last
    Show(show::Args),
    /// Print the log as JSON lines that can be verified without Portvakt
    Export(ExportArgs),
    /// Verify the log, and sign for how far it has come
    Checkpoint(checkpoint::Args),
}

/// What to hold the log against.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Checkpoints of this log: show whether its end was cut off or all of it rewritten
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Which part to export.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Number of the first entry
    #[arg(long, value_name = "N", default_value_t = 1)]
    from: u64,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Verify(args) => verify(args, output).await,
        Command::Show(args) => show::run(args, output).await,
        Command::Export(args) => export(args).await,
        Command::Checkpoint(args) => checkpoint::run(args, output).await,
    }
}

async fn verify(args: VerifyArgs, output: Output) -> anyhow::Result<()> {
    let verified = administer::read(&args.database, async |unit| {
        let checkpoints = match &args.checkpoints {
            Some(file) => read_checkpoints(unit, file).await?,
            None => Checkpoints::none(),
        };
        verify_log(unit, &checkpoints).await
    });
    let Verified { last, checkpoints } = verified.await?;
    let report = json!({
        "entries": last.sequence,
        "hash": last.hash_hex(),
        "checkpoints": checkpoints,
    });
    let text = format!(
        "{} entries and {checkpoints} checkpoints agree; the last hash is {}",
        last.sequence,
        last.hash_hex()
    );
    output.result(&report, text)?;
    if args.checkpoints.is_none() {
        output.note("without --checkpoints, a log that was cut off or rewritten looks whole too");
    }
    Ok(())
}

/// Verifies the whole log, a page at a time.
async fn verify_log(
    unit: &mut dyn UnitOfWork,
    checkpoints: &Checkpoints,
) -> anyhow::Result<Verified> {
    let mut verifier = Verifier::new(checkpoints);
    let mut fault = Ok(());
    let look = |entry: &StoredEntry| {
        fault = verifier.entry(entry);
        Ok(fault.is_ok())
    };
    each_entry(unit, 0, look).await?;
    fault
        .and_then(|()| verifier.finish())
        .context("the audit log was tampered with")
}

/// Lines whatever the output format: the text of an entry is quoted, so that no reader of JSON can
/// change what was hashed.
async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let mut printed = std::io::BufWriter::new(std::io::stdout().lock());
    let exported = administer::read(&args.database, async |unit| {
        let line = |entry: &StoredEntry| {
            let line = json!({
                "sequence": entry.link.sequence,
                "hash": entry.link.hash_hex(),
                "entry": entry.text,
            });
            writeln!(printed, "{line}").context("print the log")?;
            Ok(true)
        };
        each_entry(unit, args.from.saturating_sub(1), line).await
    });
    exported.await?;
    printed.flush().context("print the log")
}
