//! Portvakt's storage ports on SQLite: the default store of one node.
//!
//! One file holds everything but used grants, which are in another beside it. The server and the
//! command line open them at the same time, each as a process of its own; SQLite keeps their writes
//! apart and a committed one is seen by both at once. Every commit reaches the disk before it is
//! reported (WAL with `synchronous=FULL`).
//!
//! What must hold of this crate: no rule of the domain lives here, no SQL is built from values,
//! every query is checked against `migrations/` when it is compiled, and a port's contract never
//! rests on something that only SQLite can do.
//!
//! Start reading at [`SqliteStore`], then `unit.rs` (transactions) and `ledger/mod.rs` (used grants).

mod audit;
mod changes;
mod client_keys;
mod client_secrets;
mod clients;
mod columns;
mod connections;
mod contacts;
mod delegations;
mod facts;
mod fault;
mod file;
mod identity_matches;
mod key_ends;
mod keyed_requests;
mod ledger;
mod logins;
mod lookups;
mod on_behalf_of;
mod organizations;
mod parties;
mod refusals;
mod registers;
mod scopes;
mod signing_keys;
mod store;
mod transfer;
mod unit;
mod usage;

pub use self::store::SqliteStore;
pub use self::transfer::{SqliteSnapshot, SqliteSource, SqliteTarget};
