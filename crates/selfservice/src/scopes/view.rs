//! Scopes and access records as answers.

use portvakt_api_types::{AccessResponse, ScopeResponse};
use portvakt_core::access::Access;
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::Scope;
use serde_json::Value;

use crate::words::word;

/// The scope as its owner sees it, with every attribute that the API has.
pub(crate) fn own(scope: Scope) -> ScopeResponse {
    let clients = scope.enforced_aud_for_introspection.iter();
    let clients: Vec<_> = clients.map(ToString::to_string).collect();
    ScopeResponse {
        enforced_aud_for_introspection: Some(clients).filter(|clients| !clients.is_empty()),
        ..self::scope(scope)
    }
}

/// The scope as everybody sees it who may know of it.
pub(super) fn scope(scope: Scope) -> ScopeResponse {
    let translations = scope.translations.into_iter();
    ScopeResponse {
        prefix: scope.name.prefix().unwrap_or_default().to_owned(),
        subscope: scope.name.subscope().to_owned(),
        name: scope.name.to_string(),
        description: scope.description,
        long_description: scope.long_description,
        active: scope.active,
        created: scope.created.to_string(),
        last_updated: scope.last_updated.to_string(),
        allowed_integration_types: scope
            .allowed_integration_types
            .iter()
            .map(ToString::to_string)
            .collect(),
        at_max_age: scope.at_max_age,
        authorization_max_lifetime: scope.authorization_max_lifetime,
        delegation_source: scope.delegation_source,
        requires_user_authentication: scope.requires_user_authentication,
        requires_user_consent: scope.requires_user_consent,
        requires_pseudonymous_tokens: scope.requires_pseudonymous_tokens,
        owner_orgno: scope.owner_orgno.to_string(),
        token_type: word(scope.token_type),
        enforced_aud_for_introspection: None,
        visibility: word(scope.visibility),
        accessible_for_all: scope.accessible_for_all,
        protected: scope.protected,
        supports_european_businesses: scope.supports_european_businesses,
        translations: translations
            .map(|(name, text)| (name, Value::String(text)))
            .collect(),
    }
}

/// The record, with the owner that its scope has.
pub(super) fn access(access: &Access, owner: OrgNumber) -> AccessResponse {
    AccessResponse {
        scope: access.scope.to_string(),
        state: word(access.state),
        prefix: None,
        consumer_orgno: access.consumer_orgno.to_string(),
        owner_orgno: owner.to_string(),
        created: access.created.to_string(),
        last_updated: access.last_updated.to_string(),
    }
}
