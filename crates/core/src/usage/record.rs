//! What is counted, and what is asked about the counts.

use super::day::Day;
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::scope::ScopeName;

/// What tokens are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey {
    /// One of the token's scopes.
    pub scope: ScopeName,
    /// When it was issued.
    pub day: Day,
    /// `consumer` of the token.
    pub consumer: OrgNumber,
    /// `supplier` of the token, if it has one.
    pub supplier: Option<OrgNumber>,
    /// Whose access to the scope it rests on: the consumer's or the supplier's.
    pub accessing: OrgNumber,
    /// The client that it was issued to.
    pub client_id: ClientId,
}

/// Tokens that were issued with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What they have in common.
    pub key: UsageKey,
    /// How many. A token with several scopes counts for each of them.
    pub tokens: u64,
    /// When the last was issued.
    pub last_used: Timestamp,
}

/// How a scope was used in a span of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeUsage {
    /// By day, in order; days without tokens are left out.
    pub days: Vec<DayTotal>,
    /// By organization, in order of number.
    pub consumers: Vec<ConsumerTotal>,
}

/// Tokens of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTotal {
    /// The day.
    pub day: Day,
    /// How many.
    pub tokens: u64,
}

/// Tokens of one consumer, by itself or through one supplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerTotal {
    /// For whom.
    pub consumer: OrgNumber,
    /// Through whom, if by another organization.
    pub supplier: Option<OrgNumber>,
    /// Whose access they rest on.
    pub accessing: OrgNumber,
    /// How many clients they were issued to. Which ones is for their owner to know.
    pub clients: u64,
    /// How many.
    pub tokens: u64,
    /// When the last was issued.
    pub last_used: Timestamp,
}

/// Tokens of one client with one scope on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDay {
    /// The scope.
    pub scope: ScopeName,
    /// The day.
    pub day: Day,
    /// How many.
    pub tokens: u64,
    /// When the last was issued.
    pub last_used: Timestamp,
}

/// Tokens of one client with one scope in a span of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTotal {
    /// The client.
    pub client_id: ClientId,
    /// The scope.
    pub scope: ScopeName,
    /// How many.
    pub tokens: u64,
    /// When the last was issued.
    pub last_used: Timestamp,
}
