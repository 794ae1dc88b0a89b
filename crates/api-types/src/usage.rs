//! Who used which scope, and when last. An extension: nothing national answers this.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a scope was used, for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScopeUsageResponse {
    /// Full name.
    pub scope: String,
    /// The first day, UTC.
    pub from: String,
    /// The last day, UTC; it is part of the span.
    pub to: String,
    /// Tokens with this scope that were issued from the first to the last day.
    pub tokens: u64,
    /// When the last of them was issued, RFC 3339; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub last_used: Option<String>,
    /// By day, in order; days without tokens are left out.
    pub days: Vec<DayUsage>,
    /// By organization; an organization stands once for itself and once for each supplier.
    pub consumers: Vec<ConsumerUsage>,
}

/// Tokens of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayUsage {
    /// The day, UTC.
    pub day: String,
    /// How many tokens.
    pub tokens: u64,
}

/// Tokens for one organization, by itself or through one supplier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsumerUsage {
    /// For whom they were issued; nine digits.
    pub consumer_orgno: String,
    /// Through whom; nine digits. Absent when the consumer's own client fetched them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub supplier_orgno: Option<String>,
    /// Whose access they rest on: withdrawing it stops them. Nine digits.
    pub accessing_orgno: String,
    /// How many clients fetched them. Which ones is for their owner to know.
    pub clients: u64,
    /// How many tokens.
    pub tokens: u64,
    /// When the last was issued, RFC 3339.
    pub last_used: String,
}

/// What a client used, for its organization and its supplier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientUsageResponse {
    /// The client.
    pub client_id: String,
    /// The first day, UTC.
    pub from: String,
    /// The last day, UTC; it is part of the span.
    pub to: String,
    /// When it last fetched a token, RFC 3339; absent when it fetched none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub last_used: Option<String>,
    /// The scopes of its tokens.
    pub scopes: Vec<ClientScopeUsage>,
}

/// A client's tokens with one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientScopeUsage {
    /// Full name.
    pub scope: String,
    /// How many tokens; one with several scopes counts for each.
    pub tokens: u64,
    /// When the last was issued, RFC 3339.
    pub last_used: String,
    /// By day, in order; days without tokens are left out. Absent where clients are listed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub days: Option<Vec<DayUsage>>,
}
