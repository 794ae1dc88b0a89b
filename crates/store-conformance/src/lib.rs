//! The one suite that every store of Portvakt must pass, whatever database it stands on.
//!
//! A store's crate implements [`StoreFactory`] and calls [`conformance_tests!`] in a file of its
//! `tests/` folder; each behavior becomes one test there. A behavior takes a factory of its own,
//! so the tests run in parallel and in any order.
//!
//! Nothing here may know which database is behind the ports.

#![expect(
    clippy::missing_panics_doc,
    reason = "a behavior that does not hold panics"
)]

mod macros;
mod samples;

pub mod abandoned;
pub mod audit;
pub mod change_feed;
pub mod clients;
pub mod crash;
pub mod delegations;
pub mod facts;
pub mod gathered;
pub mod keyed_requests;
pub mod keys;
pub mod ledger;
pub mod login;
pub mod organizations;
pub mod parties;
pub mod races;
pub mod refusals;
pub mod scopes;
pub mod secrets;
pub mod signing_keys;
pub mod texts;
pub mod transactions;
pub mod usage;

use std::sync::Arc;

use portvakt_core::ports::{StorageError, Store};

/// What a behavior comes to: a fault of the store that it did not expect, or nothing. A behavior
/// that does not hold panics.
pub type Outcome = Result<(), StorageError>;

/// The place of one test: empty at first, gone when the factory is dropped.
pub trait StoreFactory: Send + Sync {
    /// Opens a store on the place. Every call gives another store on the same data, as another
    /// process would have it. Panics if there is none to be had.
    fn open(&self) -> impl Future<Output = Arc<dyn Store>> + Send;
}
