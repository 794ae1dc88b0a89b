//! What commands print: tables and lines for people, one JSON document for programs.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};
use comfy_table::Table;
use serde::Serialize;

/// The form of a command's result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences
    #[default]
    Human,
    /// One JSON document on standard output
    Json,
}

/// Where results and failures go. Colors appear on a terminal only, and never with `NO_COLOR`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
}

/// Ends a command that has said what there is to say, with an exit code of its own.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("exit code {0}")]
pub(crate) struct Exit(pub(crate) u8);

const FAILURE: Style = AnsiColor::Red.on_default().bold();

impl Output {
    /// Output in this form.
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether programs read the result.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints one result: `value` for programs, `text` for people.
    pub(crate) fn result(self, value: &impl Serialize, text: impl Display) -> anyhow::Result<()> {
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(value)?),
            Format::Human => println!("{text}"),
        }
        Ok(())
    }

    /// Prints a list: an array for programs, a table for people.
    pub(crate) fn table<T: Serialize>(
        self,
        values: &[T],
        header: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        let mut table = Table::new();
        table
            .load_style(comfy_table::presets::NOTHING)
            .set_header(header);
        table.add_rows(values.iter().map(row));
        self.result(&values, table.trim_fmt())
    }

    /// Prints a remark for people on standard error; programs do not see it. One that cannot be
    /// written is lost.
    pub(crate) fn note(self, text: impl Display) {
        if self.format == Format::Human {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Prints one line that says what failed, and answers the exit code for it.
    #[expect(
        clippy::unused_self,
        reason = "failures are printed by whoever prints results"
    )]
    pub(crate) fn fail(self, error: &anyhow::Error) -> ExitCode {
        eprintln!("{FAILURE}error:{FAILURE:#} {error:#}");
        ExitCode::from(1)
    }
}
