//! Plans carried out against the real self-service API and token endpoint, over HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

mod applying;
mod drift;
mod effective;
mod harness;
mod lists;
mod memory;
mod properties;
