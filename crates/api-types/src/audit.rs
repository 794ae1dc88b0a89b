//! The audit log, as an organization sees its own part of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::AuditEntryResponse;

/// Some entries, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPartResponse {
    /// The entries; there may be none although there are more.
    pub entries: Vec<AuditEntryResponse>,
    /// Ask for `after` this number to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub next: Option<u64>,
}
