//! On-behalf-of registrations of login clients (spec: selfservice §5.7).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a caller writes. `name` and `client_uri` have a second spelling each, which counts when
/// the first is absent: answers hold both, and callers send answers back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct OnBehalfOfRequest {
    /// The value that logins send; cannot change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onbehalfof: Option<String>,
    /// Shown at login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another spelling of `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The customer's organization number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orgno: Option<String>,
    /// The customer's home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Another spelling of `client_uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OnBehalfOfResponse {
    /// The value that logins send.
    pub onbehalfof: String,
    /// Shown at login.
    pub name: String,
    /// The same as `name`.
    pub display_name: String,
    /// Nine digits.
    pub orgno: String,
    /// The customer's home page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub client_uri: Option<String>,
    /// The same as `client_uri`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub url: Option<String>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// `false` for a registration that was removed; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub active: Option<bool>,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
}
