//! The audit log, as an organization sees its own part of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Some entries, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPartResponse {
    /// The entries; there may be none although there are more.
    pub entries: Vec<AuditPartEntryResponse>,
    /// Ask for `after` this number to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub next: Option<u64>,
}

/// One change or refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPartEntryResponse {
    /// The entry's number in the whole log.
    pub sequence: u64,
    /// RFC 3339.
    pub at: String,
    /// Who: `channel`, and, of the caller's own, `client_id`, `organization`, `supplier`.
    #[schema(value_type = Object)]
    pub actor: Value,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// Kind and change: `scope.create`, `token.refuse`.
    pub operation: String,
    /// What it is about.
    pub object: AuditPartObjectResponse,
    /// Whom it concerns, as far as the caller may know.
    pub organizations: Vec<String>,
    /// The record as it was; `null` if it is new.
    #[schema(value_type = Option<Object>, required)]
    pub before: Option<Value>,
    /// The record as it became, or what was refused.
    #[schema(value_type = Option<Object>, required)]
    pub after: Option<Value>,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditPartObjectResponse {
    /// The kind of record.
    pub kind: String,
    /// Its key; `(hidden)` where it is another organization's.
    pub key: String,
}
