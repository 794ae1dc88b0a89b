//! `portvakt plan`: what manifests change, in which order, and whom it stops.

use std::path::PathBuf;

use crate::output::{Exit, Output};
use crate::provisioning::{ProvisionArgs, SavedPlan, describe};

/// Exit code of `--detailed-exitcode` when there is something to do.
const CHANGES: u8 = 2;

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    provision: ProvisionArgs,
    /// Write the plan to a file, for `portvakt apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when there is something to do, 0 when there is not, 1 when it failed
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Prints the plan. Nothing is changed.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let mut session = args.provision.open(output).await?;
    let actual = session.observe().await?;
    let plan = session.plan(&actual, output).await?;
    let is_empty = plan.is_empty();
    let text = describe(&plan);
    let target = session.target.api.base_url().as_str();
    let saved = SavedPlan::new(target, actual.organization.clone(), plan);
    output.result(&saved, text)?;
    if let Some(file) = &args.out {
        saved.write(file)?;
        output.note(format_args!(
            "written to {0}; carry it out with `portvakt apply {0}`",
            file.display()
        ));
    }
    if args.detailed_exitcode && !is_empty {
        return Err(Exit(CHANGES).into());
    }
    Ok(())
}
