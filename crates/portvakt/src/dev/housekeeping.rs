//! What is done outside requests.

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::ports::{ChangeFeed, ReplayLedger};
use portvakt_http::Shutdown;
use portvakt_store_sqlite::SqliteStore;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::clock::DevClock;
use super::downloads::{Downloads, REFRESH_INTERVAL};
use super::trust::Trust;

const REMOVAL_INTERVAL: Duration = Duration::from_secs(30);
const REVOCATION_INTERVAL: Duration = Duration::from_secs(1);

/// Records of the change feed that are kept. Whoever is further behind forgets everything and
/// begins anew, which costs less than reading them.
const CHANGES_KEPT: u64 = 10_000;

/// Forgets used grants that can no longer be accepted, and changes that everybody knows, until
/// shutdown.
pub(super) async fn keep_small(store: Arc<SqliteStore>, clock: Arc<DevClock>, shutdown: Shutdown) {
    let mut ticks = every(REMOVAL_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        remove_once(&store, &clock).await;
        trim_once(&store).await;
    }
}

async fn trim_once(store: &SqliteStore) {
    match store.trim_changes(CHANGES_KEPT).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "old changes forgotten"),
        Err(error) => tracing::warn!(%error, "cannot forget old changes"),
    }
}

async fn remove_once(store: &SqliteStore, clock: &DevClock) {
    // A clock that is ahead may be put right, and then its past is the present again.
    match store.remove_expired(clock.earliest()).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "expired grants forgotten"),
        Err(error) => tracing::warn!(%error, "cannot forget expired grants"),
    }
}

/// Reads revocation lists again when their files change, until shutdown.
pub(super) async fn watch_revocations(trust: Arc<Trust>, shutdown: Shutdown) {
    let mut ticks = every(REVOCATION_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        if let Err(error) = trust.reload_if_changed() {
            tracing::warn!(
                error = format!("{error:#}"),
                "the revocation lists in use stay"
            );
        }
    }
}

/// Fetches revocation lists that are published, until shutdown. The first time was at the start.
pub(super) async fn fetch_revocations(downloads: Downloads, shutdown: Shutdown) {
    let mut ticks = every(REFRESH_INTERVAL);
    ticks.reset();
    while next(&mut ticks, &shutdown).await {
        tokio::select! {
            () = shutdown.wait() => return,
            () = downloads.refresh() => {}
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for the next tick; `false` once it is time to stop.
async fn next(ticks: &mut Interval, shutdown: &Shutdown) -> bool {
    tokio::select! {
        biased;
        () = shutdown.wait() => false,
        _ = ticks.tick() => true,
    }
}

#[cfg(test)]
mod tests {
    use portvakt_core::{Clock, SystemClock, Timestamp};

    use super::super::clock::{ClockChange, Motion};
    use super::*;

    #[tokio::test]
    async fn forgets_what_has_expired_by_both_clocks_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.db"))
            .await
            .unwrap();
        let (current, past) = ([1; 32], [2; 32]);
        let now = SystemClock.now();
        let soon = now.plus(Duration::from_mins(10));
        store.consume(current, soon).await.unwrap();
        store
            .consume(past, Timestamp::from_seconds(now.seconds() - 10))
            .await
            .unwrap();
        let clock = DevClock::default();
        for (seconds, past_is_kept) in [(-1000, true), (100_000, false)] {
            clock.reset();
            clock.change(ClockChange {
                motion: Some(Motion::By(seconds)),
                frozen: None,
            });
            remove_once(&store, &clock).await;
            assert!(store.is_consumed(current).await.unwrap(), "{seconds}");
            assert_eq!(store.is_consumed(past).await.unwrap(), past_is_kept);
        }
    }
}
