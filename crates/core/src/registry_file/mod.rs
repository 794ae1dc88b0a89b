//! The registry file: everything that exists, declared in YAML or JSON with the self-service API's
//! attribute names, so that what the API returns can be pasted into it (`docs/registry-file.md`).
//!
//! [`RegistryFile::parse`] reads one file and reports every fault in it with its place;
//! [`apply`] brings a registry into the declared state, and never touches what the file does not
//! mention; [`export`] writes a registry down. Reading files is the caller's business.

mod apply;
mod document;
mod entry;
mod export;
mod model;
mod read;

pub use self::apply::{Applied, ApplyContext, ApplyError, Counts, apply};
pub use self::document::MAX_FILE_BYTES;
pub use self::export::export;
pub use self::model::{
    AccessEntry, ClientEntry, ConsentEntry, ContactEntry, DelegationEntry, DelegationSourceEntry,
    IdentityMatchEntry, KeysEntry, Located, OnBehalfOfEntry, OrganizationEntry, PersonEntry,
    PrefixEntry, ReservationEntry, ScopeEntry, SystemUserEntry,
};

use std::sync::Arc;

pub use portvakt_yaml::{Fault, Place};

use portvakt_jose::JwkSet;
use serde::Serialize;

/// What one or more files declare.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RegistryFile {
    /// Organizations with their prefixes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<Located<OrganizationEntry>>,
    /// Delegation sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delegation_sources: Vec<Located<DelegationSourceEntry>>,
    /// Scopes with the access to them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Located<ScopeEntry>>,
    /// Clients with their keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Located<ClientEntry>>,
    /// Test people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Located<PersonEntry>>,
    /// Whom people with a foreign eID are here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity_matches: Vec<Located<IdentityMatchEntry>>,
    /// Rows of the built-in delegation register.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Located<DelegationEntry>>,
    /// System users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system_users: Vec<Located<SystemUserEntry>>,
    /// Consents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Located<ConsentEntry>>,
}

impl RegistryFile {
    /// Reads a file of at most [`MAX_FILE_BYTES`]. Every fault is reported, not the first alone.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        read::registry(text, &Place::default())
    }

    /// As [`RegistryFile::parse`], with the file's name in every place.
    pub fn parse_named(name: &str, text: &str) -> Result<Self, Vec<Fault>> {
        read::registry(text, &Place::of_file(name))
    }

    /// Adds what another file declares, so that each may refer to the other.
    pub fn merge(&mut self, other: Self) {
        self.organizations.extend(other.organizations);
        self.delegation_sources.extend(other.delegation_sources);
        self.scopes.extend(other.scopes);
        self.clients.extend(other.clients);
        self.people.extend(other.people);
        self.identity_matches.extend(other.identity_matches);
        self.delegations.extend(other.delegations);
        self.system_users.extend(other.system_users);
        self.consents.extend(other.consents);
    }

    /// Replaces every `jwks_file` by the keys in it. `read` gets the registry file's name, if it
    /// has one, and the path as it is written, and answers the text or what went wrong.
    pub fn load_keys(
        &mut self,
        mut read: impl FnMut(Option<&Arc<str>>, &str) -> Result<String, String>,
    ) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        for client in &mut self.clients {
            let KeysEntry::File(path) = &client.entry.jwks else {
                continue;
            };
            match read(client.place.file.as_ref(), path).and_then(|text| key_set(&text)) {
                Ok(set) => client.entry.jwks = KeysEntry::Set(set),
                Err(message) => faults.push(client.place.at("jwks_file").fault(message)),
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Remarks about what is accepted and may still be a slip.
    pub fn warnings(&self) -> Vec<Fault> {
        let organizations = self
            .organizations
            .iter()
            .map(|organization| (organization.place.at("orgno"), organization.entry.orgno));
        let clients = self
            .clients
            .iter()
            .map(|client| (client.place.at("client_orgno"), client.entry.client_orgno));
        organizations
            .chain(clients)
            .filter(|(_, orgno)| !orgno.has_valid_check_digit())
            .map(|(place, orgno)| place.fault(format!("the check digit of {orgno} is wrong")))
            .collect()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.organizations.len()
            + self.delegation_sources.len()
            + self.scopes.len()
            + self.clients.len()
            + self.people.len()
            + self.identity_matches.len()
            + self.delegations.len()
            + self.system_users.len()
            + self.consents.len()
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file as YAML.
    pub fn to_yaml(&self) -> Result<String, WriteError> {
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        serde_saphyr::to_string_with_options(self, options)
            .map_err(|error| WriteError(error.to_string()))
    }
}

/// A registry that could not be written as YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registry cannot be written as YAML: {0}")]
pub struct WriteError(String);

/// Reads a JWK Set, or one public key.
fn key_set(text: &str) -> Result<JwkSet, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "is not JSON".to_owned())?;
    let single = value.get("kty").is_some();
    let value = if single {
        serde_json::json!([value])
    } else {
        value
    };
    JwkSet::parse(&value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
