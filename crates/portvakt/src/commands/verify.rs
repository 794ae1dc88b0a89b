//! `portvakt verify`: check a token as an API must, and say what each check found.

use anyhow::bail;
use portvakt_core::organization::OrgNumber;

use crate::data_dir::DataDirArgs;
use crate::input;
use crate::output::Output;
use crate::server_args::ServerArgs;
use crate::verification::{Requirements, Verification, verify};

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token, a file that holds it, or `-` for standard input
    #[arg(default_value = "-")]
    token: String,
    /// Scope that the API needs
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// The API's own audience
    #[arg(long, value_name = "URI")]
    audience: Option<String>,
    /// Organization that may call; may be repeated
    #[arg(long, value_name = "ORGNO")]
    consumer: Vec<OrgNumber>,
    /// Person that the call is about
    #[arg(long, value_name = "PID")]
    pid: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Prints every check; fails when one does.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let token = input::read(&args.token)?;
    let found = args.server.discover(&args.data_dir.data_dir()).await?;
    let requirements = Requirements {
        issuer: found.oauth.issuer().to_owned(),
        scope: args.scope,
        audience: args.audience,
        pid: args.pid,
        consumers: args.consumer.iter().map(OrgNumber::iso6523).collect(),
    };
    let keys = found.oauth.keys().await?;
    let verification = verify(token.trim(), &keys, &requirements, found.now().seconds());
    output.result(&verification, describe(&verification))?;
    match verification.checks.iter().find(|check| !check.passed) {
        Some(failed) => bail!("the token is refused: {}: {}", failed.check, failed.detail),
        None => Ok(()),
    }
}

/// One line for each check.
pub(crate) fn describe(verification: &Verification) -> String {
    let line = |check: &crate::verification::Verified| {
        format!(
            "{} {:<10} {}",
            if check.passed { "✓" } else { "✗" },
            check.check,
            check.detail
        )
    };
    verification
        .checks
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}
