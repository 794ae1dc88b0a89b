//! What can be done, each action one call to the self-service API (adopting a client is none).

use std::fmt;

use portvakt_api_types::{ClientRequest, JwksRequest, ScopeRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Change;
use crate::actual::{PublicJwk, RegisteredKey};
use crate::desired::ClientKey;

/// One action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the members are the same in all: names, ids, bodies"
)]
pub enum Action {
    /// `POST /scopes`
    CreateScope { scope: String, body: ScopeRequest },
    /// `PUT /scopes` of an active scope of this owner.
    UpdateScope {
        scope: String,
        body: ScopeRequest,
        changes: Vec<Change>,
    },
    /// `PUT /scopes` of an active scope whose description did not name this owner in today's form.
    AdoptScope {
        scope: String,
        body: ScopeRequest,
        changes: Vec<Change>,
    },
    /// `PUT /scopes` of a deactivated scope.
    ReactivateScope {
        scope: String,
        body: ScopeRequest,
        changes: Vec<Change>,
    },
    /// `DELETE /scopes`
    DeactivateScope { scope: String },
    /// `PUT /scopes/access` for an organization that had none.
    GrantAccess { scope: String, consumer: String },
    /// `PUT /scopes/access` for an organization that was denied, or that asked for it.
    RegrantAccess { scope: String, consumer: String },
    /// `DELETE /scopes/access`
    WithdrawAccess { scope: String, consumer: String },
    /// `POST /clients`; keep the id that is answered.
    CreateClient {
        client: ClientKey,
        body: ClientRequest,
    },
    /// No call: keep the id, which was found by the client's description.
    AdoptClient {
        client: ClientKey,
        client_id: String,
    },
    /// `PUT /clients/{id}`
    UpdateClient {
        client: ClientKey,
        client_id: String,
        body: ClientRequest,
        changes: Vec<Change>,
    },
    /// `DELETE /clients/{id}`; forget the id.
    DeactivateClient {
        client: ClientKey,
        client_id: String,
    },
    /// `POST /clients/{id}/jwks`. The id is absent when an earlier action makes the client.
    ReplaceKeys {
        client: ClientKey,
        client_id: Option<String>,
        keys: KeyChange,
    },
}

/// A new key set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    /// The key that the client signs with.
    pub signer: Signer,
    /// Why.
    pub reason: KeyReason,
    /// Other keys, in the order of the set. A key without an end of life is renewed.
    pub kept: Vec<RegisteredKey>,
    /// Ids of keys that are registered and then no more.
    pub dropped: Vec<String>,
}

/// The key that a client signs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    /// One that is yet to be made, and kept before the set is registered.
    New,
    /// The one that the caller keeps.
    Current(PublicJwk),
}

/// Why a key set is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyReason {
    /// The caller keeps no key.
    FirstKey,
    /// A new key was asked for.
    Rotation,
    /// The caller's key is not registered.
    NotRegistered,
    /// The caller's key expires within thirty days.
    Renewal,
}

impl KeyChange {
    /// The body of the call. `new` is the key that was made for [`Signer::New`].
    ///
    /// `None` if that key is needed and missing.
    pub fn body(&self, new: Option<&PublicJwk>) -> Option<JwksRequest> {
        let signer = match &self.signer {
            Signer::New => new?,
            Signer::Current(key) => key,
        };
        let kept = self.kept.iter().map(|key| key.jwk.expiring(key.expires_at));
        let signer = Value::Object(signer.members().clone());
        let keys = std::iter::once(signer).chain(kept).collect();
        Some(JwksRequest { keys })
    }
}

