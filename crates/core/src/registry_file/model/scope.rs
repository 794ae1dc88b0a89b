//! A scope of a registry file.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::access::AccessState;
use crate::client::{ClientId, IntegrationType};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::scope::{Scope, ScopeName, TokenType, Visibility};

/// A scope with the access to it. Attributes that are left out have their defaults, except
/// `active`, which stays as it is. A reserved scope may be named without `description`, which
/// leaves its attributes alone.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the attributes of the self-service API"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScopeEntry {
    /// Full name.
    pub name: ScopeName,
    /// The owner; absent means the organization that has the prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_orgno: Option<OrgNumber>,
    /// Short text; required but for reserved scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Longer text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `description#en` and the like.
    #[serde(flatten)]
    pub translations: BTreeMap<String, String>,
    /// Who sees it in lists.
    #[serde(skip_serializing_if = "is_default")]
    pub visibility: Visibility,
    /// Every organization has access.
    #[serde(skip_serializing_if = "is_default")]
    pub accessible_for_all: bool,
    /// The client types that may use it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_integration_types: Vec<IntegrationType>,
    /// Issuer of the delegation source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation_source: Option<String>,
    /// Seconds; 0 means no cap.
    #[serde(skip_serializing_if = "is_default")]
    pub at_max_age: u32,
    /// Seconds; 0 means no cap.
    #[serde(skip_serializing_if = "is_default")]
    pub authorization_max_lifetime: u32,
    /// Of logins.
    #[serde(skip_serializing_if = "is_default")]
    pub requires_user_consent: bool,
    /// Of logins.
    #[serde(skip_serializing_if = "is_default")]
    pub requires_user_authentication: bool,
    /// Of logins.
    #[serde(skip_serializing_if = "is_default")]
    pub requires_pseudonymous_tokens: bool,
    /// Of logins.
    #[serde(skip_serializing_if = "is_default")]
    pub token_type: TokenType,
    /// Of logins: the owner's clients that may introspect its tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enforced_aud_for_introspection: Vec<ClientId>,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Operator's mark.
    #[serde(skip_serializing_if = "is_default")]
    pub protected: bool,
    /// Holders of European seals may use it without registration.
    #[serde(skip_serializing_if = "is_default")]
    pub supports_european_businesses: bool,
    /// Only the operator can put it on a client.
    #[serde(skip_serializing_if = "is_default")]
    pub operator_only: bool,
    /// Tokens carry `consumer_prefix`.
    #[serde(skip_serializing_if = "is_default")]
    pub emit_consumer_prefix: bool,
    /// Who has access.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<AccessEntry>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Access: the organization's number, or `{consumer_orgno, state}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// The organization.
    pub consumer_orgno: OrgNumber,
    /// Its access.
    pub state: AccessState,
}

impl Serialize for AccessEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct WithState {
            consumer_orgno: OrgNumber,
            state: AccessState,
        }
        let Self {
            consumer_orgno,
            state,
        } = *self;
        match state {
            AccessState::Approved => consumer_orgno.serialize(serializer),
            AccessState::Requested | AccessState::Denied => WithState {
                consumer_orgno,
                state,
            }
            .serialize(serializer),
        }
    }
}

impl ScopeEntry {
    /// An entry that names a scope and nothing else.
    pub fn named(name: ScopeName) -> Self {
        Self {
            name,
            owner_orgno: None,
            description: None,
            long_description: None,
            translations: BTreeMap::new(),
            visibility: Visibility::default(),
            accessible_for_all: false,
            allowed_integration_types: Vec::new(),
            delegation_source: None,
            at_max_age: 0,
            authorization_max_lifetime: 0,
            requires_user_consent: false,
            requires_user_authentication: false,
            requires_pseudonymous_tokens: false,
            token_type: TokenType::default(),
            enforced_aud_for_introspection: Vec::new(),
            active: None,
            protected: false,
            supports_european_businesses: false,
            operator_only: false,
            emit_consumer_prefix: false,
            access: Vec::new(),
        }
    }

    /// The attributes of a scope, without owner and access.
    pub(in crate::registry_file) fn of(scope: &Scope) -> Self {
        let scope = scope.clone();
        Self {
            name: scope.name,
            owner_orgno: None,
            description: Some(scope.description),
            long_description: scope.long_description,
            translations: scope.translations,
            visibility: scope.visibility,
            accessible_for_all: scope.accessible_for_all,
            allowed_integration_types: scope.allowed_integration_types,
            delegation_source: scope.delegation_source,
            at_max_age: scope.at_max_age,
            authorization_max_lifetime: scope.authorization_max_lifetime,
            requires_user_consent: scope.requires_user_consent,
            requires_user_authentication: scope.requires_user_authentication,
            requires_pseudonymous_tokens: scope.requires_pseudonymous_tokens,
            token_type: scope.token_type,
            enforced_aud_for_introspection: scope.enforced_aud_for_introspection,
            active: (!scope.active).then_some(false),
            protected: scope.protected,
            supports_european_businesses: scope.supports_european_businesses,
            operator_only: scope.operator_only,
            emit_consumer_prefix: scope.emit_consumer_prefix,
            access: Vec::new(),
        }
    }

    /// The scope that the entry describes.
    pub(in crate::registry_file) fn to_scope(
        &self,
        owner_orgno: OrgNumber,
        active: bool,
        now: Timestamp,
    ) -> Scope {
        let entry = self.clone();
        Scope {
            name: entry.name,
            owner_orgno,
            description: entry.description.unwrap_or_default(),
            long_description: entry.long_description,
            translations: entry.translations,
            visibility: entry.visibility,
            accessible_for_all: entry.accessible_for_all,
            allowed_integration_types: entry.allowed_integration_types,
            delegation_source: entry.delegation_source,
            at_max_age: entry.at_max_age,
            authorization_max_lifetime: entry.authorization_max_lifetime,
            requires_user_consent: entry.requires_user_consent,
            requires_user_authentication: entry.requires_user_authentication,
            requires_pseudonymous_tokens: entry.requires_pseudonymous_tokens,
            token_type: entry.token_type,
            enforced_aud_for_introspection: entry.enforced_aud_for_introspection,
            active,
            protected: entry.protected,
            supports_european_businesses: entry.supports_european_businesses,
            operator_only: entry.operator_only,
            emit_consumer_prefix: entry.emit_consumer_prefix,
            created: now,
            last_updated: now,
        }
    }
}
