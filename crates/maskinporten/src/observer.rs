//! Whoever wants to hear of decisions: a list of the last requests, counters, an audit log.

use std::sync::Arc;

use portvakt_core::Timestamp;
use portvakt_core::grant::{Denied, IssuedToken};
use portvakt_core::issuer::Issuer;
use portvakt_http::RequestId;

/// One decision, as it is made known.
pub struct Decision<'a> {
    /// Names the request in logs and answers.
    pub request_id: RequestId,
    /// The issuer that was asked.
    pub issuer: &'a Issuer,
    /// When it was made.
    pub at: Timestamp,
    /// What came of it. An observer must not keep or show the token.
    pub result: &'a Result<IssuedToken, Denied>,
}

/// Hears of every decision before it is answered, so it must be quick and must not block.
pub trait Observer: Send + Sync {
    /// A decision was made.
    fn decided(&self, decision: &Decision<'_>);
}

/// Several listeners, each told in turn.
impl Observer for Vec<Arc<dyn Observer>> {
    fn decided(&self, decision: &Decision<'_>) {
        for observer in self {
            observer.decided(decision);
        }
    }
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn decided(&self, _: &Decision<'_>) {}
}
