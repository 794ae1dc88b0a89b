//! Explanations of refused grants.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What is asked: a grant, or the request id of a refusal.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ExplainRequest {
    /// The grant. With a `request_id` it only proves who asks: the client that signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion: Option<String>,
    /// The request id of a refusal of the last 24 hours; the `trace_id` of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Decide as of this instant, at most 24 hours from now: RFC 3339. Only for whoever proves to
    /// be the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// What may be seen of a decision about a grant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExplanationResponse {
    /// What was proved and showed something: `client`, `owner`, both or none.
    pub proof: Vec<String>,
    /// The request, when it was one that was refused before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// The server's clock when it decided, RFC 3339.
    pub decided_at: String,
    /// The issuer that decided.
    pub issuer: String,
    /// `issued` or `refused`.
    pub outcome: String,
    /// What the token endpoint says; absent when a token would be issued.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Object, nullable = false)]
    pub refusal: Option<Value>,
    /// The client's side: `iss` of the grant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// The client's side: the scopes that the grant asks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub scopes: Option<Vec<String>>,
    /// The client's side: `consumer_org` of the grant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub consumer_org: Option<String>,
    /// The client's side: every check in order, with what was compared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Vec<Object>, nullable = false)]
    pub checks: Option<Vec<Value>>,
    /// The scope owner's side: its scopes, and access and delegation of who asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Object, nullable = false)]
    pub owner: Option<Value>,
}
