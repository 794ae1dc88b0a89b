//! The audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Some entries of the log, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPageResponse {
    /// Perhaps none, although more follow.
    pub entries: Vec<AuditEntryResponse>,
    /// What to ask for next; absent at the end of the log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub next_cursor: Option<String>,
}

/// One change or refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntryResponse {
    /// 1 for the first entry, then without gaps.
    pub sequence: u64,
    /// RFC 3339.
    pub at: String,
    /// Who.
    pub actor: AuditActorResponse,
    /// The request that asked for it: the `correlation_id` of its answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// Kind and change: `scope.create`, `access.withdraw`, `token.refuse`.
    pub operation: String,
    /// What it is about.
    pub object: AuditObjectResponse,
    /// Whom it concerns, as far as the caller may know.
    pub organizations: Vec<String>,
    /// The record as it was; `null` if it is new.
    #[schema(required)]
    pub before: Option<Value>,
    /// The record as it became, or what was refused; `null` if it is gone.
    #[schema(required)]
    pub after: Option<Value>,
}

/// Who changed something, or was refused; of others than the caller no more than it may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditActorResponse {
    /// `command_line`, `selfservice`, `operator_api`, `portal`, `token_endpoint`, `login`, `companion_api` or `server`.
    pub channel: String,
    /// The client whose access token was presented.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// The organization that it was done for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub organization: Option<String>,
    /// The supplier that did it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub supplier: Option<String>,
    /// The account of the operating system: a hint, not a proof.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub user: Option<String>,
    /// A pseudonym of a person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub person: Option<String>,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditObjectResponse {
    /// The kind of record.
    pub kind: String,
    /// Its key; `(hidden)` where it is another organization's.
    pub key: String,
}
