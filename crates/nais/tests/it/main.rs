//! Black-box tests: the specification's vectors, the original pages' examples, refusals, and
//! properties of plans.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adoption;
mod faults;
mod plans;
mod properties;
mod seeds;
mod support;
mod vectors;
