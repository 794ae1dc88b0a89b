//! Who did it.

use serde::{Deserialize, Serialize};

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::redaction::redacted;

/// One act as the audit log tells it: whose it was, when, and which request asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// When; also the time of the records that the act changes.
    pub at: Timestamp,
    /// The request that asked for it, if it came over HTTP.
    pub request_id: Option<String>,
}

/// Who changed something. Absent members are left out of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The way in.
    pub channel: Channel,
    /// The client whose access token was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The organization that the act was done for: the token's consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrgNumber>,
    /// The supplier that did it for that organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<OrgNumber>,
    /// The account of the operating system, as the environment tells it: a hint, not a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A pseudonym of a logged-in person; never a national identity number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

impl Actor {
    /// Somebody of whom only the way in is known.
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            client_id: None,
            organization: None,
            supplier: None,
            user: None,
            person: None,
        }
    }

    /// The actor as the log may keep it.
    pub(super) fn redacted(mut self) -> Self {
        self.user = self.user.map(|user| redacted(&user));
        self.person = self.person.map(|person| redacted(&person));
        self
    }
}

/// The way in that an act came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// An operator's command on the store itself.
    CommandLine,
    /// The self-service API.
    Selfservice,
    /// The operator's API.
    OperatorApi,
    /// The portal.
    Portal,
    /// The token endpoint, where requests are refused.
    TokenEndpoint,
    /// The login surface, where requests of clients and browsers are refused.
    Login,
    /// The companion APIs of the login surface, where people's data are told and changed.
    CompanionApi,
    /// The server of its own accord: what every registry has, sample records, key rotation.
    Server,
}

impl Channel {
    /// The name that the log has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command_line",
            Self::Selfservice => "selfservice",
            Self::OperatorApi => "operator_api",
            Self::Portal => "portal",
            Self::TokenEndpoint => "token_endpoint",
            Self::Login => "login",
            Self::CompanionApi => "companion_api",
            Self::Server => "server",
        }
    }
}
