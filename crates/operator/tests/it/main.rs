//! Passes in a world of plain data: an issuer, a namespace and a clock, without any of them.

#![expect(clippy::unwrap_used, reason = "tests")]

mod disputes;
mod documentation;
mod effect;
mod fixtures;
mod footprints;
mod injection;
mod interruptions;
mod keys;
mod ownership;
mod passes;
mod preview;
mod triage;
mod vectors;
mod webhook;
mod workload;
mod world;
