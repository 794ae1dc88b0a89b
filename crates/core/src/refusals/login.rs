//! A refusal of the login surface or a companion API, as it is kept.

use serde_json::json;

use super::gate::Origin;
use super::record::{RefusalRecord, entry, organizations_of, proven_actor};
use super::remembered::RequestId;
use crate::audit::{Actor, AuditEntry, Channel, ObjectKind};
use crate::clock::Timestamp;
use crate::login::provider::Denied;

/// A refused request of the login surface or of a companion API.
#[derive(Clone, Copy)]
pub struct LoginSurfaceRefusal<'a> {
    /// The request.
    pub request_id: &'a RequestId,
    /// When.
    pub at: Timestamp,
    /// Which of the two refused it.
    pub part: LoginSurfacePart,
    /// The address with the names of its parts for their values: nothing that somebody sent.
    pub endpoint: &'a str,
    /// Why.
    pub denied: &'a Denied,
}

/// What of the login surface a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginSurfacePart {
    /// The OpenID provider.
    Provider,
    /// A companion API.
    Companion,
}

impl LoginSurfacePart {
    fn channel(self) -> Channel {
        match self {
            Self::Provider => Channel::Login,
            Self::Companion => Channel::CompanionApi,
        }
    }

    fn operation(self) -> &'static str {
        match self {
            Self::Provider => "login.refuse",
            Self::Companion => "companion.refuse",
        }
    }
}

impl LoginSurfaceRefusal<'_> {
    pub(super) fn origin(&self) -> Origin<'_> {
        match self.denied.proven() {
            Some(sender) => Origin::Client(sender.client_id.as_str()),
            None => Origin::Unproven(self.part.channel()),
        }
    }

    /// No row of the other surface's table is called so.
    pub(super) fn name(&self) -> &'static str {
        self.denied.refusal.code().counted_as()
    }

    /// It is not explained to anybody who has its request id.
    pub(super) fn record(&self) -> RefusalRecord {
        RefusalRecord {
            entry: self.entry(),
            remembered: None,
        }
    }

    fn entry(&self) -> AuditEntry {
        let denied = self.denied;
        let proven = denied.proven();
        let object = match denied.client_id() {
            Some(client_id) => (ObjectKind::Client, client_id.as_str()),
            None => (ObjectKind::Endpoint, self.endpoint),
        };
        let actor = Actor {
            person: denied.person.clone(),
            ..proven_actor(self.part.channel(), proven)
        };
        let code = denied.refusal.code();
        let after = json!({
            "refusal": code.name(),
            "http_status": code.row().http_status,
            "endpoint": self.endpoint,
            "proven": proven.is_some(),
        });
        entry(
            actor,
            (self.request_id, self.at),
            self.part.operation(),
            object,
            denied
                .sender
                .iter()
                .flat_map(|sender| organizations_of(sender)),
            after,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Sender;
    use crate::login::refusal::LoginRefusalCode;

    /// Threat: noise where browsers are hides what happens at an API, or is taken for a client's own.
    #[test]
    fn each_part_has_strangers_of_its_own() {
        let request_id = RequestId::parse(&"a".repeat(32)).unwrap();
        let named = |is_proven| Denied {
            sender: Some(Box::new(Sender {
                client_id: "klient".parse().unwrap(),
                client_orgno: "312773023".parse().unwrap(),
                supplier_orgno: None,
                is_proven,
            })),
            ..Denied::from(LoginRefusalCode::TokenInvalid)
        };
        let stranger = Denied::from(LoginRefusalCode::TokenMissing);
        for (part, channel) in [
            (LoginSurfacePart::Provider, Channel::Login),
            (LoginSurfacePart::Companion, Channel::CompanionApi),
        ] {
            for (denied, origin) in [
                (&stranger, Origin::Unproven(channel)),
                (&named(false), Origin::Unproven(channel)),
                (&named(true), Origin::Client("klient")),
            ] {
                let refusal = LoginSurfaceRefusal {
                    request_id: &request_id,
                    at: Timestamp::from_seconds(0),
                    part,
                    endpoint: "/token",
                    denied,
                };
                assert_eq!(refusal.origin(), origin);
                assert_eq!(refusal.entry().actor.channel, channel);
            }
        }
    }
}
