//! Warns of clients' keys that expire: figures every hour, and a line a day for each key in the log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portvakt_core::client::expiry::{KeyEnd, KeyEnds, Nearness, WARNING_DAYS, nearness_of};
use portvakt_core::ports::{StorageError, Store, UnitOfWork};
use portvakt_core::usage::Day;
use portvakt_core::{Clock, Timestamp};
use portvakt_http::Shutdown;
use tokio::time::{MissedTickBehavior, interval};

/// How often keys are counted.
const INTERVAL: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Days after its end for which a key that was not replaced is still named.
const DAYS_AFTER: u32 = 30;
/// Keys that are named a day, the first to end before the others; all of them are counted.
const MOST_NAMED: u32 = 1000;

/// How the keys of all clients stand to their ends, as last counted. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyEndFigures(Arc<Mutex<Option<KeyEnds>>>);

impl KeyEndFigures {
    /// The last count; none before the first.
    pub(crate) fn counted(&self) -> Option<KeyEnds> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, ends: KeyEnds) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ends);
    }
}

/// Whoever warns.
pub(crate) struct KeyExpiryWatch {
    /// Where the keys are.
    pub(crate) store: Arc<dyn Store>,
    /// The present.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the counts are told.
    pub(crate) figures: KeyEndFigures,
}

impl KeyExpiryWatch {
    /// Counts every hour and names keys once a day, until shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut named_on = None;
        loop {
            tokio::select! {
                biased;
                () = shutdown.wait() => return,
                _ = ticks.tick() => {}
            }
            let now = self.clock.now();
            let today = Day::of(now);
            match self.look(now, named_on != Some(today)).await {
                Ok(()) => named_on = Some(today),
                Err(error) => tracing::warn!(%error, "cannot look for keys that expire"),
            }
        }
    }

    async fn look(&self, now: Timestamp, in_log: bool) -> Result<(), StorageError> {
        let mut unit = self.store.read().await?;
        let ends = KeyEnds::count(unit.as_mut(), now).await?;
        let named = if in_log {
            named(unit.as_mut(), now).await?
        } else {
            Vec::new()
        };
        drop(unit);
        self.figures.set(ends);
        for key in &named {
            warn(key, now);
        }
        let expiring = ends.within.iter().sum::<u64>();
        if in_log && expiring + ends.expired > 0 {
            let (expired, without) = (ends.expired, ends.clients_without_usable_key);
            tracing::warn!(
                expiring,
                expired,
                clients_without_usable_key = without,
                "keys of clients expire: their organizations should post new ones"
            );
        }
        Ok(())
    }
}

async fn named(unit: &mut dyn UnitOfWork, now: Timestamp) -> Result<Vec<KeyEnd>, StorageError> {
    let first = now.minus(DAY * DAYS_AFTER);
    let last = now.plus(DAY * WARNING_DAYS[0]);
    unit.list_key_ends(first, last, MOST_NAMED).await
}

fn warn(key: &KeyEnd, now: Timestamp) {
    let within_days = match nearness_of(key.expires_at, now) {
        Some(Nearness::Within(days)) => days,
        Some(Nearness::Expired) => 0,
        None => return,
    };
    tracing::warn!(
        client_id = %key.client_id,
        organization = %key.client_orgno,
        kid = key.kid,
        expires_at = %key.expires_at,
        within_days,
        "a client's key expires, or has"
    );
}

#[cfg(test)]
mod tests;
