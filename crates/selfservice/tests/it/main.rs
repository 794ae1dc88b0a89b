//! The self-service API over real HTTP (spec: selfservice).

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's scaffolding fails the test by panicking"
)]

mod addresses;
mod audit;
mod bad_input;
mod catalogue;
mod changes;
mod clients;
mod concurrency;
mod examples;
mod explain;
mod harness;
mod idempotency;
mod keys;
mod model;
mod noise;
mod openapi;
mod operator;
mod operator_audit;
mod operator_bodies;
mod operator_clients;
mod operator_delegation;
mod operator_harness;
mod operator_secrets;
mod operator_who;
mod rates;
mod registrations;
mod scopes;
mod secrets;
mod story;
mod tokens;
mod transport;
mod usage;
mod who;
