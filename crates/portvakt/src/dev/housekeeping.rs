//! What is done outside requests.

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::ports::ReplayLedger;
use portvakt_http::Shutdown;
use portvakt_store_sqlite::SqliteStore;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::clock::DevClock;
use super::trust::Trust;

const REMOVAL_INTERVAL: Duration = Duration::from_secs(30);
const REVOCATION_INTERVAL: Duration = Duration::from_secs(1);

/// Forgets used grants that can no longer be accepted, until shutdown.
pub(super) async fn remove_expired(
    store: Arc<SqliteStore>,
    clock: Arc<DevClock>,
    shutdown: Shutdown,
) {
    let mut ticks = every(REMOVAL_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        // A clock that is ahead may be put right, and then its past is the present again.
        match store.remove_expired(clock.earliest()).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "expired grants forgotten"),
            Err(error) => tracing::warn!(%error, "cannot forget expired grants"),
        }
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
