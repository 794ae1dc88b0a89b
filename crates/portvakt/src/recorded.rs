//! Units of work of this program, whose changes are in the audit log.

use portvakt_core::Timestamp;
use portvakt_core::audit::{Act, Actor, Channel, Recorded};
use portvakt_core::ports::{StorageError, Store, UnitOfWork};

/// Begins a unit of work of the server's own accord.
pub(crate) async fn begin_as_server(
    store: &dyn Store,
    now: Timestamp,
) -> Result<Box<dyn UnitOfWork>, StorageError> {
    begin(store, Actor::new(Channel::Server), now).await
}

/// In whose name something is done, and for which request, if it was one.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    /// Who.
    pub(crate) actor: Actor,
    /// Names the request.
    pub(crate) request_id: Option<String>,
}

impl From<Actor> for Author {
    fn from(actor: Actor) -> Self {
        Self {
            actor,
            request_id: None,
        }
    }
}

/// Begins a unit of work in somebody's name.
pub(crate) async fn begin(
    store: &dyn Store,
    author: impl Into<Author>,
    now: Timestamp,
) -> Result<Box<dyn UnitOfWork>, StorageError> {
    let Author { actor, request_id } = author.into();
    let act = Act {
        actor,
        at: now,
        request_id,
    };
    Recorded::begin(store, act).await
}
