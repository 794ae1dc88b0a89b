//! The catalogue page by page, so that its size costs no memory: every page shows one revision of
//! the registry.
//!
//! A transaction stays open while the client keeps up, and for a short time at most; few clients
//! at once may have one. Without it each page is read in a transaction of its own, as long as the
//! registry stands at the same revision. So whoever reads slowly, or stops, holds nothing of the
//! store that others wait for; if the registry changes meanwhile, its answer breaks off, which
//! HTTP shows as an incomplete body.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream::unfold;
use portvakt_core::ports::{Revision, StorageError, Store, UnitOfWork};
use portvakt_core::scope::{Scope, ScopeName};
use tokio::sync::mpsc::{self, Permit, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::catalogue::Selection;
use super::view;
use crate::call::Call;
use crate::reply;

/// Scopes of one page.
const PAGE: u32 = 200;

/// Transactions that stay open while clients read; the store has more connections than that.
const SNAPSHOTS: usize = 2;

/// How long such a transaction may stay open.
const SNAPSHOT_LIFETIME: Duration = Duration::from_secs(1);

/// How long a client may take to read everything.
const READING_TIME: Duration = Duration::from_mins(10);

/// The permits of a surface.
pub(crate) fn permits() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(SNAPSHOTS))
}

/// Why an answer breaks off after its beginning was sent.
#[derive(Debug)]
enum Broken {
    Storage(StorageError),
    /// The registry changed, and no transaction shows its former state.
    Changed,
    /// The client read too slowly.
    Late,
}

impl From<StorageError> for Broken {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// A transaction that shows the revision that is told of.
type Unit = Box<dyn UnitOfWork>;

/// Reads a selection of the scopes of one revision.
pub(super) struct Pages {
    store: Arc<dyn Store>,
    selection: Selection,
    revision: Revision,
    /// The transaction, with the permit to keep it after the first page.
    unit: Option<(Unit, Option<OwnedSemaphorePermit>)>,
    held_until: Instant,
    /// The name of the last scope that was read.
    after: Option<ScopeName>,
    is_at_end: bool,
    json: JsonArray,
}

impl Pages {
    /// The scopes that this transaction shows.
    pub(super) fn new(call: &Call, unit: Unit, selection: Selection) -> Self {
        let permit = call.snapshots().try_acquire_owned().ok();
        Self {
            store: call.store(),
            selection,
            revision: unit.revision(),
            unit: Some((unit, permit)),
            held_until: Instant::now() + SNAPSHOT_LIFETIME,
            after: None,
            is_at_end: false,
            json: JsonArray::default(),
        }
    }

    /// The body: as a whole if it is one page, and otherwise as it is read.
    pub(super) async fn into_body(mut self) -> Result<Body, StorageError> {
        let first = match self.read().await {
            Ok(first) => first,
            Err(Broken::Storage(error)) => return Err(error),
            // The transaction is the one that told the revision.
            Err(Broken::Changed | Broken::Late) => {
                return Err(StorageError::Unavailable("the registry changed".to_owned()));
            }
        };
        if self.is_at_end {
            return Ok(Body::from(first));
        }
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(self.send(first, sender));
        Ok(Body::from_stream(unfold(receiver, async |mut receiver| {
            Some((receiver.recv().await?, receiver))
        })))
    }

    /// Sends every page until the client has gone.
    async fn send(mut self, first: Bytes, sender: Sender<Result<Bytes, std::io::Error>>) {
        let deadline = Instant::now() + READING_TIME;
        let mut chunk = Ok(first);
        loop {
            let Ok(room) = timeout_at(deadline, self.room(&sender)).await else {
                return give_up(&Broken::Late);
            };
            let Some(room) = room else { return };
            match chunk {
                Ok(bytes) => room.send(Ok(bytes)),
                Err(broken) => {
                    give_up(&broken);
                    return room.send(Err(std::io::ErrorKind::Interrupted.into()));
                }
            }
            if self.is_at_end {
                return;
            }
            chunk = self.read().await;
        }
    }

    /// Waits until the client takes more, without the transaction when that lasts.
    async fn room<'s, T>(&mut self, sender: &'s Sender<T>) -> Option<Permit<'s, T>> {
        if self.unit.is_some() {
            match timeout_at(self.held_until, sender.reserve()).await {
                Ok(room) => return room.ok(),
                Err(_) => self.unit = None,
            }
        }
        sender.reserve().await.ok()
    }

    /// The next page as JSON; after the last one the array is closed.
    async fn read(&mut self) -> Result<Bytes, Broken> {
        let (mut unit, permit) = self.unit().await?;
        let (owner, listing) = (self.selection.owner(), self.selection.listing);
        let page = unit.list_scopes_after(owner, listing, self.after.as_ref(), PAGE);
        let page = page.await?;
        if permit.is_some() && Instant::now() < self.held_until {
            self.unit = Some((unit, permit));
        }
        self.is_at_end = page.len() < PAGE as usize;
        self.after = page.last().map(|scope| scope.name.clone());
        let admitted = page
            .into_iter()
            .filter(|scope| self.selection.admits(scope));
        for scope in admitted {
            self.json.push(scope);
        }
        Ok(self.json.take(self.is_at_end))
    }

    async fn unit(&mut self) -> Result<(Unit, Option<OwnedSemaphorePermit>), Broken> {
        if let Some(held) = self.unit.take() {
            return Ok(held);
        }
        let unit = self.store.read().await?;
        if unit.revision() == self.revision {
            Ok((unit, None))
        } else {
            Err(Broken::Changed)
        }
    }
}

/// The answer has begun, so its end has to tell the client.
fn give_up(broken: &Broken) {
    match broken {
        Broken::Storage(error) => tracing::error!(%error, "the catalogue breaks off"),
        Broken::Changed => tracing::info!("the registry changed under a slow reader"),
        Broken::Late => tracing::info!("a reader of the catalogue is too slow"),
    }
}

/// An array that is written piece by piece.
#[derive(Default)]
struct JsonArray {
    text: Vec<u8>,
    has_elements: bool,
    is_begun: bool,
}

impl JsonArray {
    fn push(&mut self, scope: Scope) {
        self.begin();
        if self.has_elements {
            self.text.push(b',');
        }
        self.has_elements = true;
        self.text.extend(reply::bytes(&view::scope(scope)));
    }

    /// What is new, and with the last of it the end.
    fn take(&mut self, is_last: bool) -> Bytes {
        self.begin();
        if is_last {
            self.text.push(b']');
        }
        std::mem::take(&mut self.text).into()
    }

    fn begin(&mut self) {
        if !self.is_begun {
            self.text.push(b'[');
        }
        self.is_begun = true;
    }
}
