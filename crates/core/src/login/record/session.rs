//! A browser's session at the provider.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AuthenticationEvent, InvalidId, PersonId, SessionId};
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::HandleDigest;

/// One browser's logins, all of one person (spec: idporten §16.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Stays while the cookie changes.
    pub id: SessionId,
    /// Of the cookie. Saving the session with another one makes the former worthless.
    pub cookie: HandleDigest,
    /// Whose it is: the subject of every event.
    pub person: PersonId,
    /// The first login.
    pub created_at: Timestamp,
    /// The last authentication request that was answered.
    pub last_request_at: Timestamp,
    /// First instant at which it is over, whichever limit ends it.
    pub expires_at: Timestamp,
    /// How many times it was saved; none before the first. One that was saved meanwhile by somebody
    /// else is not overwritten.
    pub version: u32,
    /// The login of each group.
    pub groups: BTreeMap<SsoGroup, AuthenticationEvent>,
    /// The clients to tell when it ends.
    pub clients: BTreeMap<ClientId, SessionClient>,
}

/// A client in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionClient {
    /// The first authorization.
    pub first_seen: Timestamp,
    /// The last one.
    pub last_seen: Timestamp,
}

/// Who shares a login within a session: `shared`, or `client:` and a client id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SsoGroup {
    /// Every client that is not isolated.
    Shared,
    /// One isolated client.
    Client(ClientId),
}

impl fmt::Display for SsoGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => formatter.write_str("shared"),
            Self::Client(client_id) => write!(formatter, "client:{client_id}"),
        }
    }
}

impl FromStr for SsoGroup {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "shared" => Ok(Self::Shared),
            Some(("client", id)) => id.parse().map(Self::Client).map_err(|_| InvalidId),
            None | Some(_) => Err(InvalidId),
        }
    }
}

impl Serialize for SsoGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SsoGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_keys_of_documents() {
        let client: ClientId = "eksempel".parse().unwrap();
        let groups = BTreeMap::from([(SsoGroup::Shared, 1), (SsoGroup::Client(client), 2)]);
        let json = serde_json::to_string(&groups).unwrap();
        assert_eq!(json, r#"{"shared":1,"client:eksempel":2}"#);
        let read: BTreeMap<SsoGroup, u32> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, groups);
        for text in ["", "Shared", "client:", "client", "other:eksempel"] {
            assert_eq!(text.parse::<SsoGroup>(), Err(InvalidId), "{text}");
        }
    }
}
