//! The use-cases of administration against a real store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acts;
mod bootstrapped;
mod files;
mod harness;
mod load;
