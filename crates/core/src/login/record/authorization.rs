//! What a person let a client have.

use serde::{Deserialize, Serialize};

use super::{AuthenticationEvent, AuthorizationId, PersonId, SessionId, SsoGroup};
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::scope::{ScopeName, Visibility};

/// The result of one completed authorization request. All its tokens hang off it: they live as long
/// as it does, and end with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The `authorization_id` of the authorizations API.
    pub id: AuthorizationId,
    /// The client that may act.
    pub client_id: ClientId,
    /// The person for whom: [`AuthenticationEvent::person`].
    pub person: PersonId,
    /// The session in which it was given.
    pub session: SessionId,
    /// Whether only reserved scopes were granted, so that logging out ends it
    /// (spec: idporten §15.5).
    pub login_only: bool,
    /// When it was given.
    pub authorized_at: Timestamp,
    /// First instant at which no token of it may live.
    pub ends_at: Timestamp,
    /// When its code was redeemed; before that it is not listed.
    pub redeemed_at: Option<Timestamp>,
    /// When and why it was ended before its time.
    pub revoked: Option<Revocation>,
    /// The rest.
    pub details: AuthorizationDetails,
}

impl Authorization {
    /// Whether tokens of it may be issued and accepted.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.ends_at
    }
}

/// What of an authorization is only carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationDetails {
    /// The login that it rests on.
    pub event: AuthenticationEvent,
    /// The group that the login belongs to.
    pub group: SsoGroup,
    /// What was asked for.
    pub requested: Vec<ScopeName>,
    /// What was granted.
    pub granted: Vec<GrantedScope>,
    /// When the person consented, if they were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consented_at: Option<Timestamp>,
    /// No token of it may tell who the person is.
    #[serde(default)]
    pub pseudonymous: bool,
    /// The `resource` parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The `onbehalfof` parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The browser in which it was given.
    #[serde(default)]
    pub user_agent: String,
}

/// A scope as it was when it was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedScope {
    /// Its name.
    pub name: ScopeName,
    /// Whose it is.
    pub owner_orgno: OrgNumber,
    /// Whether the person was asked.
    pub requires_user_consent: bool,
    /// Who sees it in lists.
    pub visibility: Visibility,
}

/// The end of an authorization before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Why an authorization was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// The client asked for it (RFC 7009).
    Client,
    /// The authorizations API: another client of the organization, or the owner of a scope.
    Organization,
    /// The person did.
    Person,
    /// The operator did.
    Operator,
    /// Logging out, of what was only a login.
    Logout,
    /// Its code was shown again (RFC 6749 §4.1.2).
    CodeReplay,
    /// A refresh token that had been replaced was shown again (RFC 9700 §4.14.2).
    RefreshReplay,
    /// The person was blocked.
    Blocked,
    /// The registry was restored from a backup, which cannot know what became of it since.
    Restored,
}
