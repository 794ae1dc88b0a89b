//! Access of organizations to scopes (spec: selfservice §7.1).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An access record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessResponse {
    /// Full name.
    pub scope: String,
    /// `REQUESTED`, `APPROVED` or `DENIED`; only `APPROVED` gives tokens.
    pub state: String,
    /// Always `null`; older clients expect the member.
    #[schema(required)]
    pub prefix: Option<String>,
    /// Nine digits.
    pub consumer_orgno: String,
    /// Nine digits.
    pub owner_orgno: String,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}
