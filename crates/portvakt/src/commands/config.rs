//! `portvakt config`: what is wrong with a configuration, and what is in force.

use std::path::PathBuf;

use serde_json::json;

use crate::config::{Config, Environment, Faults, reference};
use crate::output::Output;
use crate::upstream;

/// Which file.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Configuration of the server, YAML; variables named `PORTVAKT__SECTION__KEY` take precedence
    #[arg(long, value_name = "FILE", env = "PORTVAKT_CONFIG")]
    pub(crate) config: PathBuf,
}

impl ConfigArgs {
    /// The configuration, if every key of it can be meant.
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        let config = Config::load(&self.config, &Environment::of_process())?;
        config.check().into_result()?;
        Ok(config)
    }
}

/// What to do with a configuration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with it; exit code 1 if anything is
    Check(ConfigArgs),
    /// Print every key in force, without secrets
    Show(ConfigArgs),
    /// Print every key that there is, with its type, default and meaning, as Markdown
    Reference,
}

/// Runs the command.
pub(crate) fn run(command: &Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Check(args) => {
            let config = args.load()?;
            check_files(&config)?;
            output.result(
                &json!({ "status": "ok" }),
                "every key is known and can be meant",
            )
        }
        Command::Show(args) => {
            let shown = args.load()?.shown();
            let text = serde_saphyr::to_string(&shown)?;
            output.result(&shown, text.trim_end())
        }
        Command::Reference => {
            let page = reference();
            output.result(&json!({ "markdown": page }), page.trim_end())
        }
    }
}

/// Files that say as much as the configuration itself are read as a server reads them. They are read here
/// alone, so that whoever only looks at a configuration need not have them.
fn check_files(config: &Config) -> anyhow::Result<()> {
    let idporten = &config.idporten;
    let mut faults = Faults::default();
    if idporten.is_served() {
        let issuer = Faults::settle(|faults| idporten.login_issuer(config, faults))?;
        for (place, error) in upstream::faults(&idporten.upstreams, &issuer.login_base_url)? {
            faults.add(format!("idporten.upstreams[{place}]"), format!("{error:#}"));
        }
    }
    Ok(faults.into_result()?)
}
