//! Copies of the registry in memory, so that a token in the steady state reads nothing from the
//! store.
//!
//! [`CachedStore`] stands before a store and answers [`GrantRegistry`](crate::ports::GrantRegistry)
//! from memory where it can. Three things keep it honest:
//!
//! - A [`Follower`] reads the store's change feed several times a second, drops what changed, and
//!   confirms that nothing else did. What is written through the `CachedStore` itself is dropped
//!   before the commit is acknowledged.
//! - Every entry knows the revision that it was read at. A read that began before a change and ends
//!   after it is not kept.
//! - Without a confirmation for five seconds nothing is decided. That is seen when a decision
//!   begins and again when it ends, never by a timer, so a process that was stopped notices before
//!   it answers.
//!
//! Memory is bounded in bytes, and names that strangers make up are never kept. There is no clock,
//! no task and no socket here. Start reading at `registry.rs`, then `shard.rs` and `follower.rs`.

mod failures;
mod follower;
mod freshness;
mod gather;
mod gathered;
mod key;
mod reading;
mod registry;
mod settings;
mod shard;
mod store;
mod table;
mod unit;
mod value;

#[cfg(test)]
mod tests;

pub use self::follower::{Follower, follow};
pub use self::settings::{CacheCounters, CacheSettings, Followed, StoreErrors};
pub use self::store::CachedStore;
