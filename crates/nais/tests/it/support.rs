//! What the tests share: settings, keys, and the calls that a plan stands for.

use portvakt_nais::Settings;
use portvakt_nais::actual::{Actual, LocalKeys, ObservedClient, PublicJwk, RegisteredKey};
use portvakt_nais::desired::{Desired, client_body, desired};
use portvakt_nais::manifest::Manifest;
use portvakt_nais::plan::{Action, Plan, Policy, plan};
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const DAY: i64 = 86_400;

/// The settings of the vectors.
pub(crate) fn settings() -> Settings {
    Settings {
        default_client_scope: Some("nav:test/api".into()),
        ..Settings::new("dev-gcp", "nav")
    }
}

/// Without a default scope, as a command line has it.
pub(crate) fn bare_settings() -> Settings {
    Settings::new("dev-gcp", "nav")
}

pub(crate) fn wanted(manifest: &str, settings: &Settings) -> Vec<Desired> {
    desired(
        &Manifest::parse_named("app.yaml", manifest).unwrap(),
        settings,
    )
    .unwrap()
}

pub(crate) fn key(kid: &str) -> PublicJwk {
    let jwk =
        json!({"use": "sig", "kty": "RSA", "kid": kid, "alg": "RS256", "n": "N", "e": "AQAB"});
    PublicJwk::try_from(&jwk).unwrap()
}

pub(crate) fn registered(kid: &str, days: i64) -> RegisteredKey {
    RegisteredKey {
        jwk: key(kid),
        expires_at: Some(NOW + days * DAY),
    }
}

/// A scope with the documented defaults.
pub(crate) fn scope(actual: &mut Actual, name: &str, description: &str, active: bool) {
    let (prefix, subscope) = name.split_once(':').unwrap();
    let scope = json!({
        "name": name, "prefix": prefix, "subscope": subscope, "description": description,
        "active": active, "visibility": "PUBLIC", "accessible_for_all": false,
        "allowed_integration_types": ["maskinporten"], "at_max_age": 30,
        "token_type": "SELF_CONTAINED",
    });
    actual
        .scopes
        .insert(name.into(), serde_json::from_value(scope).unwrap());
    actual.access.entry(name.into()).or_default();
}

pub(crate) fn access(actual: &mut Actual, scope: &str, consumer: &str, state: &str) {
    let state = portvakt_nais::actual::AccessState::parse(state).unwrap();
    let access = actual.access.entry(scope.into()).or_default();
    access.insert(consumer.into(), state);
}

/// A client that is as its resource wants it, but for these scopes.
pub(crate) fn client(actual: &mut Actual, id: &str, resource: &Desired, scopes: &[&str]) {
    let mut attributes = resource.client.as_ref().unwrap().body.clone();
    attributes.scopes = Some(scopes.iter().map(ToString::to_string).collect());
    let active = true;
    actual
        .clients
        .insert(id.into(), ObservedClient { attributes, active });
}

pub(crate) fn local(current: &str, in_use: &[&str], rotate: bool) -> LocalKeys {
    LocalKeys {
        current: Some(key(current)),
        in_use: in_use.iter().map(|kid| key(kid)).collect(),
        rotate,
        ..LocalKeys::default()
    }
}

pub(crate) fn compatible(wanted: &[Desired], actual: &Actual) -> Plan {
    plan(wanted, actual, &Policy::compatible(), None).unwrap()
}

/// The calls that change something, as method, address and body.
pub(crate) fn calls(plan: &Plan, new_key: &str) -> Vec<(String, Value)> {
    plan.steps
        .iter()
        .filter_map(|step| call(&step.action, new_key))
        .collect()
}

fn call(action: &Action, new_key: &str) -> Option<(String, Value)> {
    let to_json = |body| serde_json::to_value(body).unwrap();
    Some(match action {
        Action::CreateScope { body, .. } => ("POST /scopes".into(), to_json(body)),
        Action::UpdateScope { scope, body, .. }
        | Action::AdoptScope { scope, body, .. }
        | Action::ReactivateScope { scope, body, .. } => {
            (format!("PUT /scopes?scope={scope}"), to_json(body))
        }
        Action::DeactivateScope { scope } => (format!("DELETE /scopes?scope={scope}"), Value::Null),
        Action::GrantAccess { scope, consumer } | Action::RegrantAccess { scope, consumer } => (
            format!("PUT /scopes/access/{consumer}?scope={scope}"),
            Value::Null,
        ),
        Action::WithdrawAccess { scope, consumer } => (
            format!("DELETE /scopes/access/{consumer}?scope={scope}"),
            Value::Null,
        ),
        Action::CreateClient { body, .. } => ("POST /clients".into(), client_body(body).unwrap()),
        Action::AdoptClient { .. } => return None,
        Action::UpdateClient {
            client_id, body, ..
        } => (
            format!("PUT /clients/{client_id}"),
            client_body(body).unwrap(),
        ),
        Action::DeactivateClient { client_id, .. } => {
            (format!("DELETE /clients/{client_id}"), Value::Null)
        }
        Action::ReplaceKeys {
            client_id, keys, ..
        } => {
            let id = client_id.clone().unwrap_or("{new}".into());
            let body = keys.body(Some(&key(new_key))).unwrap();
            (
                format!("POST /clients/{id}/jwks"),
                serde_json::to_value(body).unwrap(),
            )
        }
    })
}

/// The public half of a key, as it is sent.
pub(crate) fn public(kid: &str) -> Value {
    json!({"use": "sig", "kty": "RSA", "kid": kid, "alg": "RS256", "n": "N", "e": "AQAB"})
}
