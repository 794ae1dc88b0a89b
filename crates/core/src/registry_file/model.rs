//! The entries of a registry file. Absent members are `None`; what that means is for applying.

mod client;
mod contact;
mod scope;

use portvakt_jose::JwkSet;
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use self::client::{ClientEntry, OnBehalfOfEntry};
pub use self::contact::{ContactEntry, ReservationEntry};
pub use self::scope::{AccessEntry, ScopeEntry};

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::person::{EidasIdentifier, Pid};
use crate::scope::{Prefix, ScopeName};
use portvakt_yaml::Place;

/// An entry with the place where it stands.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// Where.
    pub place: Place,
    /// What.
    pub entry: T,
}

impl<T: Serialize> Serialize for Located<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entry.serialize(serializer)
    }
}

impl<T> From<T> for Located<T> {
    fn from(entry: T) -> Self {
        Self {
            place: Place::default(),
            entry,
        }
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationEntry {
    /// Its number.
    pub orgno: OrgNumber,
    /// Its name; without one it is known by number only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its prefixes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<PrefixEntry>,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A prefix: its name, or `{prefix, active}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixEntry {
    /// The prefix.
    pub prefix: Prefix,
    /// False for a prefix that was withdrawn.
    pub active: bool,
}

impl Serialize for PrefixEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Withdrawn<'p> {
            prefix: &'p Prefix,
            active: bool,
        }
        if self.active {
            return self.prefix.serialize(serializer);
        }
        Withdrawn {
            prefix: &self.prefix,
            active: false,
        }
        .serialize(serializer)
    }
}

/// A client's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeysEntry {
    /// Nothing is said; the client keeps what it has.
    #[default]
    Unstated,
    /// These and no others; an empty set removes them.
    Set(JwkSet),
    /// Those in this file, which [`super::RegistryFile::load_keys`] reads.
    File(String),
}

/// A test person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonEntry {
    /// National identity number.
    pub pid: Pid,
    /// Shown in test logins.
    pub name: String,
    /// How they are reached; absent leaves it as it is.
    pub krr: Option<ContactEntry>,
}

/// Whom somebody with a foreign eID is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityMatchEntry {
    /// Their eIDAS identifier.
    pub identifier: EidasIdentifier,
    /// Their national identity number.
    pub pid: Pid,
    /// Whether it is active; absent leaves it as it is.
    pub active: Option<bool>,
}

impl Serialize for IdentityMatchEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'m> {
            identifier: &'m str,
            pid: &'m str,
            #[serde(skip_serializing_if = "Option::is_none")]
            active: Option<bool>,
        }
        Shown {
            identifier: self.identifier.expose(),
            pid: self.pid.expose(),
            active: self.active,
        }
        .serialize(serializer)
    }
}

impl Serialize for PersonEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'p> {
            pid: &'p str,
            name: &'p str,
            #[serde(skip_serializing_if = "Option::is_none")]
            krr: Option<&'p ContactEntry>,
        }
        Shown {
            pid: self.pid.expose(),
            name: &self.name,
            krr: self.krr.as_ref(),
        }
        .serialize(serializer)
    }
}

/// A delegation source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DelegationSourceEntry {
    /// Stable short name.
    pub name: String,
    /// Byte for byte.
    pub issuer: String,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DelegationEntry {
    /// Issuer of the source.
    pub delegation_source: String,
    /// The scope.
    pub scope: ScopeName,
    /// Who delegates.
    pub consumer_orgno: OrgNumber,
    /// Who may act.
    pub supplier_orgno: OrgNumber,
    /// First instant at which it holds.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant")]
    pub valid_from: Option<Timestamp>,
    /// First instant at which it no longer holds.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant")]
    pub valid_to: Option<Timestamp>,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

#[expect(
    clippy::ref_option,
    reason = "serde calls it with a reference to the field"
)]
fn instant<S: Serializer>(instant: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match instant {
        Some(instant) => serializer.collect_str(instant),
        None => serializer.serialize_none(),
    }
}

/// A system user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SystemUserEntry {
    /// Its id.
    pub id: String,
    /// The vendor's registered system.
    pub system_id: String,
    /// The one client that may use it.
    pub client_id: ClientId,
    /// The customer.
    pub owner_orgno: OrgNumber,
    /// Picks one of several; absent means the owner's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_ref: Option<String>,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsentEntry {
    /// Its id.
    pub id: String,
    /// URN of whoever gave it.
    pub from: String,
    /// The organization that it was given to.
    pub to_orgno: OrgNumber,
    /// When it was given, RFC 3339.
    pub consented: String,
    /// When it ends, RFC 3339.
    pub valid_to: String,
    /// What it permits.
    pub consent_rights: Value,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}
