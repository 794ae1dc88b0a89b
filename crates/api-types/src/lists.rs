//! The open lists (spec: selfservice §8).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A delegation source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DelegationSourceResponse {
    /// Stable short name.
    pub name: String,
    /// What a scope's `delegation_source` holds, byte for byte.
    pub issuer: String,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}

/// A prefix and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrefixResponse {
    /// The prefix, without colon.
    pub prefix: String,
    /// Nine digits.
    pub owner_orgno: String,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}
