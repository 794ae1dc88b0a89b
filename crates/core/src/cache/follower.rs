//! Following the change feed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::store::CachedStore;
use crate::ports::{ChangeFeed, Changes, Extent, Revision, StorageError};

/// How long the follower rests between two looks, when no hint wakes it.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long one look may take. What hangs is given up and asked anew, so that two attempts and the
/// rests between them fit into a second (design, invariant 3).
const ATTEMPT: Duration = Duration::from_millis(350);

/// Records that one answer may have. More at once cost less to forget all together.
const LIMIT: u32 = 4096;

/// What keeps a [`CachedStore`] current. There is one for each.
pub struct Follower {
    store: Arc<CachedStore>,
    /// The revision that the cache follows from; none before the first look.
    since: Option<Revision>,
}

impl Follower {
    /// Follows the feed of the store within.
    pub fn new(store: Arc<CachedStore>) -> Self {
        Self { store, since: None }
    }

    /// Drops what changed since the last look and confirms that the rest is current. When it fails,
    /// or is given up half way, what was confirmed before stays confirmed until it is too old.
    pub async fn look(&mut self) -> Result<Revision, StorageError> {
        loop {
            // What the answer tells is true of some moment after this one.
            let asked_at = self.store.now();
            let changes = self.ask().await?;
            self.store.apply(&changes);
            self.since = Some(changes.revision);
            if changes.extent != Extent::Partial {
                self.store.confirm(changes.revision, asked_at);
                return Ok(changes.revision);
            }
        }
    }

    async fn ask(&self) -> Result<Changes, StorageError> {
        let inner = &self.store.inner;
        match self.since {
            Some(since) => inner.changes_since(since, LIMIT).await,
            None => inner.revision().await.map(Changes::gap),
        }
    }
}

/// Looks again and again, and never returns. `pause` sleeps; `report` hears of every look.
pub async fn follow(
    mut follower: Follower,
    pause: impl AsyncFn(Duration),
    mut report: impl FnMut(Result<Revision, StorageError>),
) {
    let store = Arc::clone(&follower.store);
    loop {
        report(look_in_time(&mut follower, &pause).await);
        select(pin!(store.changed()), pin!(pause(INTERVAL))).await;
    }
}

async fn look_in_time(
    follower: &mut Follower,
    pause: &impl AsyncFn(Duration),
) -> Result<Revision, StorageError> {
    match select(pin!(follower.look()), pin!(pause(ATTEMPT))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(((), _)) => Err(StorageError::Unavailable(
            "the change feed does not answer".to_owned(),
        )),
    }
}
