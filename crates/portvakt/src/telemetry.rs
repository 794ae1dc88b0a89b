//! Log lines on standard error. Only `main`'s commands install this.
//!
//! A line that cannot be written, as on a full disk, is lost, and nothing else: to tell of it on
//! standard error would panic in whatever was being done.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSection};

/// Writes log lines from now on. `PORTVAKT_LOG`, or else `RUST_LOG`, says which; without them it is
/// `default_filter`. Colors appear on a terminal only, and never with `NO_COLOR`.
pub(crate) fn install(default_filter: &str) -> anyhow::Result<()> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter(default_filter)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !no_color)
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| anyhow::anyhow!("start logging: {error}"))?;
    hide_panic_messages();
    Ok(())
}

/// Writes log lines as a configuration says, unless the environment says which.
pub(crate) fn install_for(log: &LogSection) -> anyhow::Result<()> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(&log.filter)?)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .log_internal_errors(false);
    let started = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("start logging: {error}"))?;
    hide_panic_messages();
    Ok(())
}

fn filter(default: &str) -> anyhow::Result<EnvFilter> {
    let named = ["PORTVAKT_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
    let filter = named.as_deref().unwrap_or(default);
    EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("read the log filter {filter:?}: {error}"))
}

/// A panic's message may quote what was being worked on, so only its place is told.
fn hide_panic_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a task panicked");
    }));
}
