//! Clients (spec: selfservice §5.1).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{OnBehalfOfResponse, SecretText};

/// What a caller writes. What the server sets is left out here, and so ignored, except what must
/// not differ from the present value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ClientRequest {
    /// Ignored for a new client; otherwise that of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Required; shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// Shown in the login dialog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Kept byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The organization that the client acts for; required of suppliers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_orgno: Option<String>,
    /// The supplier; set by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier_orgno: Option<String>,
    /// Home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Required of a new client; cannot change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_type: Option<String>,
    /// `web`, `browser` or `native`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    /// `private_key_jwt`, `client_secret_basic`, `client_secret_post` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    /// Grants that it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    /// Required; scopes that it may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Where a login may return to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    /// Where a logout may return to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Loaded when the session ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether `iss` and `sid` are added to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_session_required: Option<bool>,
    /// Called when the session ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether the logout token carries `sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_required: Option<bool>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_lifetime: Option<u32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u32>,
    /// `ONETIME` or `REUSE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_usage: Option<String>,
    /// `S256` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<String>,
    /// Takes no part in single sign-on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_disabled: Option<bool>,
}

/// A client. The lifetimes are the effective ones, never 0.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of the self-service API"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientResponse {
    /// Identifies it.
    pub client_id: String,
    /// Shown to people.
    pub client_name: String,
    /// Shown in the login dialog.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub display_name: Option<String>,
    /// Empty when unset.
    pub description: String,
    /// Nine digits.
    pub client_orgno: String,
    /// Nine digits; absent for an ordinary client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub supplier_orgno: Option<String>,
    /// Home page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub client_uri: Option<String>,
    /// What it is for.
    pub integration_type: String,
    /// `web`, `browser` or `native`.
    pub application_type: String,
    /// How it authenticates.
    pub token_endpoint_auth_method: String,
    /// Grants that it may use.
    pub grant_types: Vec<String>,
    /// Scopes that it may ask for.
    pub scopes: Vec<String>,
    /// Where a login may return to.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub redirect_uris: Vec<String>,
    /// Where a logout may return to.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Loaded when the session ends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether `iss` and `sid` are added to it.
    pub frontchannel_logout_session_required: bool,
    /// Called when the session ends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub backchannel_logout_uri: Option<String>,
    /// Whether the logout token carries `sid`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub backchannel_logout_session_required: Option<bool>,
    /// Seconds.
    pub access_token_lifetime: u32,
    /// Seconds.
    pub authorization_lifetime: u32,
    /// Seconds.
    pub refresh_token_lifetime: u32,
    /// `ONETIME` or `REUSE`.
    pub refresh_token_usage: String,
    /// `S256` or `none`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub code_challenge_method: Option<String>,
    /// Takes no part in single sign-on.
    #[serde(default)]
    #[schema(required)]
    pub sso_disabled: bool,
    /// Its organization may change it although it has an operator-only scope; absent when not.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub self_managed: bool,
    /// A deactivated client gets no tokens.
    pub active: bool,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_updated: String,
    /// The client's secret: only in the answer to the request that made it, and never again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false, value_type = String)]
    pub client_secret: Option<SecretText>,
    /// Beside `client_secret`: when it ends, in seconds since 1970 (RFC 7591 §3.2.1).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub client_secret_expires_at: Option<i64>,
    /// Relative to the base of the API; absent in answers of older services.
    #[serde(default)]
    #[schema(required)]
    pub jwks_uri: String,
    /// Its on-behalf-of registrations.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub onbehalfof: Vec<OnBehalfOfResponse>,
}
