//! Logins that were completed, for the person to look at (spec: companion-apis §3, §4).

use super::{AuthorizationId, PersonId};
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::Acr;
use crate::organization::OrgNumber;

/// The method of a login that reused a session.
pub const FEDERATED: &str = "Federated";

/// One completed authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// What came of it.
    pub authorization: AuthorizationId,
    /// Who logged in.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub client_id: ClientId,
    /// The organization of the service: the client's, or the one that it acts for.
    pub orgno: OrgNumber,
    /// Display name of the service.
    pub service: String,
    /// The method, or [`FEDERATED`].
    pub eid: String,
    /// The level.
    pub acr: Acr,
}
