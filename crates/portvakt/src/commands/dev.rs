//! `portvakt dev`.

use std::path::PathBuf;

use serde::Serialize;
use url::Url;

use crate::data_dir::{DataDir, DataDirArgs, Endpoints};
use crate::dev::{InitialRegistry, Options, Server};
use crate::output::Output;
use crate::server::Signals;
use crate::telemetry;

/// One line for each decision, and whatever went wrong.
const LOG_FILTER: &str = "warn,portvakt=info";

/// A client of the sample registry, and a scope that it has.
const SAMPLE_CLIENT: &str = "eksempel-klient";
const SAMPLE_SCOPE: &str = "nav:arbeid:some.scope.read";

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data_dir: DataDirArgs,

    /// Registry file to apply at the start; may be repeated. Without any, an empty folder gets a
    /// sample registry
    #[arg(long, value_name = "FILE")]
    registry: Vec<PathBuf>,

    /// First of six ports: maskinporten is on it, idporten on the second, self-service on the third,
    /// operations on the fifth, a demonstration of logins on the sixth; 0 picks free ones
    #[arg(
        long,
        value_name = "PORT",
        env = "PORTVAKT_BASE_PORT",
        default_value_t = 7700,
        value_parser = clap::value_parser!(u16).range(0..=65530)
    )]
    base_port: u16,

    /// Root to trust for organization certificates beside the folder's own, PEM; may be repeated
    #[arg(long, value_name = "PEM")]
    trust_anchor: Vec<PathBuf>,

    /// Revocation list, DER or PEM: a file is read again when it changes, an address is fetched
    /// every 15 minutes; may be repeated
    #[arg(long, value_name = "FILE|URL", value_parser = RevocationList::parse)]
    crl: Vec<RevocationList>,

    /// Offer logins with an address of e-mail to whoever asks for `selfregistered-email`; the code is
    /// shown, not sent
    #[arg(long)]
    email_login: bool,

    /// File of another OpenID provider that logs people in for this one; may be repeated
    #[arg(long, value_name = "FILE")]
    upstream: Vec<PathBuf>,
}

/// Where a revocation list is.
#[derive(Clone, Debug)]
enum RevocationList {
    File(PathBuf),
    Web(Url),
}

impl RevocationList {
    fn parse(text: &str) -> Result<Self, url::ParseError> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Url::parse(text).map(Self::Web);
        }
        Ok(Self::File(text.into()))
    }
}

/// Runs the command until it is told to end.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    telemetry::install(LOG_FILTER)?;
    // From here on no signal is missed, also while the server is starting.
    let mut signals = Signals::listen()?;
    let registry = match args.registry {
        files if files.is_empty() => InitialRegistry::SampleIfEmpty,
        files => InitialRegistry::Files(files),
    };
    let (mut files, mut urls) = (Vec::new(), Vec::new());
    for list in args.crl {
        match list {
            RevocationList::File(file) => files.push(file),
            RevocationList::Web(url) => urls.push(url),
        }
    }
    let server = Server::start(Options {
        data_dir: args.data_dir.data_dir(),
        base_port: args.base_port,
        registry,
        trust_anchors: args.trust_anchor,
        revocation_lists: files,
        revocation_urls: urls,
        email_login: args.email_login,
        upstreams: args.upstream,
    })
    .await?;
    announce(&server, output)?;
    signals.next().await;
    output.note("Stopping: requests under way are finished.");
    server.stop().await;
    Ok(())
}

fn announce(server: &Server, output: Output) -> anyhow::Result<()> {
    let endpoints = server.endpoints();
    if output.is_json() {
        return output.result(endpoints, "");
    }
    output.table(&rows(endpoints), &["SURFACE", "WHAT", "ADDRESS"], |row| {
        vec![
            row.surface.to_owned(),
            row.what.to_owned(),
            row.address.clone(),
        ]
    })?;
    output.note(format_args!(
        "\nEverything is in {}. Ctrl-C stops the server.{}",
        server.data_dir().path().display(),
        first_command(server.data_dir())
    ));
    Ok(())
}

/// What to try now, when the sample client is there.
fn first_command(data_dir: &DataDir) -> String {
    let key = data_dir.keys().join(format!("{SAMPLE_CLIENT}.jwk.json"));
    if !key.exists() {
        return String::new();
    }
    let folder = data_dir.path().display();
    format!(
        " A token:\n  portvakt token --data-dir {folder} --client {SAMPLE_CLIENT} --scope {SAMPLE_SCOPE}"
    )
}

#[derive(Serialize)]
struct Row {
    surface: &'static str,
    what: &'static str,
    address: String,
}

fn rows(endpoints: &Endpoints) -> Vec<Row> {
    let row = |surface, what, address: &str| Row {
        surface,
        what,
        address: address.to_owned(),
    };
    let maskinporten = &endpoints.maskinporten;
    vec![
        row("maskinporten", "issuer", &maskinporten.issuer),
        row("", "metadata", &maskinporten.well_known),
        row("", "tokens", &maskinporten.token_endpoint),
        row("", "keys", &maskinporten.jwks_uri),
        row("skyporten", "issuer", &endpoints.skyporten.issuer),
        row("", "metadata", &endpoints.skyporten.well_known),
        row("idporten", "issuer", &endpoints.idporten.issuer),
        row("", "metadata", &endpoints.idporten.well_known),
        row("selfservice", "base", &endpoints.selfservice.base_url),
        row("operations", "base", &endpoints.operations.base_url),
        row("relying party", "demo", &endpoints.relying_party.base_url),
    ]
}
