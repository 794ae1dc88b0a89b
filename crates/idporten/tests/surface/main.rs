//! The surface over real HTTP, on a real store, followed by browsers and clients.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

mod attacks;
mod audit;
mod certification;
mod checklist;
mod companion;
mod documentation;
mod dpop;
mod dpop_attacks;
mod eidas;
mod email;
mod flow;
mod freshness;
mod harness;
mod headers;
mod hostile;
mod introspection;
mod logout;
mod markup;
mod metadata;
mod refusals;
mod rows;
mod scopes;
mod sessions;
mod tokens;
mod upstream;
mod wire;
mod withdrawal;
