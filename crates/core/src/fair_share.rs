//! How much of a server one client, and one organization, may use.

use std::time::Duration;

use crate::client::ClientId;
use crate::organization::OrgNumber;

/// The shares of clients and organizations.
pub trait FairShare: Send + Sync {
    /// Counts a request against the shares of a client and of its organization. It is asked only about
    /// who has proved to be this client, before anything is done that costs a write: anybody can name a
    /// client, and must not be able to use up its share.
    fn take(&self, client_id: &ClientId, organization: OrgNumber) -> Result<(), Exhausted>;
}

/// A share is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// When the next request is granted.
    pub retry_after: Duration,
}
