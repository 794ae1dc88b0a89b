//! How many notices there may be at once: in all, and of one client, so that a client whose server
//! does not answer delays its own notices alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portvakt_core::client::ClientId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Most notices that wait or are being sent.
const PLACES: u32 = 4096;
/// Those of one client.
const PLACES_OF_CLIENT: usize = 512;
/// Most that are being sent.
const TURNS: usize = 64;
/// Those of one client.
const TURNS_OF_CLIENT: usize = 8;

/// The places. A clone shares them.
#[derive(Clone)]
pub(super) struct Places(Arc<Inner>);

struct Inner {
    places: Arc<Semaphore>,
    turns: Semaphore,
    /// Clients that have a notice here; the others have no entry.
    clients: Mutex<HashMap<ClientId, Share>>,
}

struct Share {
    taken: usize,
    turns: Arc<Semaphore>,
}

/// A place of one notice. It is free again when this is dropped.
pub(super) struct Place {
    inner: Arc<Inner>,
    client_id: ClientId,
    turns: Arc<Semaphore>,
    _of_all: OwnedSemaphorePermit,
}

/// The right to send.
pub(super) struct Turn<'p> {
    _of_client: Option<SemaphorePermit<'p>>,
    _of_all: Option<SemaphorePermit<'p>>,
}

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Inner {
            // A platform of 16 bits has no server of ours.
            places: Arc::new(Semaphore::new(PLACES as usize)),
            turns: Semaphore::new(TURNS),
            clients: Mutex::default(),
        }))
    }
}

impl Places {
    /// A place for a notice of this client; none if too many are taken.
    pub(super) fn take(&self, client_id: &ClientId) -> Option<Place> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        let mut clients = self.0.clients();
        let share = clients.entry(client_id.clone()).or_insert_with(|| Share {
            taken: 0,
            turns: Arc::new(Semaphore::new(TURNS_OF_CLIENT)),
        });
        if share.taken == PLACES_OF_CLIENT {
            return None;
        }
        share.taken += 1;
        Some(Place {
            inner: Arc::clone(&self.0),
            client_id: client_id.clone(),
            turns: Arc::clone(&share.turns),
            _of_all: place,
        })
    }

    /// Waits until no place is taken.
    pub(super) async fn emptied(&self) {
        // The semaphore is never closed.
        let _ = self.0.places.acquire_many(PLACES).await;
    }
}

impl Place {
    /// Waits until it is this notice's turn: first within its client, so that no turn of all is held
    /// by one that waits.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // Neither semaphore is ever closed.
        Turn {
            _of_client: self.turns.acquire().await.ok(),
            _of_all: self.inner.turns.acquire().await.ok(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut clients = self.inner.clients();
        if let Some(share) = clients.get_mut(&self.client_id) {
            share.taken -= 1;
            if share.taken == 0 {
                clients.remove(&self.client_id);
            }
        }
    }
}

impl Inner {
    fn clients(&self) -> MutexGuard<'_, HashMap<ClientId, Share>> {
        // Nothing panics while it is held, and the counts are right at every step.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn client(id: &str) -> ClientId {
        id.parse().unwrap()
    }

    #[test]
    fn one_client_takes_its_share_of_places_and_no_more() {
        let places = Places::default();
        let taken: Vec<_> = std::iter::from_fn(|| places.take(&client("a"))).collect();
        assert_eq!(taken.len(), PLACES_OF_CLIENT);
        assert!(places.take(&client("b")).is_some());
        drop(taken);
        assert!(places.take(&client("a")).is_some());
        assert!(
            places.0.clients().is_empty(),
            "who has no notice is forgotten"
        );
    }

    #[test]
    fn all_clients_together_take_all_places_and_no_more() {
        let places = Places::default();
        let taken = (0..=PLACES).map_while(|number| places.take(&client(&number.to_string())));
        let taken: Vec<_> = taken.collect();
        assert_eq!(taken.len(), PLACES as usize);
        assert!(places.emptied().now_or_never().is_none());
        drop(taken);
        assert!(places.emptied().now_or_never().is_some());
    }

    #[test]
    fn a_client_whose_server_hangs_leaves_turns_to_others() {
        let places = Places::default();
        let slow: Vec<_> = (0..100).filter_map(|_| places.take(&client("a"))).collect();
        let turns: Vec<_> = slow
            .iter()
            .filter_map(|place| place.turn().now_or_never())
            .collect();
        assert_eq!(turns.len(), TURNS_OF_CLIENT);
        let other = places.take(&client("b")).unwrap();
        assert!(other.turn().now_or_never().is_some());
    }
}
