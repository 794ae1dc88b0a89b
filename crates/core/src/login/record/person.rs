//! People who have logged in, and who they are.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::PersonId;
use crate::clock::Timestamp;
use crate::person::{EidasIdentifier, EmailAddress, Pid};

/// A person, made at their first login (spec: idporten §18.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPerson {
    /// What everything else names them by.
    pub id: PersonId,
    /// Who they are.
    pub identity: Identity,
    /// Whether they may log in.
    pub state: PersonState,
    /// The first login.
    pub created_at: Timestamp,
    /// The person that they were before their number changed, if that is known.
    pub previous: Option<PersonId>,
    /// Their logins, by eID.
    pub logins: BTreeMap<String, LoginSpan>,
}

/// By what a person is known to the outside. This is the only record that holds it. `Debug` shows its
/// kind alone.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// A national identity number.
    Pid(Pid),
    /// A foreign identity.
    Eidas(EidasIdentifier),
    /// An address of e-mail.
    Email(EmailAddress),
}

impl Identity {
    /// Which kind it is.
    pub fn kind(&self) -> IdentityKind {
        match self {
            Self::Pid(_) => IdentityKind::Pid,
            Self::Eidas(_) => IdentityKind::Eidas,
            Self::Email(_) => IdentityKind::Email,
        }
    }

    /// The identifier, for claims and the store and nothing else.
    pub fn expose(&self) -> &str {
        match self {
            Self::Pid(pid) => pid.expose(),
            Self::Eidas(identifier) => identifier.expose(),
            Self::Email(address) => address.expose(),
        }
    }

    /// The national identity number, if they are known by that.
    pub fn pid(&self) -> Option<&Pid> {
        match self {
            Self::Pid(pid) => Some(pid),
            Self::Eidas(_) | Self::Email(_) => None,
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}(hidden)", self.kind())
    }
}

/// Kinds of identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// National identity number.
    Pid,
    /// eIDAS identifier.
    Eidas,
    /// Address of e-mail.
    Email,
}

/// Whether a person may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonState {
    /// They may.
    Active,
    /// They may not.
    Blocked {
        /// Why, in the operator's code.
        code: String,
    },
}

/// Logins with one eID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginSpan {
    /// The first.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::PidCheck;

    #[test]
    fn debug_hides_who_it_is() {
        let pid = Pid::parse("17869010057", PidCheck::LengthOnly).unwrap();
        let eidas = Identity::Eidas(EidasIdentifier::parse("EE/NO/47101010033").unwrap());
        let shown = format!("{:?} {eidas:?}", Identity::Pid(pid));
        assert_eq!(shown, "Pid(hidden) Eidas(hidden)");
    }
}
