//! A client's keys (spec: selfservice §5.6.1).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A client's key set. Each key has its public members and always `exp`, in seconds; a key that
/// was removed has `"active": false` too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwksResponse {
    /// The keys, in a form that can be posted back.
    pub keys: Vec<Value>,
    /// When the client first got keys, RFC 3339; absent without keys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created: Option<String>,
    /// When the set was last replaced, RFC 3339; absent without keys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_updated: Option<String>,
}
