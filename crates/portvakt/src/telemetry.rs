//! Log lines on standard error. Only `main`'s commands install this.
//!
//! A line that cannot be written, as on a full disk, is lost, and nothing else: to tell of it on
//! standard error would panic in whatever was being done.

use std::io::IsTerminal;

use portvakt_core::spans;
use tracing_subscriber::filter::{LevelFilter, dynamic_filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{LogFormat, LogSection};
use crate::traces::{SpanLayer, is_traced};

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

/// Writes log lines as a configuration says, unless the environment says which; and lets `listener` hear
/// of the spans of requests. Without one nobody does, and none is made.
pub(crate) fn install_for(log: &LogSection, listener: Option<SpanLayer>) -> anyhow::Result<()> {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .log_internal_errors(false);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    let filter = filter(&log.filter)?;
    let started = match listener {
        None => tracing_subscriber::registry()
            .with(lines)
            .with(filter)
            .try_init(),
        Some(listener) => {
            let traced = dynamic_filter_fn(is_traced).with_max_level_hint(LevelFilter::INFO);
            let lines = lines.with_filter(filter);
            let registry = tracing_subscriber::registry().with(lines);
            registry.with(listener.with_filter(traced)).try_init()
        }
    };
    started.map_err(|error| anyhow::anyhow!("start logging: {error}"))?;
    hide_panic_messages();
    Ok(())
}

fn filter(default: &str) -> anyhow::Result<EnvFilter> {
    let named = ["PORTVAKT_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
    parse(named.as_deref().unwrap_or(default))
}

fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("read the log filter {filter:?}: {error}"))?;
    // Spans are for traces; lines say by themselves what they are about.
    Ok(filter.add_directive(format!("{}=off", spans::TARGET).parse()?))
}

/// A panic's message may quote what was being worked on, so only its place is told.
fn hide_panic_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a task panicked");
    }));
}

#[cfg(test)]
mod tests {
    use tracing::{info_span, subscriber::with_default, trace};

    use super::*;

    /// Whatever lines are asked for, a request pays nothing for spans that nobody traces.
    #[test]
    fn no_filter_of_lines_makes_spans() {
        for text in ["trace", "warn,portvakt=trace", "spans=trace"] {
            let lines = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
            let log = tracing_subscriber::registry().with(lines);
            with_default(log.with(parse(text).unwrap()), || {
                assert!(
                    info_span!(target: spans::TARGET, "x").is_disabled(),
                    "{text}"
                );
                trace!("lines are still written");
            });
        }
    }
}
