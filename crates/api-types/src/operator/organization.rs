//! Organizations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the operator says of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OrganizationRequest {
    /// Required; shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Absent leaves a known organization as it is; a new one is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrganizationResponse {
    /// Nine digits.
    pub orgno: String,
    /// Empty when it is known by number only.
    pub name: String,
    /// The clients and the scopes of a deactivated one are refused.
    pub active: bool,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}
