//! Clients with what only the operator sets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ClientRequest, ClientResponse, JwksRequest};

/// A client as the operator describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OperatorClientRequest {
    /// What organizations say of their clients too. `client_id` may be chosen for a new client, and
    /// `client_orgno` is required for it.
    #[serde(flatten)]
    pub client: ClientRequest,
    /// Absent leaves a known client as it is; a new one is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Lets its organization change it although it has an operator-only scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_managed: Option<bool>,
    /// The one algorithm of its grants and keys, if not RS256, RS384 or RS512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// The first keys of a new client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JwksRequest>,
}

/// A client as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorClientResponse {
    /// What its organization sees too.
    #[serde(flatten)]
    pub client: ClientResponse,
    /// The one algorithm of its grants and keys, if not one of the national three.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub token_endpoint_auth_signing_alg: Option<String>,
}
