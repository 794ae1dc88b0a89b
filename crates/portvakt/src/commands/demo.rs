//! `portvakt demo`.

use crate::output::Output;

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(_: Args, _: Output) -> anyhow::Result<()> {
    anyhow::bail!("this build has no `portvakt demo` yet")
}
