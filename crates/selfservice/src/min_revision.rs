//! `Portvakt-Min-Revision`: the caller reads what it, or somebody else, has written.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use portvakt_core::ports::{Revision, Store};
use portvakt_core::revision::{WaitError, wait_for};
use portvakt_http::min_revision;
use tokio::sync::Semaphore;

use crate::problem::{Object, Problem};

/// The part of the requests under way that may wait: strangers can ask for revisions that never
/// come, and must not hold the places of everybody else.
const SHARE: usize = 4;

/// The permits of a surface that works on so many requests at once.
pub(crate) fn permits(max_requests: usize) -> Semaphore {
    Semaphore::new(max_requests.div_ceil(SHARE).min(Semaphore::MAX_PERMITS))
}

/// Waits until the store tells of the revision that the request asks for, if it asks for one. While
/// too many wait, others are answered at once by what there is.
pub(crate) async fn wait(
    store: &dyn Store,
    permits: &Semaphore,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let wanted = min_revision(headers).map_err(|error| {
        let message = error.to_string();
        Problem::new(StatusCode::BAD_REQUEST, Object::Request, &message)
    })?;
    let Some(wanted) = wanted else {
        return Ok(());
    };
    match reach(store, permits, Revision(wanted), tokio::time::sleep).await {
        Ok(_) => Ok(()),
        Err(WaitError::Storage(error)) => Err(Problem::storage(&error)),
        Err(error @ WaitError::NotReached { .. }) => Err(Problem::too_early(&error.to_string())),
    }
}

async fn reach(
    store: &dyn Store,
    permits: &Semaphore,
    wanted: Revision,
    pause: impl AsyncFn(Duration),
) -> Result<Revision, WaitError> {
    match permits.try_acquire() {
        Ok(_permit) => wait_for(store, wanted, pause).await,
        Err(_) => wait_for(store, wanted, async |_| ()).await,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use portvakt_store_sqlite::SqliteStore;

    use super::*;

    #[tokio::test]
    async fn who_asks_for_what_never_comes_waits_only_while_few_do() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("registry.db")).await;
        let store = store.unwrap();
        let permits = permits(SHARE);
        let pauses = Cell::new(0);
        let ask = || {
            reach(&store, &permits, Revision(u64::MAX), async |_| {
                pauses.set(pauses.get() + 1);
            })
        };
        let waiting = permits.try_acquire().unwrap();
        assert!(matches!(ask().await, Err(WaitError::NotReached { .. })));
        assert_eq!(pauses.get(), 0, "another waits already");
        drop(waiting);
        assert!(matches!(ask().await, Err(WaitError::NotReached { .. })));
        assert!(pauses.get() > 0);
    }
}
