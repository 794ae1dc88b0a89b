//! On-behalf-of registrations of a client (spec: selfservice §5.7).

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;

/// A customer that a client may name with a short value of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBehalfOf {
    /// The client that it belongs to.
    pub client_id: ClientId,
    /// The value that requests send; unique for the client and unchangeable.
    pub onbehalfof: String,
    /// Shown at login.
    pub name: String,
    /// The customer.
    pub orgno: OrgNumber,
    /// The customer's home page.
    pub client_uri: Option<String>,
    /// Text for people.
    pub description: Option<String>,
    /// A removed registration stays readable and counts for nothing.
    pub active: bool,
    /// When it was registered.
    pub created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
}
