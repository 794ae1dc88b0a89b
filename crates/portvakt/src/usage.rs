//! Counts issued tokens beside the requests, and writes the counts down now and then.

use std::future::ready;
use std::time::Duration;

use portvakt_core::usage::{Drained, Filling, Tally, UsageLog};
use portvakt_http::Shutdown;
use portvakt_maskinporten::{Decision, Observer};
use tokio::sync::Notify;
use tokio::time::sleep;

/// How long a count waits to be written, which is what a crash may take: the longer, the more there
/// are, because one that waits may be counted up once more, and each that is written takes time from
/// requests.
const INTERVAL: Duration = Duration::from_secs(1);
const INTERVAL_FOR_EACH: Duration = Duration::from_millis(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);

/// Counts in one transaction, which others that write to the registry wait for.
const BATCH: usize = 200;

/// Batches are written so far apart that requests get their turn in between, however many there are
/// within this time.
const LONGEST_PAUSE: Duration = Duration::from_millis(25);
const SPREAD: Duration = Duration::from_secs(2);

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
    /// Writes what was counted, every few seconds and earlier when there is little or too much of it,
    /// until shutdown. Tokens are issued for a while after that: who stops the server flushes once more.
    pub(crate) async fn flush_until_shutdown(&self, log: &dyn UsageLog, shutdown: &Shutdown) {
        let mut interval = INTERVAL;
        // Nobody who stops the server waits for its pauses.
        let pause = |time| async move {
            tokio::select! {
                () = shutdown.wait() => {}
                () = sleep(time) => {}
            }
        };
        loop {
            tokio::select! {
                biased;
                () = shutdown.wait() => return,
                () = sleep(interval) => {}
                () = self.crowded.notified() => {}
            }
            if let Some(written) = self.write(log, pause).await {
                interval = interval_after(written);
            } else {
                // A store that is at fault is not asked again at once, however much there is.
                pause(INTERVAL).await;
            }
        }
    }

    /// Writes what was counted, without a pause, and says how many counts that were. What the store does
    /// not take waits for the next time.
    pub(crate) async fn flush(&self, log: &dyn UsageLog) -> Option<usize> {
        self.write(log, |_| ready(())).await
    }

    async fn write<F: Future<Output = ()>>(
        &self,
        log: &dyn UsageLog,
        pause: impl Fn(Duration) -> F,
    ) -> Option<usize> {
        let Drained {
            mut usage,
            uncounted,
        } = self.tally.drain();
        if uncounted > 0 {
            tracing::warn!(uncounted, "tokens were issued faster than they are counted");
        }
        // As the store has them, so that each batch is to be found in one place there, and not all over.
        usage.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        let batches = usage.chunks(BATCH);
        let apart = pause_between(batches.len());
        let mut written = 0;
        for batch in batches {
            if written > 0 {
                pause(apart).await;
            }
            if let Err(error) = log.add_usage(batch).await {
                tracing::warn!(%error, "cannot write down who used which scope");
                break;
            }
            written += batch.len();
        }
        let is_done = written == usage.len();
        self.tally.put_back(usage.into_iter().skip(written));
        is_done.then_some(written)
    }
}

/// How far so many batches are apart.
fn pause_between(batches: usize) -> Duration {
    let batches = u32::try_from(batches).unwrap_or(u32::MAX).max(1);
    (SPREAD / batches).min(LONGEST_PAUSE)
}

/// How long the next counts wait after so many.
fn interval_after(written: usize) -> Duration {
    let written = u32::try_from(written).unwrap_or(u32::MAX);
    INTERVAL_FOR_EACH
        .saturating_mul(written)
        .clamp(INTERVAL, LONGEST_INTERVAL)
}

#[cfg(test)]
mod tests;
