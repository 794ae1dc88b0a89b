//! `portvakt serve`.

use serde_json::json;

use super::config::ConfigArgs;
use crate::output::Output;
use crate::serve::Server;
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
    let report = json!({
        "maskinporten": addresses.maskinporten,
        "selfservice": addresses.selfservice,
        "operations": addresses.operations,
    });
    output.result(
        &report,
        format_args!(
            "maskinporten on {}, selfservice on {}, operations on {}",
            addresses.maskinporten, addresses.selfservice, addresses.operations
        ),
    )?;
    while signals.next().await == Signal::Reload {
        server.certificates().reload();
    }
    output.note("Stopping: requests under way are finished.");
    server.stop(signals.stop()).await;
    Ok(())
}