impl Action {
    /// The name under which [`crate::actual::Actual::etags`] has the entity tag of what is written.
    pub fn resource(&self) -> Option<String> {
        match self {
            Self::UpdateScope { scope, .. }
            | Self::AdoptScope { scope, .. }
            | Self::ReactivateScope { scope, .. }
            | Self::DeactivateScope { scope } => Some(format!("scope {scope}")),
            Self::UpdateClient { client_id, .. } | Self::DeactivateClient { client_id, .. } => {
                Some(format!("client {client_id}"))
            }
            Self::ReplaceKeys { client_id, .. } => client_id
                .as_ref()
                .map(|client_id| format!("keys {client_id}")),
            Self::CreateScope { .. }
            | Self::GrantAccess { .. }
            | Self::RegrantAccess { .. }
            | Self::WithdrawAccess { .. }
            | Self::CreateClient { .. }
            | Self::AdoptClient { .. } => None,
        }
    }

    /// The scope that it is about.
    pub fn scope(&self) -> Option<&str> {
        match self {
            Self::CreateScope { scope, .. }
            | Self::UpdateScope { scope, .. }
            | Self::AdoptScope { scope, .. }
            | Self::ReactivateScope { scope, .. }
            | Self::DeactivateScope { scope }
            | Self::GrantAccess { scope, .. }
            | Self::RegrantAccess { scope, .. }
            | Self::WithdrawAccess { scope, .. } => Some(scope),
            Self::CreateClient { .. }
            | Self::AdoptClient { .. }
            | Self::UpdateClient { .. }
            | Self::DeactivateClient { .. }
            | Self::ReplaceKeys { .. } => None,
        }
    }

    /// The client that it is about.
    pub fn client(&self) -> Option<&ClientKey> {
        match self {
            Self::CreateClient { client, .. }
            | Self::AdoptClient { client, .. }
            | Self::UpdateClient { client, .. }
            | Self::DeactivateClient { client, .. }
            | Self::ReplaceKeys { client, .. } => Some(client),
            _ => None,
        }
    }

    /// What changes of an existing record.
    pub fn changes(&self) -> &[Change] {
        match self {
            Self::UpdateScope { changes, .. }
            | Self::AdoptScope { changes, .. }
            | Self::ReactivateScope { changes, .. }
            | Self::UpdateClient { changes, .. } => changes,
            _ => &[],
        }
    }

    /// Whether it takes something away from somebody.
    pub fn is_destructive(&self) -> bool {
        match self {
            Self::DeactivateScope { .. }
            | Self::WithdrawAccess { .. }
            | Self::DeactivateClient { .. } => true,
            Self::ReplaceKeys { keys, .. } => !keys.dropped.is_empty(),
            _ => false,
        }
    }
}

/// One line: `grant 310000011 access to nav:sjofart:fartoy.read`.
impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateScope { scope, .. } => write!(formatter, "create scope {scope}"),
            Self::UpdateScope { scope, .. } => write!(formatter, "update scope {scope}"),
            Self::AdoptScope { scope, .. } => write!(formatter, "adopt scope {scope}"),
            Self::ReactivateScope { scope, .. } => write!(formatter, "reactivate scope {scope}"),
            Self::DeactivateScope { scope } => write!(formatter, "deactivate scope {scope}"),
            Self::GrantAccess { scope, consumer } => {
                write!(formatter, "grant {consumer} access to {scope}")
            }
            Self::RegrantAccess { scope, consumer } => {
                write!(formatter, "grant {consumer} access to {scope} again")
            }
            Self::WithdrawAccess { scope, consumer } => {
                write!(formatter, "withdraw access to {scope} from {consumer}")
            }
            Self::CreateClient { client, .. } => write!(formatter, "create client {client}"),
            Self::AdoptClient { client, client_id } => {
                write!(formatter, "adopt client {client_id} as {client}")
            }
            Self::UpdateClient {
                client, client_id, ..
            } => {
                write!(formatter, "update client {client} ({client_id})")
            }
            Self::DeactivateClient { client, client_id } => {
                write!(formatter, "deactivate client {client} ({client_id})")
            }
            Self::ReplaceKeys { client, keys, .. } => {
                write!(formatter, "{} of {client}", keys.reason)
            }
        }
    }
}

impl fmt::Display for KeyReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FirstKey => "register a key",
            Self::Rotation => "rotate the key",
            Self::NotRegistered => "register the present key",
            Self::Renewal => "renew the key",
        })
    }
}
