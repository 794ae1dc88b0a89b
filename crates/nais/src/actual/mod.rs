//! What is, as plain data that the caller fetched.
//!
//! Attributes are kept in the form of requests, in which every member may be absent: an older or
//! another issuer answers less than ours. `active` absent means active.

mod keys;
mod usage;

use std::collections::BTreeMap;

use portvakt_api_types::{
    AccessResponse, ClientRequest, ClientResponse, DelegationSourceResponse, ScopeRequest,
    ScopeResponse,
};
use serde::{Deserialize, Serialize};

pub use self::keys::{LocalKeys, PublicJwk, PublicJwkError, RegisteredKey};
pub use self::usage::{ClientUsage, Usage};

use crate::desired::ClientKey;
use crate::naming::Owner;

/// Everything that a plan looks at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Actual {
    /// Number of the organization that everything is done for, if it is known.
    pub organization: Option<String>,
    /// When it was fetched, in seconds since 1970.
    pub observed_at: i64,
    /// The registry's revision at that time, where the target tells it.
    pub revision: Option<u64>,
    /// `ETag`s for conditional requests, by `scope NAME`, `client ID` and `keys CLIENT-ID`.
    pub etags: BTreeMap<String, String>,
    /// The organization's own scopes by full name, deactivated ones too.
    pub scopes: BTreeMap<String, ScopeRequest>,
    /// Access to those of them that were asked about, by scope and then organization. A scope
    /// without an entry was not asked about, and is not planned for.
    pub access: BTreeMap<String, BTreeMap<String, AccessState>>,
    /// The organization's clients by id.
    pub clients: BTreeMap<String, ObservedClient>,
    /// Registered keys by client id. A client without an entry has none.
    pub key_sets: BTreeMap<String, Vec<RegisteredKey>>,
    /// Scopes of others that the organization may use or that are public, by full name.
    pub consumable: BTreeMap<String, Consumable>,
    /// Who owns which prefix; empty when the target does not tell.
    pub prefixes: BTreeMap<String, String>,
    /// Issuers of delegation sources by name.
    pub delegation_sources: BTreeMap<String, String>,
    /// Ids that the caller keeps for its clients (a resource's `status.clientID`).
    pub known_clients: BTreeMap<ClientKey, String>,
    /// Keys that the caller keeps for its clients.
    pub local_keys: BTreeMap<ClientKey, LocalKeys>,
}

/// State of an organization's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AccessState {
    /// Asked for.
    Requested,
    /// Given; only this gives tokens.
    Approved,
    /// Taken away.
    Denied,
}

/// A client as it is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedClient {
    /// Its attributes.
    pub attributes: ClientRequest,
    /// A deactivated client gets no tokens, and only the issuer's operator can bring it back.
    pub active: bool,
}

/// A scope that clients may want.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consumable {
    /// Number of the organization to ask for access, if it is known.
    pub owner: Option<String>,
    /// Our organization's access, if there is any record of it.
    pub access: Option<AccessState>,
    /// Every organization may use it.
    pub accessible_for_all: bool,
    /// It can be delegated, so suppliers may register it without access of their own.
    pub is_delegable: bool,
    /// Types of client that may use it; empty means every type, or that it is not known.
    pub allowed_integration_types: Vec<String>,
}

impl ObservedClient {
    /// Whose it is, if its description says so. What was registered by hand has a text of its own.
    pub fn owner(&self) -> Option<Owner> {
        self.attributes.description.as_deref()?.parse().ok()
    }
}

impl Actual {
    /// Adds the organization's own scopes, as listed with `inactive=true`.
    pub fn add_scopes(&mut self, listed: impl IntoIterator<Item = ScopeResponse>) {
        let scopes = listed
            .into_iter()
            .map(|scope| (scope.name.clone(), observed_scope(scope)));
        self.scopes.extend(scopes);
    }

    /// Sets the access to one scope, as listed with `inactive=true`. Call it for an empty list, too.
    /// Records in a state that is not known are left out, and so count as no access.
    pub fn set_access(&mut self, scope: &str, listed: &[AccessResponse]) {
        let states = listed.iter().filter_map(|record| {
            let state = AccessState::parse(&record.state)?;
            Some((record.consumer_orgno.clone(), state))
        });
        self.access.insert(scope.to_owned(), states.collect());
    }

