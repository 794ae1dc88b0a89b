//! `portvakt demo`: the whole story on an embedded server, step by step.

use crate::demo;
use crate::output::Output;

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the server running afterwards, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Tells the story; everything that it made is gone afterwards.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    demo::tell(args.keep, output).await
}
