//! The client against servers that answer as they should, and as they should not.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

mod api;
mod discovery;
mod hostile;
mod network;
mod scripted;
mod tokens;