    /// Adds clients.
    pub fn add_clients(&mut self, listed: impl IntoIterator<Item = ClientResponse>) {
        let clients = listed.into_iter();
        self.clients
            .extend(clients.map(|client| (client.client_id.clone(), client.into())));
    }

    /// Adds what our organization was given: the list `/scopes/access/all`.
    pub fn add_granted(&mut self, listed: &[AccessResponse]) {
        for record in listed {
            let consumable = self.consumable.entry(record.scope.clone()).or_default();
            consumable.owner = Some(record.owner_orgno.clone());
            consumable.access = AccessState::parse(&record.state);
        }
    }

    /// Adds public scopes: the list `/scopes/all`, whole or filtered.
    pub fn add_catalogue(&mut self, listed: impl IntoIterator<Item = ScopeResponse>) {
        for scope in listed.into_iter().filter(|scope| scope.active) {
            let consumable = self.consumable.entry(scope.name).or_default();
            consumable.owner = Some(scope.owner_orgno);
            consumable.accessible_for_all = scope.accessible_for_all;
            consumable.is_delegable = scope.delegation_source.is_some_and(|name| !name.is_empty());
            consumable.allowed_integration_types = scope.allowed_integration_types;
        }
    }

    /// Adds delegation sources.
    pub fn add_delegation_sources(&mut self, listed: Vec<DelegationSourceResponse>) {
        let sources = listed
            .into_iter()
            .map(|source| (source.name, source.issuer));
        self.delegation_sources.extend(sources);
    }
}

impl AccessState {
    /// Reads the name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "REQUESTED" => Some(Self::Requested),
            "APPROVED" => Some(Self::Approved),
            "DENIED" => Some(Self::Denied),
            _ => None,
        }
    }
}

fn observed_scope(scope: ScopeResponse) -> ScopeRequest {
    ScopeRequest {
        name: Some(scope.name),
        prefix: Some(scope.prefix),
        subscope: Some(scope.subscope),
        description: Some(scope.description),
        long_description: scope.long_description,
        visibility: Some(scope.visibility),
        accessible_for_all: Some(scope.accessible_for_all),
        allowed_integration_types: Some(scope.allowed_integration_types),
        delegation_source: scope.delegation_source,
        at_max_age: Some(scope.at_max_age),
        authorization_max_lifetime: Some(scope.authorization_max_lifetime),
        requires_user_consent: Some(scope.requires_user_consent),
        requires_user_authentication: Some(scope.requires_user_authentication),
        requires_pseudonymous_tokens: Some(scope.requires_pseudonymous_tokens),
        token_type: Some(scope.token_type),
        enforced_aud_for_introspection: scope.enforced_aud_for_introspection,
        active: Some(scope.active),
        other: scope.translations,
        ..ScopeRequest::default()
    }
}

impl From<ClientResponse> for ObservedClient {
    fn from(client: ClientResponse) -> Self {
        let attributes = ClientRequest {
            client_id: Some(client.client_id),
            client_name: Some(client.client_name),
            display_name: client.display_name,
            description: Some(client.description),
            client_orgno: Some(client.client_orgno),
            supplier_orgno: client.supplier_orgno,
            client_uri: client.client_uri,
            integration_type: Some(client.integration_type),
            application_type: Some(client.application_type),
            token_endpoint_auth_method: Some(client.token_endpoint_auth_method),
            grant_types: Some(client.grant_types),
            scopes: Some(client.scopes),
            redirect_uris: Some(client.redirect_uris),
            post_logout_redirect_uris: Some(client.post_logout_redirect_uris),
            frontchannel_logout_uri: client.frontchannel_logout_uri,
            frontchannel_logout_session_required: Some(client.frontchannel_logout_session_required),
            backchannel_logout_uri: client.backchannel_logout_uri,
            backchannel_logout_session_required: client.backchannel_logout_session_required,
            access_token_lifetime: Some(client.access_token_lifetime),
            authorization_lifetime: Some(client.authorization_lifetime),
            refresh_token_lifetime: Some(client.refresh_token_lifetime),
            refresh_token_usage: Some(client.refresh_token_usage),
            code_challenge_method: client.code_challenge_method,
            sso_disabled: Some(client.sso_disabled),
        };
        Self {
            attributes,
            active: client.active,
        }
    }
}
