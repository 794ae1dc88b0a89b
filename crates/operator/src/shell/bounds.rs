//! What an operator takes of the API server's time, and gives it of its own.

use std::time::Duration;

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
