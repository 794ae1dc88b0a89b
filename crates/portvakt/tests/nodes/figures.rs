//! How much of everything, and what came of it.

use std::sync::LazyLock;
use std::time::Duration;

/// What differs between the short form and the long one.
pub(crate) struct Extent {
    /// How often something is killed.
    pub(crate) kills: usize,
    /// How often a database is restarted in good order.
    pub(crate) restarts: usize,
    /// How many grants are sent twice at once.
    pub(crate) doubles: usize,
    /// How long a node is stopped.
    pub(crate) pause: Duration,
    /// How often a right is withdrawn.
    pub(crate) withdrawals: usize,
    is_long: bool,
}

/// `PORTVAKT_SOAK` asks for the long form.
pub(crate) static EXTENT: LazyLock<Extent> = LazyLock::new(|| {
    if std::env::var_os("PORTVAKT_SOAK").is_some() {
        Extent {
            kills: 50,
            restarts: 10,
            doubles: 10_000,
            pause: Duration::from_secs(30),
            withdrawals: 50,
            is_long: true,
        }
    } else {
        Extent {
            kills: 3,
            restarts: 1,
            doubles: 300,
            pause: Duration::from_secs(6),
            withdrawals: 3,
            is_long: false,
        }
    }
});

/// A row of the table that the long form prints.
#[expect(clippy::print_stdout, reason = "it is what the long form is run for")]
pub(crate) fn report(fault: &str, figures: &str) {
    if EXTENT.is_long {
        println!("\n| {fault} | {figures} |");
    }
}

/// The median and the longest of some times, in milliseconds.
pub(crate) fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let longest = times.last().copied().unwrap_or_default();
    format!(
        "{} ms (median), {} ms (longest)",
        median.as_millis(),
        longest.as_millis()
    )
}
