//! What gets into the audit log, what does not, and what verification says of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;
mod paging;
mod recording;
mod verification;
