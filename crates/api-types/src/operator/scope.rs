//! Scopes with what only the operator sets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ScopeResponse;

/// New values of the operator's attributes; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ScopeAmendmentRequest {
    /// `PUBLIC`, `PRIVATE` or `INTERNAL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// Without effect on tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// Holders of European seals may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supports_european_businesses: Option<bool>,
    /// Only the operator can put it on a client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_only: Option<bool>,
    /// Its tokens carry `consumer_prefix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emit_consumer_prefix: Option<bool>,
    /// The organization that gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_orgno: Option<String>,
    /// A deactivated scope gives no tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A scope as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorScopeResponse {
    /// What its owner sees too.
    #[serde(flatten)]
    pub scope: ScopeResponse,
    /// Only the operator can put it on a client.
    pub operator_only: bool,
    /// Its tokens carry `consumer_prefix`.
    pub emit_consumer_prefix: bool,
}
