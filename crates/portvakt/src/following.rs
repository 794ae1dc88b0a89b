//! Keeps the copies of the registry current: the part of it that needs a runtime.

use std::sync::Arc;

use portvakt_core::cache::{CacheSettings, CachedStore, Follower, follow};
use portvakt_core::moment::SystemStopwatch;
use portvakt_core::ports::{Revision, StorageError, Store};
use portvakt_http::Shutdown;

/// Puts a cache before the store, and looks at the store once, so that it can be decided on.
pub(crate) async fn cached(
    store: Arc<dyn Store>,
    settings: CacheSettings,
) -> Result<(Arc<CachedStore>, Follower), StorageError> {
    let stopwatch = Arc::new(SystemStopwatch::default());
    let store = Arc::new(CachedStore::new(store, stopwatch, settings));
    let mut follower = Follower::new(Arc::clone(&store));
    follower.look().await?;
    Ok((store, follower))
}

/// Follows the store until shutdown.
pub(crate) async fn follow_until(follower: Follower, shutdown: Shutdown) {
    let mut log = Log::default();
    tokio::select! {
        () = shutdown.wait() => {}
        () = follow(follower, tokio::time::sleep, |outcome| log.note(outcome)) => {}
    }
}

/// One line when the store is lost, and one when it is back.
#[derive(Default)]
struct Log {
    lost: bool,
}

impl Log {
    fn note(&mut self, outcome: Result<Revision, StorageError>) {
        match outcome {
            Ok(Revision(revision)) if self.lost => {
                tracing::info!(revision, "the registry is followed again");
                self.lost = false;
            }
            Err(error) if !self.lost => {
                tracing::warn!(%error, "the registry cannot be followed");
                self.lost = true;
            }
            Ok(_) | Err(_) => {}
        }
    }
}
