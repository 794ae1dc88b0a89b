//! OAuth clients, their settings, their registered keys and their secrets (spec: selfservice §5).

pub mod expiry;
mod key;
mod login_uri;
mod on_behalf_of;
mod secret;
mod settings;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use portvakt_jose::Algorithm;

pub use self::key::{ClientKey, InvalidKeySet, KEY_LIFETIME, KeySet, MAX_KEYS};
pub use self::login_uri::{
    InvalidLoginUri, UriPolicy, check_backchannel_uri, check_frontchannel_uri, check_return_uri,
    is_public_address,
};
pub use self::on_behalf_of::OnBehalfOf;
pub use self::secret::{
    ClientSecret, ClientSecrets, InvalidOverlap, SECRET_LIFETIME, SecretHash, SecretOverlap,
    StoredSecret, TooManySecrets,
};
pub use self::settings::{
    ApplicationType, AuthenticationMethod, GrantType, IntegrationType, LoginSettings,
    RefreshTokenUsage, UnknownIntegrationType,
};

use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::scope::ScopeName;

/// Identifies a client: `[A-Za-z0-9._~-]{1,64}`. New ones are random UUIDs. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// Reads a client id.
    pub fn parse(text: &str) -> Result<Self, InvalidClientId> {
        let well_formed = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b));
        // `.` and `..` are path segments with a meaning of their own, and ids travel in paths.
        if well_formed && text != "." && text != ".." {
            Ok(Self(text.into()))
        } else {
            Err(InvalidClientId)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A text that is not a client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client id is 1 to 64 of A-Z, a-z, 0-9, '.', '_', '~' and '-'")]
pub struct InvalidClientId;

/// An OAuth client. The attributes have the self-service API's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Identifies it; what the `iss` of a grant names.
    pub client_id: ClientId,
    /// Shown to people.
    pub client_name: String,
    /// Automation keeps its marker here, so it is kept byte for byte.
    pub description: String,
    /// The organization that the client acts for; `consumer` in tokens.
    pub client_orgno: OrgNumber,
    /// The supplier that manages the client for it, if any; `supplier` in tokens.
    pub supplier_orgno: Option<OrgNumber>,
    /// What the client is for.
    pub integration_type: IntegrationType,
    /// Where it runs.
    pub application_type: ApplicationType,
    /// How it authenticates.
    pub token_endpoint_auth_method: AuthenticationMethod,
    /// Grants it may use.
    pub grant_types: Vec<GrantType>,
    /// Scopes it may ask for, in the order of registration, without repetition.
    pub scopes: Vec<ScopeName>,
    /// Life of its access tokens in seconds; none means the server's default.
    pub access_token_lifetime: Option<u32>,
    /// The one algorithm that its grants and keys use when that is not one of the national three
    /// (`token_endpoint_auth_signing_alg` of OpenID Connect Registration). Set by the operator.
    pub token_endpoint_auth_signing_alg: Option<Algorithm>,
    /// Attributes that matter for logins only.
    pub login: LoginSettings,
    /// The owning organization may change the client although it has an operator-only scope
    /// (spec: selfservice §9). Set by the operator.
    pub self_managed: bool,
    /// A deactivated client gets no tokens.
    pub active: bool,
    /// When it was registered.
    pub created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
}

impl Client {
    /// A machine client with every other attribute at its documented default.
    pub fn machine(
        client_id: ClientId,
        client_name: &str,
        client_orgno: OrgNumber,
        scopes: Vec<ScopeName>,
        now: Timestamp,
    ) -> Self {
        Self {
            client_id,
            client_name: client_name.to_owned(),
            description: String::new(),
            client_orgno,
            supplier_orgno: None,
            integration_type: IntegrationType::Maskinporten,
            application_type: ApplicationType::Web,
            token_endpoint_auth_method: AuthenticationMethod::PrivateKeyJwt,
            grant_types: vec![GrantType::JwtBearer],
            scopes,
            access_token_lifetime: None,
            token_endpoint_auth_signing_alg: None,
            login: LoginSettings::default(),
            self_managed: false,
            active: true,
            created: now,
            last_updated: now,
        }
    }

    /// The organization whose access to a scope decides, unless the grant names a consumer: the
    /// client's own, or the supplier that manages it (spec: maskinporten §10.2).
    pub fn accessing_orgno(&self) -> OrgNumber {
        self.supplier_orgno.unwrap_or(self.client_orgno)
    }

    /// Whether it has nothing to prove itself by (RFC 6749 §2.1), so that everybody can ask as it.
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthenticationMethod::None
    }

    /// Whether the client's grants and keys may use this algorithm: RS256, RS384 and RS512 by
    /// default, or exactly the one that is registered.
    pub fn permits(&self, algorithm: Algorithm) -> bool {
        match self.token_endpoint_auth_signing_alg {
            Some(registered) => registered == algorithm,
            None => portvakt_jose::AlgorithmSet::NATIONAL.contains(algorithm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_short_url_safe_texts() {
        for text in [
            "2f6c0b1e-9a54-4d5e-8a0f-5b1c7d3e9f21",
            "if2018_apikonsument",
            "a.~b",
        ] {
            assert_eq!(ClientId::parse(text).unwrap().as_str(), text);
        }
        for text in ["", ".", "..", "a b", "a/b", "ø", &"a".repeat(65)] {
            assert_eq!(ClientId::parse(text), Err(InvalidClientId), "{text}");
        }
    }

    #[test]
    fn only_a_registered_algorithm_goes_beyond_the_national_three() {
        let now = Timestamp::from_seconds(0);
        let orgno = OrgNumber::parse("312773023").unwrap();
        let mut client =
            Client::machine(ClientId::parse("a").unwrap(), "A", orgno, Vec::new(), now);
        assert!(client.permits(Algorithm::Rs512) && !client.permits(Algorithm::Es256));
        client.token_endpoint_auth_signing_alg = Some(Algorithm::Es256);
        assert!(client.permits(Algorithm::Es256) && !client.permits(Algorithm::Rs256));
    }
}
