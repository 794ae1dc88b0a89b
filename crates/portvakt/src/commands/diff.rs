//! `portvakt diff`: what is against what manifests say, attribute by attribute.

use serde_json::json;

use crate::output::{Exit, Output};
use crate::provisioning::{ProvisionArgs, differences};

/// Exit code of `--detailed-exitcode` when something differs.
const DIFFERENCES: u8 = 2;

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    provision: ProvisionArgs,
    /// Exit with 2 when something differs, 0 when nothing does, 1 when it failed
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Prints the differences. Nothing is changed.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let mut session = args.provision.open(output).await?;
    let actual = session.observe().await?;
    let plan = session.plan(&actual, output).await?;
    let steps = plan.steps.iter().map(|step| {
        json!({"what": step.action.to_string(), "changes": step.action.changes(), "action": step.action})
    });
    output.result(&steps.collect::<Vec<_>>(), differences(&plan))?;
    if args.detailed_exitcode && !plan.is_empty() {
        return Err(Exit(DIFFERENCES).into());
    }
    Ok(())
}
