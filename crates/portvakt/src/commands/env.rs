//! `portvakt env`: the variables that a platform would inject, printed or as files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use portvakt_nais::environment::{Value, Variables};
use serde_json::{Map, json};

use crate::data_dir::{make_private_folder, write_private};
use crate::output::{Format, Output};
use crate::provisioning::{EnvironmentArgs, ProvisionArgs, login_issuer, resource_environment};

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    provision: ProvisionArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Form of the lines
    #[arg(long, value_enum, default_value_t)]
    format: Lines,
    /// Write one file for each credential instead, readable for you alone, below `maskinporten/` and
    /// `idporten/` of this folder, as the platform mounts them
    #[arg(long, value_name = "DIR", conflicts_with = "format")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Lines {
    /// `NAME='value'`
    #[default]
    Dotenv,
    /// `export NAME='value'`, for `eval`
    Shell,
    /// One JSON object
    Json,
}

/// Prints the variables of a workload that was applied. Nothing is changed at the service.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let session = args.provision.open(output).await?;
    let login = login_issuer(&session, &args.environment).await?;
    let variables = resource_environment(&session, &args.environment, login.as_ref())?;
    if let Some(folder) = &args.dir {
        let files = write_files(folder, &variables)?;
        let text = format!("{} files written below {}", files.len(), folder.display());
        return output.result(&json!(files), text);
    }
    let pairs = variables
        .iter()
        .map(|variable| (variable.name.clone(), json!(variable.value.expose())));
    let object: Map<_, _> = pairs.collect();
    match args.format {
        Lines::Json => Output::new(Format::Json).result(&object, ""),
        Lines::Dotenv => output.result(&object, text("", &variables)),
        Lines::Shell => output.result(&object, text("export ", &variables)),
    }
}

fn text(before: &str, variables: &Variables) -> String {
    let mut text = String::new();
    for variable in variables {
        let value = variable.value.expose().replace('\'', r"'\''");
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{before}{}='{value}'", variable.name);
    }
    text.truncate(text.trim_end().len());
    text
}

fn write_files(folder: &Path, variables: &Variables) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for variable in variables {
        let kind = match variable.name.split_once('_') {
            Some(("MASKINPORTEN", _)) => "maskinporten",
            Some(("IDPORTEN", _)) => "idporten",
            _ => continue,
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !variable.name.chars().all(is_name) {
            continue;
        }
        make_private_folder(&folder.join(kind))?;
        let file = folder.join(kind).join(&variable.name);
        write_private(&file, Value::expose(&variable.value).as_bytes())?;
        files.push(file);
    }
    Ok(files)
}
