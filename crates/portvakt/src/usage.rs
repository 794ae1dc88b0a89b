//! Counts issued tokens beside the requests, and writes the counts down now and then.

use std::time::Duration;

use portvakt_core::usage::{Drained, Filling, Tally, UsageLog};
use portvakt_http::Shutdown;
use portvakt_maskinporten::{Decision, Observer};
use tokio::sync::Notify;
use tokio::time::sleep;

/// How long a count waits to be written; what a crash may take.
const INTERVAL: Duration = Duration::from_secs(1);

/// Counts in one transaction, which used grants wait for.
const BATCH: usize = 500;

/// Hears of every token.
#[derive(Debug, Default)]
pub(crate) struct UsageCounter {
    tally: Tally,
    crowded: Notify,
}

impl Observer for UsageCounter {
    fn decided(&self, decision: &Decision<'_>) {
        let Ok(token) = decision.result else { return };
        if self.tally.count(token, decision.at) == Filling::Crowded {
            self.crowded.notify_one();
        }
    }
}

impl UsageCounter {
    /// Writes what was counted, every second and earlier when there is much of it, until shutdown.
    /// Tokens are issued for a while after that: who stops the server flushes once more.
    pub(crate) async fn flush_until_shutdown(&self, log: &dyn UsageLog, shutdown: &Shutdown) {
        loop {
            tokio::select! {
                biased;
                () = shutdown.wait() => return,
                () = sleep(INTERVAL) => {}
                () = self.crowded.notified() => {}
            }
            if !self.flush(log).await {
                // A store that is at fault is not asked again at once, however much there is.
                tokio::select! {
                    () = shutdown.wait() => return,
                    () = sleep(INTERVAL) => {}
                }
            }
        }
    }

    /// Writes what was counted. What the store does not take waits for the next time.
    pub(crate) async fn flush(&self, log: &dyn UsageLog) -> bool {
        let Drained { usage, uncounted } = self.tally.drain();
        if uncounted > 0 {
            tracing::warn!(uncounted, "tokens were issued faster than they are counted");
        }
        let mut written = 0;
        for batch in usage.chunks(BATCH) {
            if let Err(error) = log.add_usage(batch).await {
                tracing::warn!(%error, "cannot write down who used which scope");
                break;
            }
            written += batch.len();
        }
        let is_done = written == usage.len();
        self.tally.put_back(usage.into_iter().skip(written));
        is_done
    }
}

#[cfg(test)]
mod tests;
