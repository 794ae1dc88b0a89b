//! Login clients and the login proxy (spec: nais §3.4, §3.6, §4.2).

use serde::{Deserialize, Serialize};

use super::{ClientUri, Seconds};

/// `spec` of an `IDPortenClient`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdPortenClientSpec {
    /// Seconds; the configured lifetime when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<Seconds<1, 3600>>,
    /// Home page.
    #[serde(rename = "clientURI", default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<ClientUri>,
    /// Shown to people; the configured name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// What the client is for; cannot change. A cluster stores `idporten` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_type: Option<IdPortenIntegrationType>,
    /// Loaded when the session ends.
    #[serde(
        rename = "frontchannelLogoutURI",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub frontchannel_logout_uri: Option<ClientUri>,
    /// Where a logout may return to.
    #[serde(
        rename = "postLogoutRedirectURIs",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub post_logout_redirect_uris: Vec<ClientUri>,
    /// Older form of `redirectURIs`, for one.
    #[serde(
        rename = "redirectURI",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub redirect_uri: Option<ClientUri>,
    /// Where a login may return to.
    #[serde(
        rename = "redirectURIs",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub redirect_uris: Vec<ClientUri>,
    /// Where the credentials are put.
    pub secret_name: String,
    /// Scopes; those of the integration type when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Seconds; the configured lifetime when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_lifetime: Option<Seconds<3600, 28800>>,
    /// Takes no part in single sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_disabled: Option<bool>,
}

impl IdPortenClientSpec {
    /// What `IDPORTEN_REDIRECT_URI` holds: `redirectURI`, else the first of `redirectURIs`.
    pub fn main_redirect_uri(&self) -> &str {
        let first = self.redirect_uri.as_ref().or(self.redirect_uris.first());
        first.map_or("", ClientUri::as_str)
    }
}

/// What a login client is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdPortenIntegrationType {
    /// The contact registry.
    Krr,
    /// Login.
    #[default]
    #[serde(rename = "idporten")]
    IdPorten,
    /// Login, and tokens for APIs on behalf of the person.
    ApiKlient,
}

impl IdPortenIntegrationType {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Krr => "krr",
            Self::IdPorten => "idporten",
            Self::ApiKlient => "api_klient",
        }
    }
}

/// `spec.idporten` of an Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPorten {
    /// Whether people log in.
    pub enabled: bool,
    /// The login proxy.
    pub sidecar: Option<LoginProxy>,
    /// Members of the years until 2023, with which the workload gets a client of its own.
    pub legacy: Option<LegacyIdPorten>,
}

/// `spec.idporten.sidecar`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginProxy {
    /// Whether it stands before the workload.
    pub enabled: bool,
    /// Sends those who are not logged in to the login.
    pub auto_login: bool,
    /// Paths that `auto_login` leaves alone; glob patterns.
    pub auto_login_ignore_paths: Vec<String>,
    /// Level of assurance; absent means `idporten-loa-high`.
    pub level: Option<String>,
    /// Language of the login; absent means `nb`.
    pub locale: Option<String>,
}

/// Members of `spec.idporten` until 2023 (spec: nais §3.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LegacyIdPorten {
    /// Home page.
    pub client_uri: Option<ClientUri>,
    /// Path below every ingress that a login returns to.
    pub redirect_path: Option<String>,
    /// A whole address in place of `redirect_path`.
    pub redirect_uri: Option<ClientUri>,
    /// Path below the first ingress that is loaded when the session ends.
    pub frontchannel_logout_path: Option<String>,
    /// A whole address in place of `frontchannel_logout_path`.
    pub frontchannel_logout_uri: Option<ClientUri>,
    /// Where a logout may return to.
    pub post_logout_redirect_uris: Vec<ClientUri>,
    /// Seconds.
    pub access_token_lifetime: Option<Seconds<1, 3600>>,
    /// Seconds.
    pub session_lifetime: Option<Seconds<3600, 28800>>,
    /// What the client is for.
    pub integration_type: Option<IdPortenIntegrationType>,
    /// Scopes.
    pub scopes: Vec<String>,
}
