//! The use-cases of administration against a real store.

mod acts;
mod bootstrapped;
mod files;
mod harness;
mod load;
