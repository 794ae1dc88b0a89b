//! Prefixes and whose they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A prefix as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrefixAssignmentResponse {
    /// The prefix, without colon.
    pub prefix: String,
    /// Nine digits.
    pub owner_orgno: String,
    /// A withdrawn prefix gets no new scopes.
    pub active: bool,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}

/// Where a prefix goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PrefixTransferRequest {
    /// Required; the organization that gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether the scopes that its present owner has below it go with it; absent means no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<bool>,
}

/// A prefix in its new hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrefixTransferResponse {
    /// The assignment as it now is.
    #[serde(flatten)]
    pub assignment: PrefixAssignmentResponse,
    /// The scopes that moved, in order of name.
    pub scopes: Vec<String>,
}
