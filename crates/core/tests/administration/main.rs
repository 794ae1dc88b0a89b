//! The use-cases of administration against a real store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bootstrapped;
mod clients;
mod delegations;
mod files;
mod harness;
mod keys;
mod load;
mod operating;
mod operators;
mod owners;
mod properties;
mod secrets;
