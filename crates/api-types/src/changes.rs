//! What changed of an organization's records after a revision.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What changed, as far as it concerns the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangesResponse {
    /// Ask for what changed `since` this revision to go on.
    pub revision: u64,
    /// `complete`: up to the present. `partial`: more follows; ask again at once. `gap`: the server does not
    /// know what changed, so anything may have.
    pub extent: String,
    /// Each record once; none for a gap.
    pub changes: Vec<ChangeResponse>,
}

/// A record that was made or changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct ChangeResponse {
    /// `client` (the client, its keys or its secrets), `scope` or `access`.
    pub kind: String,
    /// The client's id; the scope's full name; for access the scope, a space, and the consumer's number.
    pub key: String,
}
