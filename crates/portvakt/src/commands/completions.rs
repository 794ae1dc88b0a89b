//! `portvakt generate`: shell completions and man pages, made from the command line's definition.

use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output::Output;

/// What is generated.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write a man page for each command
    ManPages {
        /// Folder to write to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Prints or writes what was asked for.
pub(crate) fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "portvakt",
                &mut std::io::stdout(),
            );
            Ok(())
        }
        Command::ManPages { folder } => {
            std::fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
                .with_context(|| format!("write man pages to {}", folder.display()))?;
            output.note(format_args!("wrote man pages to {}", folder.display()));
            Ok(())
        }
    }
}
