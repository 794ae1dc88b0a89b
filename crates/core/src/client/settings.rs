//! The closed vocabularies of client registration, and the attributes that only logins use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a client is for (spec: selfservice §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegrationType {
    /// Machine-to-machine.
    Maskinporten,
    /// Login of people.
    Idporten,
    /// APIs on behalf of a logged-in person.
    #[serde(rename = "api_klient")]
    ApiKlient,
    /// Login of employees.
    Ansattporten,
    /// The contact registry.
    Krr,
    /// Electronic exchange of letters; operator only.
    Eformidling,
}

impl IntegrationType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::Maskinporten,
        Self::Idporten,
        Self::ApiKlient,
        Self::Ansattporten,
        Self::Krr,
        Self::Eformidling,
    ];

    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Maskinporten => "maskinporten",
            Self::Idporten => "idporten",
            Self::ApiKlient => "api_klient",
            Self::Ansattporten => "ansattporten",
            Self::Krr => "krr",
            Self::Eformidling => "eformidling",
        }
    }

    /// Whether clients of this type use the machine-to-machine token endpoint.
    pub fn is_machine(self) -> bool {
        match self {
            Self::Maskinporten | Self::Krr | Self::Eformidling => true,
            Self::Idporten | Self::ApiKlient | Self::Ansattporten => false,
        }
    }
}

impl fmt::Display for IntegrationType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for IntegrationType {
    type Err = UnknownIntegrationType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownIntegrationType)
    }
}

/// A text that names no integration type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "integration types are maskinporten, idporten, api_klient, ansattporten, krr and eformidling"
)]
pub struct UnknownIntegrationType;

/// Where a client runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationType {
    /// On a server, able to keep a secret.
    #[default]
    Web,
    /// In a browser.
    Browser,
    /// On a person's device.
    Native,
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// A signed JWT (RFC 7523).
    PrivateKeyJwt,
    /// A secret in the `Authorization` header.
    ClientSecretBasic,
    /// A secret in the form.
    ClientSecretPost,
    /// Public client.
    None,
}

impl AuthenticationMethod {
    /// Whether the client proves itself with a secret that is made here.
    pub fn uses_secret(self) -> bool {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => true,
            Self::PrivateKeyJwt | Self::None => false,
        }
    }
}

/// A grant that a client may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 7523 §2.1. The documentation's short form is read too.
    #[serde(
        rename = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        alias = "jwt_bearer_token"
    )]
    JwtBearer,
}

/// Whether a refresh token is replaced at every use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefreshTokenUsage {
    /// Replaced at every use.
    #[default]
    Onetime,
    /// Kept.
    Reuse,
}

/// Attributes without effect on machine-to-machine tokens. They are kept and given back, because
/// automation sends them for every client (spec: selfservice §5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginSettings {
    /// Name shown in the login dialog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The client's home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Where a login may return to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Where a logout may return to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
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
    /// Seconds; none means the server's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_lifetime: Option<u32>,
    /// Seconds; none means the server's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u32>,
    /// None means [`RefreshTokenUsage::Onetime`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_usage: Option<RefreshTokenUsage>,
    /// `S256` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<String>,
    /// The client takes no part in single sign-on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_disabled: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_are_the_same_in_text_and_in_json() {
        for kind in IntegrationType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(
            "INTERNAL".parse::<IntegrationType>(),
            Err(UnknownIntegrationType)
        );
    }

    #[test]
    fn the_short_form_of_the_jwt_bearer_grant_is_stored_as_the_urn() {
        let grant: GrantType = serde_json::from_str("\"jwt_bearer_token\"").unwrap();
        assert_eq!(
            serde_json::to_value(grant).unwrap(),
            "urn:ietf:params:oauth:grant-type:jwt-bearer"
        );
        assert!(serde_json::from_str::<GrantType>("\"implicit\"").is_err());
    }
}
