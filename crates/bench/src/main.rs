//! Measures the token endpoint of a real server process against the physical limit of the machine
//! that it runs on, in the same run: how many tokens a second, at which latency, for how much
//! processor time, and how that changes with the size of the registry.
//!
//! The server has one core to itself and the load another. Figures are ratios wherever they can
//! be: seconds say more about the machine than about the server. Start reading at [`run`].

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of one run are small, and its figures are rounded for people"
)]

mod calibration;
mod grants;
mod latency;
mod load;
mod registry;
mod report;
mod server;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};

use self::calibration::Calibration;
use self::load::{Load, Pace};
use self::registry::Registry;
use self::report::{Report, Row, Start};
use self::server::Server;

/// Measures a server against its physical limit
#[derive(Debug, Parser)]
#[command(name = "portvakt-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure signatures and verifications on this core, for the other commands
    Calibrate,
    /// Measure the token endpoint
    Tokens(Args),
}

#[derive(Clone, Debug, clap::Args)]
struct Args {
    /// The server's program, built for release
    #[arg(long, value_name = "FILE", default_value = "target/release/portvakt")]
    server: PathBuf,
    /// Registered clients; may be repeated
    #[arg(long, value_name = "N", default_values_t = [10, 10_000])]
    clients: Vec<usize>,
    /// How long each measurement runs, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    seconds: u64,
    /// Connections of the load
    #[arg(long, value_name = "N", default_value_t = 64)]
    connections: usize,
    /// Where to write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Calibrate => Calibration::measure().and_then(|calibration| calibration.print()),
        Command::Tokens(args) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start the runtime")
            .and_then(|runtime| runtime.block_on(run(&args))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One server after the other, each with a registry of another size.
async fn run(args: &Args) -> anyhow::Result<()> {
    anstream::eprintln!("measuring the physical limit of core {}", server::CORE);
    let calibration = Calibration::on_the_servers_core()?;
    let (mut starts, mut rows) = (Vec::new(), Vec::new());
    for clients in &args.clients {
        anstream::eprintln!("{clients} clients: preparing");
        let registry = Registry::make(*clients).await?;
        let server = Server::start(&args.server, &registry).await?;
        starts.push(Start::new(*clients, server.ready_after()));
        rows.extend(measure(args, &registry, &server, *clients, calibration.limit()).await?);
        server.stop().await?;
    }
    let report = Report::new(calibration, starts, rows);
    report.print();
    if let Some(file) = &args.json {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(file, json).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

/// As fast as it goes; then unloaded, at half of that, and at one and a half of it.
async fn measure(
    args: &Args,
    registry: &Registry,
    server: &Server,
    clients: usize,
    limit: f64,
) -> anyhow::Result<Vec<Row>> {
    let time = Duration::from_secs(args.seconds);
    let load = Load {
        address: server.address(),
        connections: args.connections,
        time,
    };
    // Grants are valid for two minutes, so each measurement signs its own, just before.
    let run = async |name: &'static str, pace: Pace, most: usize| {
        let grants = grants::sign(registry, server.issuer(), most)?;
        let before = server.usage()?;
        let outcome = load.run(pace, grants).await?;
        let usage = server.usage()?.since(&before);
        anyhow::Ok(Row::new(name, clients, &outcome, usage))
    };
    let enough = |rate: f64| (rate * time.as_secs_f64() * 1.1) as usize + args.connections;
    // No server is faster than the limit. The first run only warms caches and connections up.
    run("warm-up", Pace::Closed, enough(limit)).await?;
    let full = run("closed loop", Pace::Closed, enough(limit)).await?;
    let rate = full.rate();
    let idle = run("idle", Pace::Open(20.0), enough(20.0)).await?;
    let half = run("half load", Pace::Open(rate / 2.0), enough(rate / 2.0)).await?;
    let over = run("150 % load", Pace::Open(rate * 1.5), enough(rate * 1.5)).await?;
    Ok(vec![full, idle, half, over])
}
