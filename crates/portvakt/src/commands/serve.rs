//! `portvakt serve`.

use std::net::SocketAddr;

use serde_json::Value;

use super::config::ConfigArgs;
use crate::output::Output;
use crate::serve::{Addresses, Server};
use crate::server::{Signal, Signals};
use crate::telemetry;
use crate::traces::Traces;

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the server until it is told to stop. `SIGHUP` makes it read TLS certificates again; a
/// second signal to stop ends the wait for load balancers.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let traces = Traces::start(&config)?;
    telemetry::install_for(&config.log, traces.listener())?;
    // From here on no signal is missed, also while the server is starting.
    let mut signals = Signals::listen()?;
    let server = Server::start(&config, traces).await?;
    let addresses = server.addresses();
    output.result(&report(addresses), describe(addresses))?;
    while signals.next().await == Signal::Reload {
        server.certificates().reload();
    }
    output.note("Stopping: requests under way are finished.");
    server.stop(signals.stop()).await;
    Ok(())
}

/// The surfaces that are served, each with its address.
fn surfaces(addresses: Addresses) -> impl Iterator<Item = (&'static str, SocketAddr)> {
    let idporten = addresses.idporten.map(|address| ("idporten", address));
    [("maskinporten", addresses.maskinporten)]
        .into_iter()
        .chain(idporten)
        .chain([
            ("selfservice", addresses.selfservice),
            ("operations", addresses.operations),
        ])
}

fn report(addresses: Addresses) -> Value {
    surfaces(addresses)
        .map(|(name, address)| (name.to_owned(), address.to_string()))
        .collect()
}

fn describe(addresses: Addresses) -> String {
    let told: Vec<_> = surfaces(addresses)
        .map(|(name, address)| format!("{name} on {address}"))
        .collect();
    told.join(", ")
}
