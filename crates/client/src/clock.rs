//! What time it is, as far as grants are concerned.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Tells the time in whole seconds since 1970. A clone is the same clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// This machine's.
    pub fn system() -> Self {
        Self::shifted(0)
    }

    /// This machine's, so many seconds later: a development server's clock may have been moved.
    pub fn shifted(seconds: i64) -> Self {
        Self::new(move || system_seconds().saturating_add(seconds))
    }

    /// Any other.
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    pub fn now(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that others take as an argument"
)]
fn system_seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| {
        i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
    })
}
