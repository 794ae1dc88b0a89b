//! `portvakt access`.

use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Lists what exists
    List,
}

/// Runs the command.
pub(crate) async fn run(_: Command, _: Output) -> anyhow::Result<()> {
    anyhow::bail!("this build has no `portvakt access` yet")
}
