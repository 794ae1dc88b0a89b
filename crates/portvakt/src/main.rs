//! The `portvakt` command: everything of Portvakt in one binary.
//!
//! Start reading at [`cli`], which is the map of the commands; each command is one file under
//! `commands`, and `dev` is the server for development.

mod audit_log;
mod backchannel;
mod cli;
mod commands;
mod config;
mod data_dir;
mod database;
mod demo;
mod dev;
mod eids;
mod following;
mod grant_args;
mod input;
mod key_expiry;
mod limits;
mod metrics;
mod operations;
mod output;
mod provisioning;
mod recorded;
mod refusals;
mod registry_files;
mod request_ids;
mod route_names;
mod serve;
mod server;
mod server_args;
mod signing;
mod telemetry;
mod traces;
mod upstream;
mod usage;
mod verification;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

/// It takes the place of the C library's allocator too, for what SQLite and AWS-LC allocate: a token
/// costs two signatures in a hundred less than with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = output::Output::new(cli.output);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&anyhow::Error::new(error).context("start the runtime")),
    };
    match runtime.block_on(commands::run(cli.command, &output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<output::Exit>() {
            Some(exit) => ExitCode::from(exit.0),
            None => output.fail(&error),
        },
    }
}
