//! The command line: names, flags and help. What a command does is in its file under `commands`.

use clap::Parser;

use crate::commands::Command;
use crate::output::Format;

/// A self-hosted, Maskinporten- and ID-porten-compatible authorization system
///
/// Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(
    name = "portvakt",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Print for people, or as JSON for programs
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "PORTVAKT_OUTPUT"
    )]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
