//! An issuer and a namespace in memory.

use std::collections::BTreeMap;

use portvakt_nais::actual::{AccessState, Actual, Consumable};
use portvakt_nais::plan::Action;
use portvakt_operator::pass::{Rules, SecretOwner, SecretVersion, StoredSecret, Subject};
use serde_json::{Value, json};

use crate::fixtures::*;

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const DAY: i64 = 86_400;

/// A Pod that runs, with the key that it was started with.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) secret: String,
    pub(crate) created_at: i64,
    pub(crate) kid: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    /// The resource, as the API server has it.
    pub(crate) subject: Subject,
    /// What the operator decides by.
    pub(crate) rules: Rules,
    pub(crate) secrets: BTreeMap<String, StoredSecret>,
    pub(crate) pods: Vec<Pod>,
    /// What is registered.
    pub(crate) issuer: Actual,
    /// Calls that changed something at the issuer.
    pub(crate) calls: Vec<String>,
    /// Organizations that the issuer does not accept as consumers.
    pub(crate) unknown: Vec<String>,
    /// Why the token endpoint does not decide by what is registered, if it does not.
    pub(crate) not_effective: Option<String>,
    pub(crate) now: i64,
    pub(crate) made: usize,
}

impl World {
    pub(crate) fn of(subject: Subject) -> Self {
        let mut issuer = Actual::default();
        let source = "https://tt02.altinn.no/".to_owned();
        issuer.delegation_sources.insert("altinn".into(), source);
        let mut world = Self {
            subject,
            rules: rules(),
            secrets: BTreeMap::new(),
            pods: Vec::new(),
            issuer,
            calls: Vec::new(),
            unknown: Vec::new(),
            not_effective: None,
            now: NOW,
            made: 0,
        };
        world.grant("nav:test/api");
        world
    }

    /// The organization gets access to a scope of somebody else.
    pub(crate) fn grant(&mut self, scope: &str) {
        let granted = Consumable {
            access: Some(AccessState::Approved),
            ..Consumable::default()
        };
        self.issuer.consumable.insert(scope.into(), granted);
    }

    /// A scope of somebody else that everybody may use.
    pub(crate) fn open(&mut self, scope: &str) {
        let open = Consumable {
            accessible_for_all: true,
            ..Consumable::default()
        };
        self.issuer.consumable.insert(scope.into(), open);
    }

    /// A scope of the organization with the documented defaults.
    pub(crate) fn scope(&mut self, name: &str, description: &str, active: bool) {
        let (prefix, subscope) = name.split_once(':').unwrap();
        let scope = json!({
            "name": name, "prefix": prefix, "subscope": subscope, "description": description,
            "active": active, "visibility": "PUBLIC", "accessible_for_all": false,
            "allowed_integration_types": ["maskinporten"], "at_max_age": 30,
            "token_type": "SELF_CONTAINED",
        });
        let scope = serde_json::from_value(scope).unwrap();
        self.issuer.scopes.insert(name.into(), scope);
        self.issuer.access.entry(name.into()).or_default();
    }

    pub(crate) fn access(&mut self, scope: &str, consumer: &str, state: AccessState) {
        let access = self.issuer.access.entry(scope.into()).or_default();
        access.insert(consumer.into(), state);
    }

    /// A registered client as the resource wants it, with these scopes and keys.
    pub(crate) fn client(&mut self, id: &str, scopes: &[&str], keys: &[&str]) {
        let desired = self.subject.desired(&self.rules.settings).unwrap();
        let mut attributes = desired.client.unwrap().body;
        attributes.scopes = Some(scopes.iter().map(ToString::to_string).collect());
        let action = Action::UpdateClient {
            client: self.subject.key.clone(),
            client_id: id.into(),
            body: attributes,
            changes: Vec::new(),
        };
        self.issuer = self.issuer.apply(&action);
        self.issuer.known_clients.clear();
        let keys = keys.iter().map(|kid| registered(kid, NOW + 200 * DAY));
        self.issuer.key_sets.insert(id.into(), keys.collect());
    }

    /// A Secret of the resource, as an operator has written it.
    pub(crate) fn secret(&mut self, name: &str, kid: &str, created_at: i64) {
        let labels = [
            ("app", self.subject.name()),
            ("type", "maskinporten.digdirator.nais.io"),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let jwk = jwk(kid).to_string().into_bytes();
        let data = BTreeMap::from([("MASKINPORTEN_CLIENT_JWK".to_owned(), jwk)]);
        let secret = StoredSecret {
            name: name.into(),
            version: SecretVersion::default(),
            labels: labels.into(),
            created_at,
            annotations: BTreeMap::new(),
            owner: SecretOwner::Subject,
            entries: data.into(),
        };
        self.secrets.insert(name.into(), secret);
    }

    /// Starts a Pod with what a Secret holds now.
    pub(crate) fn start_pod(&mut self, secret: &str) {
        self.pods.push(Pod {
            secret: secret.into(),
            created_at: self.now,
            kid: self.kid_in(secret),
        });
    }

    pub(crate) fn kid_in(&self, secret: &str) -> Option<String> {
        let text = self.text(secret, "MASKINPORTEN_CLIENT_JWK")?;
        let jwk: Value = serde_json::from_str(&text).ok()?;
        jwk["kid"].as_str().map(str::to_owned)
    }

    /// The value of an entry of a Secret.
    pub(crate) fn text(&self, secret: &str, entry: &str) -> Option<String> {
        let value = self.secrets.get(secret)?.entries.expose(entry)?;
        Some(String::from_utf8(value.to_vec()).unwrap())
    }

    pub(crate) fn registered(&self, client_id: &str) -> Vec<&str> {
        let keys = self.issuer.key_sets.get(client_id).into_iter().flatten();
        keys.map(|key| key.jwk.kid()).collect()
    }

    pub(crate) fn active_clients(&self) -> usize {
        let clients = self.issuer.clients.values();
        clients.filter(|client| client.active).count()
    }
}
