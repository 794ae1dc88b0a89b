//! Portvakt's storage ports on PostgreSQL (15 and later): the store of any number of nodes.
//!
//! Every node opens the same database and none of them is special: one row's lock makes writers
//! take turns, the primary key of used grants decides who came first, and a commit is reported
//! only when the server has it on its disk (`synchronous_commit`).
//!
//! What must hold of this crate: no rule of the domain lives here, no SQL is built from values,
//! every query is checked against `migrations/` when it is compiled (through the descriptions in
//! `.sqlx`), and what engines that are compatible with PostgreSQL may lack (`NOTIFY`, advisory
//! locks, some settings) has something in its place.
//!
//! Start reading at [`PostgresStore`], then `unit.rs` (transactions) and `ledger.rs` (used grants).

mod audit;
mod changes;
mod client_keys;
mod client_secrets;
mod clients;
mod columns;
mod contacts;
mod delegations;
mod facts;
mod fault;
mod hints;
mod identity_matches;
mod key_ends;
mod keyed_requests;
mod ledger;
mod logins;
mod lookups;
mod migrations;
mod on_behalf_of;
mod organizations;
mod parties;
mod refusals;
mod registers;
mod scopes;
mod session;
mod settings;
mod signing_keys;
mod store;
mod transfer;
mod unit;
mod usage;

pub use self::settings::PostgresSettings;
pub use self::store::PostgresStore;
pub use self::transfer::{PostgresSnapshot, PostgresTarget};
pub use self::unit::CHANNEL;
