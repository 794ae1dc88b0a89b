//! The machine-to-machine surface over real HTTP, row by row of its specification.
//!
//! Above each test stands the row that it proves, as `/// <source> §<section>: <behavior>`, where the
//! source is one of seed, docs, code and inferred. `docs/fidelity.md` is generated from these lines
//! ([`fidelity`]), so a test without one fails the build of that document.

#[macro_use]
mod rows;

mod authorization_details;
mod cache;
mod certificates;
mod claims;
mod clock;
mod decision;
mod delegation;
mod errors_page;
mod faults;
mod fidelity;
mod header;
mod hostile;
mod keys;
mod lifetime;
mod metadata;
mod on_behalf_of;
mod quirks;
mod rates;
mod refusals;
mod replay;
mod request;
mod restriction;
mod skyporten;
mod supplier;
mod token;
mod wire;
mod worked_examples;
