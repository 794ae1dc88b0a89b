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
mod certificates;
mod compare;
mod counters;
mod database;
mod grants;
mod latency;
mod load;
mod measure;
mod mix;
mod registry;
mod report;
mod running;
mod server;
mod setup;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};

use self::calibration::Calibration;
use self::measure::Measure;
use self::report::{Report, all_reached};
use self::setup::{GrantKind, Loads, Setup, StoreKind, TokenKind};

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
    /// Measure the token endpoint in every setup that matters
    Suite {
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        figures: Figures,
    },
    /// Measure the token endpoint in one setup
    Tokens {
        #[command(flatten)]
        setup: SetupArgs,
        #[command(flatten)]
        figures: Figures,
    },
    /// Load every kind of server, in any build, and fail if a goal is missed that is not of speed
    Check {
        #[command(flatten)]
        how: How,
    },
    /// Compare two builds, or with --clients given twice two registries, in turns on the same core
    Compare {
        /// The other server's program; by default the same
        #[arg(long, value_name = "FILE")]
        other: Option<PathBuf>,
        /// How often each of them has its turn
        #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
        turns: u32,
        #[command(flatten)]
        setup: SetupArgs,
    },
}

#[derive(Clone, Debug, clap::Args)]
struct How {
    /// The server's program, built for release
    #[arg(long, value_name = "FILE", default_value = "target/release/portvakt")]
    server: PathBuf,
    /// How long each load lasts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    seconds: u64,
    /// Connections of a closed load; by default 128, and 192 where tokens are signed with ES256
    #[arg(long, value_name = "N")]
    connections: Option<usize>,
}

#[derive(Clone, Debug, clap::Args)]
struct Figures {
    /// Where to write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
struct SetupArgs {
    /// Where the server keeps everything
    #[arg(long, value_enum, default_value = "sqlite")]
    store: StoreKind,
    /// Registered clients; may be repeated
    #[arg(long, value_name = "N", default_values_t = [10_000])]
    clients: Vec<usize>,
    /// How many of the clients ask for tokens, in turn; by default all
    #[arg(long, value_name = "N")]
    active: Option<usize>,
    /// What the grants are like
    #[arg(long, value_enum, default_value = "key")]
    grant: GrantKind,
    /// What the tokens are signed with
    #[arg(long, value_enum, default_value = "RS256")]
    tokens: TokenKind,
    /// Server processes on the one database, all on the one core
    #[arg(long, value_name = "N", default_value_t = 1)]
    nodes: usize,
    #[command(flatten)]
    how: How,
}

impl How {
    fn measure(&self) -> Measure<'_> {
        Measure {
            program: &self.server,
            time: Duration::from_secs(self.seconds),
            connections: self.connections,
        }
    }
}

impl SetupArgs {
    fn setups(&self) -> anyhow::Result<Vec<(Setup, Loads)>> {
        anyhow::ensure!(
            self.nodes == 1 || self.store == StoreKind::Postgres,
            "several nodes share a PostgreSQL database: add --store postgres"
        );
        let setup = |clients: &usize| Setup {
            store: self.store,
            clients: *clients,
            active: self.active.unwrap_or(*clients).clamp(1, (*clients).max(1)),
            grant: self.grant,
            tokens: self.tokens,
            nodes: self.nodes,
        };
        Ok(self
            .clients
            .iter()
            .map(|clients| (setup(clients), Loads::All))
            .collect())
    }
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Calibrate => Calibration::measure().and_then(|calibration| calibration.print()),
        Command::Suite { how, figures } => measure_all(&how, &figures, &Setup::suite()),
        Command::Tokens { setup, figures } => setup
            .setups()
            .and_then(|setups| measure_all(&setup.how, &figures, &setups)),
        Command::Check { how } => check(&how),
        Command::Compare {
            other,
            turns,
            setup,
        } => compare(&setup, other.as_deref(), turns),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all(how: &How, figures: &Figures, setups: &[(Setup, Loads)]) -> anyhow::Result<()> {
    let report = runtime()?.block_on(run(how, setups))?;
    report.print(&report.goals());
    if let Some(file) = &figures.json {
        let json = report.to_json()?;
        std::fs::write(file, json).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

fn check(how: &How) -> anyhow::Result<()> {
    let report = runtime()?.block_on(run(how, &Setup::one_of_each()))?;
    let mut goals = report.goals();
    goals.retain(|goal| !goal.is_of_speed());
    report.print(&goals);
    all_reached(&goals)
}

fn compare(args: &SetupArgs, other: Option<&Path>, turns: u32) -> anyhow::Result<()> {
    let setups = args.setups()?;
    let (first, second) = match setups.as_slice() {
        [(both, _)] => (both, both),
        [(first, _), (second, _)] => (first, second),
        _ => anyhow::bail!("two are compared: give --clients once or twice"),
    };
    let program = args.how.server.as_path();
    let pair = [(program, *first), (other.unwrap_or(program), *second)];
    runtime()?.block_on(args.how.measure().compare(pair, turns))
}

/// On all cores but the servers'.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    server::keep_off_the_servers_core()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")
}

/// One setup after the other, each with servers and a registry of its own.
async fn run(how: &How, setups: &[(Setup, Loads)]) -> anyhow::Result<Report> {
    let measure = how.measure();
    let mut report = Report::default();
    for (setup, loads) in setups {
        anstream::eprintln!("{setup}");
        report.add(measure.run(*setup, *loads).await?);
    }
    Ok(report)
}
