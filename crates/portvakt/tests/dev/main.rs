//! `portvakt dev` as a developer meets it: the built binary as a process, over HTTP and files.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

mod certificates;
mod clock;
mod documentation;
mod explain;
mod faults;
mod guard;
mod harness;
mod keys;
mod lifecycle;
mod logins;
mod logout;
mod relying_party;
mod replay;
mod requests;
mod secrets;
mod tokens;
mod usage;
mod withdrawal;
