//! Carrying actions out in memory.

use portvakt_api_types::{ClientRequest, ScopeRequest};
use serde_json::{Map, json};

use super::{Action, KeyChange, Signer};
use crate::actual::{AccessState, Actual, ObservedClient, PublicJwk, RegisteredKey};
use crate::desired::ClientKey;

/// Ids that only exist here.
const MADE_UP: &str = "new ";
const YEAR_SECONDS: i64 = 365 * 24 * 3600;

/// Whether an id was given by this module: no issuer's id has a blank.
pub(super) fn is_made_up(id: &str) -> bool {
    id.starts_with(MADE_UP)
}

impl Actual {
    /// The world after an action, as the issuer and the caller would have it. New clients and keys
    /// get made-up ids.
    #[must_use]
    pub fn apply(&self, action: &Action) -> Self {
        let mut world = self.clone();
        world.apply_in_place(action);
        world
    }

    pub(super) fn apply_in_place(&mut self, action: &Action) {
        match action {
            Action::CreateScope { scope, body } => {
                self.put_scope(scope, body);
                self.access.entry(scope.clone()).or_default();
            }
            Action::UpdateScope { scope, body, .. }
            | Action::AdoptScope { scope, body, .. }
            | Action::ReactivateScope { scope, body, .. } => self.put_scope(scope, body),
            Action::DeactivateScope { scope } => {
                if let Some(observed) = self.scopes.get_mut(scope) {
                    observed.active = Some(false);
                }
            }
            Action::GrantAccess { scope, consumer } | Action::RegrantAccess { scope, consumer } => {
                self.put_access(scope, consumer, AccessState::Approved);
            }
            Action::WithdrawAccess { scope, consumer } => {
                self.put_access(scope, consumer, AccessState::Denied);
            }
            Action::CreateClient { client, body } => {
                let id = self.made_up_id(client);
                self.known_clients.insert(client.clone(), id.clone());
                self.put_client(&id, body);
            }
            Action::AdoptClient { client, client_id } => {
                self.known_clients.insert(client.clone(), client_id.clone());
            }
            Action::UpdateClient {
                client_id, body, ..
            } => self.put_client(client_id, body),
            Action::DeactivateClient { client, client_id } => {
                self.known_clients.remove(client);
                if let Some(observed) = self.clients.get_mut(client_id) {
                    observed.active = false;
                }
            }
            Action::ReplaceKeys { client, keys, .. } => self.replace_keys(client, keys),
        }
    }

    fn put_scope(&mut self, scope: &str, body: &ScopeRequest) {
        let active = body.active.unwrap_or(true);
        let source = body.delegation_source.clone();
        let observed = ScopeRequest {
            name: Some(scope.to_owned()),
            active: Some(active),
            delegation_source: source.filter(|name| !name.is_empty()),
            ..body.clone()
        };
        self.scopes.insert(scope.to_owned(), observed);
    }

    fn put_access(&mut self, scope: &str, consumer: &str, state: AccessState) {
        let access = self.access.entry(scope.to_owned()).or_default();
        access.insert(consumer.to_owned(), state);
    }

    fn made_up_id(&self, client: &ClientKey) -> String {
        format!("{MADE_UP}{client} {}", self.clients.len())
    }

    fn put_client(&mut self, id: &str, body: &ClientRequest) {
        let attributes = ClientRequest {
            client_id: Some(id.to_owned()),
            ..body.clone()
        };
        let client = ObservedClient {
            attributes,
            active: true,
        };
        self.clients.insert(id.to_owned(), client);
    }

    fn replace_keys(&mut self, client: &ClientKey, keys: &KeyChange) {
        let Some(id) = self.known_clients.get(client).cloned() else {
            return;
        };
        let renewed = Some(self.observed_at + YEAR_SECONDS);
        let signer = match &keys.signer {
            Signer::Current(key) => Some(key.clone()),
            Signer::New => made_up_key(&format!("{MADE_UP}{}", self.key_count())),
        };
        let local = self.local_keys.entry(client.clone()).or_default();
        local.current.clone_from(&signer);
        local.rotate = false;
        let signer = signer.map(|jwk| RegisteredKey {
            jwk,
            expires_at: renewed,
        });
        let kept = keys.kept.iter().map(|key| RegisteredKey {
            jwk: key.jwk.clone(),
            expires_at: key.expires_at.or(renewed),
        });
        self.key_sets
            .insert(id, signer.into_iter().chain(kept).collect());
    }

    fn key_count(&self) -> usize {
        self.key_sets.values().map(Vec::len).sum()
    }
}

fn made_up_key(kid: &str) -> Option<PublicJwk> {
    let members = [("kid", json!(kid)), ("kty", json!("RSA"))];
    let members = members.map(|(name, value)| (name.to_owned(), value));
    PublicJwk::try_from(Map::from_iter(members)).ok()
}
