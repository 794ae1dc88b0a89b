//! System users and consents: what `authorization_details` of a grant refers to
//! (spec: maskinporten §10.4, §10.5).

use serde_json::Value;

use crate::client::ClientId;
use crate::organization::OrgNumber;

/// A customer's system user, tied to one client of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemUser {
    /// Its id (a UUID), which tokens carry.
    pub id: String,
    /// The vendor's registered system.
    pub system_id: String,
    /// The one client that may use it.
    pub client_id: ClientId,
    /// The customer that owns it.
    pub owner_orgno: OrgNumber,
    /// Picks one of several; the owner's number when none was chosen.
    pub external_ref: String,
    /// A removed system user stays readable and counts for nothing.
    pub active: bool,
}

/// A consent that a person or organization gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its id (a UUID).
    pub id: String,
    /// URN of the person or organization that gave it.
    pub from: String,
    /// The organization that it was given to.
    pub to_orgno: OrgNumber,
    /// When it was given, RFC 3339.
    pub consented: String,
    /// When it ends, RFC 3339; compared with the clock.
    pub valid_to: String,
    /// What it permits: an array of rights, copied to the token.
    pub consent_rights: Value,
    /// A withdrawn consent stays readable and counts for nothing.
    pub active: bool,
}
