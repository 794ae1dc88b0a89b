//! The self-service API over real HTTP (spec: selfservice).

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's scaffolding fails the test by panicking"
)]

mod audit;
mod bad_input;
mod clients;
mod concurrency;
mod examples;
mod explain;
mod harness;
mod keys;
mod model;
mod noise;
mod openapi;
mod registrations;
mod scopes;
mod story;
mod tokens;
mod transport;
mod who;
