//! Reading one's own writes: every write says at which revision it is effective, and whoever reads
//! next may ask for a state that is at least as new.
//!
//! Waiting is bounded here and carried out by the shell, so that nothing in the core sleeps.

use std::time::Duration;

use crate::ports::{Revision, StorageError, Store};

/// How long the store is given between one look and the next: about two seconds together. A
/// revision that a node of the same deployment has told is there long before.
const PAUSES: [Duration; 9] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(60),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(600),
    Duration::from_millis(600),
];

/// Why a read does not tell of the revision that it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The revision may come later, or never.
    #[error("revision {wanted} is not reached yet: this is revision {present}")]
    NotReached {
        /// What was asked for.
        wanted: u64,
        /// What there is.
        present: u64,
    },
    /// The store failed meanwhile.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Returns as soon as reads of the store tell of `wanted` or a later revision, and gives up after
/// about two seconds. `pause` sleeps.
pub async fn wait_for(
    store: &dyn Store,
    wanted: Revision,
    pause: impl AsyncFn(Duration),
) -> Result<Revision, WaitError> {
    let mut present = store.revision().await?;
    for duration in PAUSES {
        if present >= wanted {
            break;
        }
        pause(duration).await;
        present = store.revision().await?;
    }
    if present >= wanted {
        Ok(present)
    } else {
        Err(WaitError::NotReached {
            wanted: wanted.0,
            present: present.0,
        })
    }
}
