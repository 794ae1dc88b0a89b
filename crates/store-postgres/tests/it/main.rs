//! The store on private servers: what every store must do, and what only this one can meet.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;
mod faults;
mod logins;
mod opening;
mod outage;
mod place;
mod queries;
mod transfer;
