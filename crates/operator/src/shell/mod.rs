//! Carrying passes out: the cluster and the issuer around [`crate::pass`].
//!
//! [`Operator::pass`] makes one pass over one resource. [`run`] makes them whenever a resource, or its Secret,
//! changes, and when time has come to look again.

mod carrying_out;
mod cluster;
mod connect;
mod controller;
mod error;
mod events;
mod facts;
mod keeper;
mod kind;
mod pass;

pub use self::connect::{ConnectError, connect};
pub use self::controller::run;
pub use self::error::PassError;
pub use self::kind::ClientResource;
pub use self::pass::{Operator, Passed};
