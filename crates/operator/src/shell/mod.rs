//! Carrying passes out: the cluster and the issuer around [`crate::pass`].
//!
//! A [`Candidate`] sees to it that one operator acts at a time. [`Figures`] say what it does.
//! [`Operator::pass`] makes one pass over one resource. [`run`] makes them whenever a resource, or its Secret,
//! changes, when [`follow`] has noticed that somebody else changed what it is about, and when time has come to
//! look again.

mod bounds;
mod carrying_out;
mod cluster;
mod concerns;
mod connect;
mod controller;
mod error;
mod events;
mod facts;
mod figures;
mod following;
mod keeper;
mod kind;
mod leadership;
mod pace;
mod pass;
mod progress;
mod survey;

pub(crate) use self::events::{REPEATED, Teller};

pub use self::bounds::Bounds;
pub use self::connect::{Client, ConnectError, client, connect, namespaces};
pub use self::controller::run;
pub use self::error::PassError;
pub use self::figures::Figures;
pub use self::following::{Following, follow};
pub use self::kind::ClientResource;
pub use self::leadership::{Candidate, LEASE, Lead, Terms};
pub use self::pass::{Operator, Passed};
