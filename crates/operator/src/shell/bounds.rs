//! What an operator takes of the API server's time, and gives it of its own.

use std::time::Duration;

use kube::runtime::watcher;

/// How long an operator waits for the API server, and how much it asks for at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The API server ends a watch after this, and whoever hears nothing for a little longer asks again: a
    /// connection that died in silence is found out. Whole seconds.
    pub watch: Duration,
    /// Whatever a pass has not done by then, the next one does.
    pub pass: Duration,
    /// Objects of one answer where all are listed.
    pub page: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            watch: Duration::from_mins(1),
            pass: Duration::from_mins(10),
            page: 200,
        }
    }
}

impl Bounds {
    /// What every watch of an operator begins with.
    pub(crate) fn watched(&self) -> watcher::Config {
        let seconds = u32::try_from(self.watch.as_secs()).unwrap_or(u32::MAX);
        watcher::Config::default().timeout(seconds)
    }
}
