//! Several production servers on one database, as processes, and everything that may happen to
//! them: none of it loses what was acknowledged, accepts a grant twice, or decides on what is old.
//!
//! In its long form (`make soak`) everything happens more often, and figures are printed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the tests of one server use the rest")]
#[path = "../logins/mod.rs"]
mod people;

mod bad_network;
mod cluster;
mod database_crashes;
mod figures;
mod full_disk;
mod identity;
mod load;
mod logins;
mod node_crashes;
mod paused;
mod records;
mod replay;
mod starting;
mod wire;
mod withdrawal;
