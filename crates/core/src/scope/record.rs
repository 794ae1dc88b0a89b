//! A scope and its attributes (spec: selfservice §6.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ScopeName;
use crate::client::{ClientId, IntegrationType};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;

/// An API: what a provider defines and other organizations get access to.
///
/// The attributes have the self-service API's names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of the self-service API"
)]
pub struct Scope {
    /// Full name; can never change.
    pub name: ScopeName,
    /// The organization that owned the prefix when the scope was made.
    pub owner_orgno: OrgNumber,
    /// Short text for people; automation keeps its marker here, so it is kept byte for byte.
    pub description: String,
    /// Longer text in limited Markdown.
    pub long_description: Option<String>,
    /// `description#en` and the like: member name to text.
    pub translations: BTreeMap<String, String>,
    /// Who sees the scope in lists. Grants nothing and withholds nothing.
    pub visibility: Visibility,
    /// Every organization has access, without a grant.
    pub accessible_for_all: bool,
    /// The client types that may use it; empty means every type.
    pub allowed_integration_types: Vec<IntegrationType>,
    /// Issuer of the delegation source, byte for byte; none means it cannot be delegated.
    pub delegation_source: Option<String>,
    /// Longest life of an access token, in seconds; 0 means no cap.
    pub at_max_age: u32,
    /// Longest life of a login authorization, in seconds; 0 means no cap. No effect on machines.
    pub authorization_max_lifetime: u32,
    /// Logged-in people are asked for consent.
    pub requires_user_consent: bool,
    /// People must log in afresh.
    pub requires_user_authentication: bool,
    /// Tokens for people carry no national identity number.
    pub requires_pseudonymous_tokens: bool,
    /// Form of the access token on the login surface; machines always get a JWT.
    pub token_type: TokenType,
    /// The owner's clients that may introspect tokens with this scope (spec: idporten §12.2); no
    /// effect on machines.
    pub enforced_aud_for_introspection: Vec<ClientId>,
    /// A deactivated scope is refused, and keeps its access and registrations.
    pub active: bool,
    /// Operator's mark without effect on tokens.
    pub protected: bool,
    /// Holders of European seals may use it without registration.
    pub supports_european_businesses: bool,
    /// Only the operator can put the scope on a client.
    pub operator_only: bool,
    /// Tokens with this scope carry `consumer_prefix` (spec: maskinporten §8.5).
    pub emit_consumer_prefix: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
}

impl Scope {
    /// A scope with every attribute at its documented default.
    pub fn new(name: ScopeName, owner_orgno: OrgNumber, description: &str, now: Timestamp) -> Self {
        Self {
            name,
            owner_orgno,
            description: description.to_owned(),
            long_description: None,
            translations: BTreeMap::new(),
            visibility: Visibility::Public,
            accessible_for_all: false,
            allowed_integration_types: Vec::new(),
            delegation_source: None,
            at_max_age: 0,
            authorization_max_lifetime: 0,
            requires_user_consent: false,
            requires_user_authentication: false,
            requires_pseudonymous_tokens: false,
            token_type: TokenType::SelfContained,
            enforced_aud_for_introspection: Vec::new(),
            active: true,
            protected: false,
            supports_european_businesses: false,
            operator_only: false,
            emit_consumer_prefix: false,
            created: now,
            last_updated: now,
        }
    }

    /// Whether clients of this type may use the scope.
    pub fn admits(&self, integration_type: IntegrationType) -> bool {
        self.allowed_integration_types.is_empty()
            || self.allowed_integration_types.contains(&integration_type)
    }

    /// The same scope of this organization. What the former owner's clients might learn of its
    /// tokens ends.
    #[must_use]
    pub fn owned_by(mut self, owner_orgno: OrgNumber) -> Self {
        if self.owner_orgno != owner_orgno {
            self.owner_orgno = owner_orgno;
            self.enforced_aud_for_introspection.clear();
        }
        self
    }
}

/// Who sees a scope in lists (spec: selfservice §6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// The owner and organizations with access.
    Private,
    /// The owner only; for the operator's use.
    Internal,
}

/// Form of an access token on the login surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TokenType {
    /// A signed JWT.
    #[default]
    #[serde(alias = "SELF-CONTAINED")]
    SelfContained,
    /// A reference that only introspection can read.
    Opaque,
}
