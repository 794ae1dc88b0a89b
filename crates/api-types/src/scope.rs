//! Scopes (spec: selfservice §6.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What a caller writes. Attributes with a second spelling use it when the first is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ScopeRequest {
    /// Full name; empty, or that of the scope that is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Without colon; required when the scope is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Required when the scope is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscope: Option<String>,
    /// Required; kept byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Limited Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `PUBLIC`, `PRIVATE` or `INTERNAL`; absent means `PUBLIC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// Every organization has access without a grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessible_for_all: Option<bool>,
    /// Client types that may use it; empty means every type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_integration_types: Option<Vec<String>>,
    /// Another spelling of `allowed_integration_types`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowable_integration_types: Option<Vec<String>>,
    /// Issuer of a delegation source; empty means none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation_source: Option<String>,
    /// Seconds; 0 means no cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_max_age: Option<u32>,
    /// Seconds; 0 means no cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_max_lifetime: Option<u32>,
    /// Another spelling of `authorization_max_lifetime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_max_age: Option<u32>,
    /// Logged-in people are asked for consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_user_consent: Option<bool>,
    /// People must log in afresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_user_authentication: Option<bool>,
    /// Tokens carry no national identity number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_pseudonymous_tokens: Option<bool>,
    /// `SELF_CONTAINED` or `OPAQUE`; absent means `SELF_CONTAINED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// The owner's clients that may introspect tokens of logged-in people with this scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforced_aud_for_introspection: Option<Vec<String>>,
    /// Absent leaves a known scope as it is, and makes a new one active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// The operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supports_european_businesses: Option<bool>,
    /// Every other member; those with a `#` in their name are translations.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl ScopeRequest {
    /// The members whose name holds a language tag: `description#en` and the like.
    pub fn translations(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.other.iter().filter(|(name, _)| name.contains('#'))
    }
}

/// A scope.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of the self-service API"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScopeResponse {
    /// `prefix:subscope`.
    pub name: String,
    /// Empty for a reserved name without colon.
    pub prefix: String,
    /// What follows the first colon.
    pub subscope: String,
    /// Short text for people.
    pub description: String,
    /// Limited Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub long_description: Option<String>,
    /// A deactivated scope gives no tokens.
    pub active: bool,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
    /// Empty means every type; always an array.
    pub allowed_integration_types: Vec<String>,
    /// Seconds; 0 means no cap.
    pub at_max_age: u32,
    /// Seconds; 0 means no cap.
    pub authorization_max_lifetime: u32,
    /// Absent when the scope cannot be delegated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub delegation_source: Option<String>,
    /// People must log in afresh.
    pub requires_user_authentication: bool,
    /// Logged-in people are asked for consent.
    pub requires_user_consent: bool,
    /// Tokens carry no national identity number.
    pub requires_pseudonymous_tokens: bool,
    /// Nine digits.
    pub owner_orgno: String,
    /// `SELF_CONTAINED` or `OPAQUE`.
    pub token_type: String,
    /// The owner's clients that may introspect its tokens; for the owner's and the operator's eyes, and
    /// absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub enforced_aud_for_introspection: Option<Vec<String>>,
    /// `PUBLIC`, `PRIVATE` or `INTERNAL`.
    pub visibility: String,
    /// Every organization has access without a grant.
    pub accessible_for_all: bool,
    /// Without effect on tokens.
    #[serde(default)]
    #[schema(required)]
    pub protected: bool,
    /// Holders of European seals may use it.
    #[serde(default)]
    #[schema(required)]
    pub supports_european_businesses: bool,
    /// `description#en` and the like.
    #[serde(flatten)]
    pub translations: BTreeMap<String, Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_is_absence_and_unknown_members_are_ignored() {
        let body = json!({
            "name": "", "prefix": "fjord", "long_description": null, "owner_orgno": 5,
            "description#en": "Tides", "created": "now"
        });
        let request: ScopeRequest = serde_json::from_value(body).unwrap();
        assert_eq!(request.prefix.as_deref(), Some("fjord"));
        assert_eq!(request.long_description, None);
        let translations: Vec<_> = request.translations().collect();
        assert_eq!(
            translations,
            [(&"description#en".to_owned(), &json!("Tides"))]
        );
    }
}
