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

/// Begins a unit of work in somebody's name.
pub(crate) async fn begin(
    store: &dyn Store,
    actor: Actor,
    now: Timestamp,
) -> Result<Box<dyn UnitOfWork>, StorageError> {
    let act = Act {
        actor,
        at: now,
        request_id: None,
    };
    Recorded::begin(store, act).await
}
