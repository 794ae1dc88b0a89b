//! The mutating admission webhook: an HTTPS server that the API server asks about every Pod that is made, and
//! that answers with what [`crate::injection`] says (spec: nais §8).
//!
//! - [`certificates`] is what it proves itself with: made here, kept in a Secret, trusted by way of the webhook's
//!   configuration, and replaced before it expires.
//! - `review` answers one question; `directory` looks up what there is for a Pod.
//! - [`configuration`] is how the API server is told to ask.
//! - [`Webhook`] is the listener around it all.
//!
//! Every replica of the operator serves, whether it leads or not.

pub mod certificates;
pub mod configuration;

mod directory;
mod review;
mod server;

pub use self::server::{Webhook, WebhookError, router};
