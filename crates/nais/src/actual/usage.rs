//! How much something is used, to say what a change would stop.

use serde::{Deserialize, Serialize};

/// Tokens that clients fetched in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Length of the period.
    pub period_days: u32,
    /// One entry for each client and scope with at least one token.
    pub clients: Vec<ClientUsage>,
}

/// Tokens that one client fetched with one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientUsage {
    /// Full name of the scope.
    pub scope: String,
    /// The organization that the tokens were for.
    pub consumer_orgno: String,
    /// The client.
    pub client_id: String,
    /// How many.
    pub tokens: u64,
    /// When the last was fetched, in seconds since 1970.
    pub last_at: i64,
}
