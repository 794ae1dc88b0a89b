//! Access: an organization's right to a scope (spec: selfservice §7).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::scope::ScopeName;

/// What the owner of a scope said about one organization. Access belongs to organizations, never
/// to clients; it is never deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The scope.
    pub scope: ScopeName,
    /// The organization that has, had or asked for access.
    pub consumer_orgno: OrgNumber,
    /// Only [`AccessState::Approved`] counts when a token is asked for.
    pub state: AccessState,
    /// When it was first granted.
    pub created: Timestamp,
    /// When its state last changed.
    pub last_updated: Timestamp,
}

/// State of an access record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AccessState {
    /// Asked for, not answered.
    Requested,
    /// Granted.
    Approved,
    /// Withdrawn or refused.
    Denied,
}
