//! A client of a registry file.

use portvakt_jose::{Algorithm, PublicJwk};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::KeysEntry;
use crate::administration::client::{default_authentication, default_grants};
use crate::client::{
    ApplicationType, AuthenticationMethod, Client, ClientId, GrantType, IntegrationType,
    LoginSettings, OnBehalfOf,
};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::scope::ScopeName;

/// A client. Attributes that are left out have their defaults, except `active` and the keys, which
/// stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientEntry {
    /// Its id; without one the client is known by organization, name and type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Shown to people.
    pub client_name: String,
    /// Kept byte for byte.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The organization that it acts for.
    pub client_orgno: OrgNumber,
    /// The supplier that manages it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier_orgno: Option<OrgNumber>,
    /// What it is for.
    pub integration_type: IntegrationType,
    /// Where it runs; absent means `web`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<ApplicationType>,
    /// How it authenticates; absent means the default of its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthenticationMethod>,
    /// Grants; absent means the default of its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<GrantType>>,
    /// Scopes that it may ask for.
    pub scopes: Vec<ScopeName>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u32>,
    /// The one algorithm of its grants and keys, if not one of the national three.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "algorithm")]
    pub token_endpoint_auth_signing_alg: Option<Algorithm>,
    /// Attributes of logins.
    #[serde(flatten)]
    pub login: LoginSettings,
    /// The owning organization may change it although it has an operator-only scope.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub self_managed: bool,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Its keys.
    #[serde(flatten)]
    pub jwks: KeysEntry,
    /// Its on-behalf-of registrations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub onbehalfof: Vec<OnBehalfOfEntry>,
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference to the field"
)]
fn algorithm<S: Serializer>(
    algorithm: &Option<Algorithm>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    algorithm.map(Algorithm::as_str).serialize(serializer)
}

/// As the member `jwks` or `jwks_file` of a client; nothing when nothing is said.
impl Serialize for KeysEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut members = serializer.serialize_map(None)?;
        match self {
            Self::Unstated => {}
            Self::Set(set) => {
                let keys: Vec<_> = set.keys().iter().map(key_json).collect();
                members.serialize_entry("jwks", &json!({ "keys": keys }))?;
            }
            Self::File(path) => members.serialize_entry("jwks_file", path)?,
        }
        members.end()
    }
}

fn key_json(jwk: &PublicJwk) -> Value {
    let mut json = jwk.to_json();
    if let (Some(members), Some(exp)) = (json.as_object_mut(), jwk.expires_at()) {
        members.insert("exp".to_owned(), exp.into());
    }
    json
}

/// An on-behalf-of registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnBehalfOfEntry {
    /// The value that requests send.
    pub onbehalfof: String,
    /// Shown at login.
    pub name: String,
    /// The customer.
    pub orgno: OrgNumber,
    /// The customer's home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is active; absent leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

impl OnBehalfOfEntry {
    /// The entry of a registration.
    pub(in crate::registry_file) fn of(registration: OnBehalfOf) -> Self {
        Self {
            onbehalfof: registration.onbehalfof,
            name: registration.name,
            orgno: registration.orgno,
            client_uri: registration.client_uri,
            description: registration.description,
            active: (!registration.active).then_some(false),
        }
    }
}

impl ClientEntry {
    /// The attributes of a client; what is at its default is left out.
    pub(in crate::registry_file) fn of(client: Client) -> Self {
        let kind = client.integration_type;
        let application_type = client.application_type;
        let method = client.token_endpoint_auth_method;
        let default_method = default_authentication(kind, application_type);
        let grants = client.grant_types;
        Self {
            client_id: Some(client.client_id),
            client_name: client.client_name,
            description: client.description,
            client_orgno: client.client_orgno,
            supplier_orgno: client.supplier_orgno,
            integration_type: kind,
            application_type: (application_type != ApplicationType::Web)
                .then_some(application_type),
            token_endpoint_auth_method: (method != default_method).then_some(method),
            grant_types: (grants != default_grants(kind)).then_some(grants),
            scopes: client.scopes,
            access_token_lifetime: client.access_token_lifetime,
            token_endpoint_auth_signing_alg: client.token_endpoint_auth_signing_alg,
            login: client.login,
            self_managed: client.self_managed,
            active: (!client.active).then_some(false),
            jwks: KeysEntry::Unstated,
            onbehalfof: Vec::new(),
        }
    }

    /// The client that the entry describes.
    pub(in crate::registry_file) fn to_client(
        &self,
        client_id: ClientId,
        active: bool,
        now: Timestamp,
    ) -> Client {
        let entry = self.clone();
        let application_type = entry.application_type.unwrap_or_default();
        let default_method = default_authentication(entry.integration_type, application_type);
        Client {
            client_id,
            client_name: entry.client_name,
            description: entry.description,
            client_orgno: entry.client_orgno,
            supplier_orgno: entry.supplier_orgno,
            integration_type: entry.integration_type,
            application_type,
            token_endpoint_auth_method: entry.token_endpoint_auth_method.unwrap_or(default_method),
            grant_types: entry
                .grant_types
                .unwrap_or_else(|| default_grants(entry.integration_type)),
            scopes: entry.scopes,
            access_token_lifetime: entry.access_token_lifetime,
            token_endpoint_auth_signing_alg: entry.token_endpoint_auth_signing_alg,
            login: entry.login,
            self_managed: entry.self_managed,
            active,
            created: now,
            last_updated: now,
        }
    }
}
