//! Delegation sources, and the rows of the built-in register.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the operator says of a delegation source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DelegationSourceRequest {
    /// Required; copied byte for byte to tokens. It stays once a scope names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where its delegations are looked up: `local`, the built-in register, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
}

/// A delegation source as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorDelegationSourceResponse {
    /// Stable short name.
    pub name: String,
    /// What a scope's `delegation_source` holds, byte for byte.
    pub issuer: String,
    /// Where its delegations are looked up.
    pub adapter: String,
    /// No scope names a withdrawn source.
    pub active: bool,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}

/// A delegation as the operator describes it; the first four members identify it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DelegationRequest {
    /// Issuer of the source; absent means that of the scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation_source: Option<String>,
    /// Required; the scope that may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Required; who delegates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer_orgno: Option<String>,
    /// Required; who may act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier_orgno: Option<String>,
    /// RFC 3339; absent means always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// RFC 3339, not included; absent means for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
}

/// A delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DelegationResponse {
    /// Issuer of the source.
    pub delegation_source: String,
    /// Full name.
    pub scope: String,
    /// Nine digits.
    pub consumer_orgno: String,
    /// Nine digits.
    pub supplier_orgno: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub valid_from: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub valid_to: Option<String>,
    /// One that was ended counts for nothing.
    pub active: bool,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}
