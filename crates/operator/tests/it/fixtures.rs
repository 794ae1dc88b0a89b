//! What tests are about: resources, keys, and what was told.

use std::collections::BTreeMap;

use portvakt_nais::Settings;
use portvakt_nais::actual::{PublicJwk, RegisteredKey};
use portvakt_nais::environment::{Endpoints, PrivateJwk};
use portvakt_nais::manifest::Manifest;
use portvakt_nais::model::ResourceKind;
use portvakt_nais::plan::Policy;
use portvakt_operator::pass::{
    Conclusion, Entries, Issuers, Rules, SecretOwner, SecretVersion, StoredSecret, Subject,
};
use portvakt_operator::resource::ClientStatus;
use serde_json::{Value, json};

use crate::world::NOW;

/// The settings and issuers of the vectors.
pub(crate) fn rules() -> Rules {
    Rules {
        settings: Settings {
            default_client_scope: Some("nav:test/api".into()),
            ..Settings::new("dev-gcp", "nav")
        },
        policy: Policy::compatible(),
        issuers: issuers(),
    }
}

fn issuers() -> Issuers {
    let endpoints = |well_known: &str, issuer: &str, keys: &str, token: &str| Endpoints {
        well_known_url: well_known.into(),
        issuer: issuer.into(),
        jwks_uri: keys.into(),
        token_endpoint: token.into(),
    };
    Issuers {
        maskinporten: endpoints(
            "https://test.maskinporten.no/.well-known/oauth-authorization-server",
            "https://test.maskinporten.no/",
            "https://test.maskinporten.no/jwk",
            "https://test.maskinporten.no/token",
        ),
        idporten: Some(endpoints(
            "https://test.idporten.no/.well-known/openid-configuration",
            "https://test.idporten.no",
            "https://test.idporten.no/jwks.json",
            "https://test.idporten.no/token",
        )),
        idporten_audience: None,
    }
}

/// The client resource that a manifest stands for, as a cluster has it on the first day.
pub(crate) fn subject(manifest: &str) -> Subject {
    let resource = Manifest::parse(manifest).unwrap().resources.remove(0);
    let name = resource.metadata.name.to_string();
    let namespace = resource.metadata.namespace.clone().unwrap().to_string();
    let metadata = json!({"name": name, "namespace": namespace, "uid": "u1", "generation": 1});
    let object = |kind: &str, spec: Value| json!({"apiVersion": "nais.io/v1", "kind": kind, "metadata": metadata, "spec": spec});
    match resource.kind {
        ResourceKind::IdPortenClient(spec) => {
            let mut spec = serde_json::to_value(spec).unwrap();
            // A cluster stores the default.
            spec["integrationType"] = "idporten".into();
            let object = serde_json::from_value(object("IDPortenClient", spec)).unwrap();
            Subject::idporten(&object, "dev-gcp").unwrap()
        }
        ResourceKind::MaskinportenClient(spec) => {
            machine(object("MaskinportenClient", json!(spec)))
        }
        ResourceKind::Workload(workload) => {
            let spec = workload.maskinporten_client(&resource.metadata).unwrap();
            machine(object("MaskinportenClient", json!(spec)))
        }
    }
}

fn machine(object: Value) -> Subject {
    let object = serde_json::from_value(object).unwrap();
    Subject::maskinporten(&object, "dev-gcp").unwrap()
}

/// Status, as a pass for the present generation has left it.
pub(crate) fn synchronized(client_id: &str, secret: &str, keys: &[&str]) -> ClientStatus {
    ClientStatus {
        client_id: Some(client_id.into()),
        key_ids: keys.iter().map(ToString::to_string).collect(),
        observed_generation: Some(1),
        synchronization_secret_name: Some(secret.into()),
        synchronization_state: Some("Synchronized".into()),
        ..ClientStatus::default()
    }
}

pub(crate) fn jwk(kid: &str) -> Value {
    json!({"kty": "RSA", "kid": kid, "n": "N", "e": "AQAB", "d": "D", "p": "P", "q": "Q", "dp": "DP",
        "dq": "DQ", "qi": "QI"})
}

pub(crate) fn private(kid: &str) -> PrivateJwk {
    PrivateJwk::parse(&jwk(kid).to_string()).unwrap()
}

pub(crate) fn registered(kid: &str, expires_at: i64) -> RegisteredKey {
    let jwk =
        json!({"use": "sig", "kty": "RSA", "kid": kid, "alg": "RS256", "n": "N", "e": "AQAB"});
    RegisteredKey {
        jwk: PublicJwk::try_from(&jwk).unwrap(),
        expires_at: Some(expires_at),
    }
}

/// Texts of events, with their reasons.
pub(crate) fn told(conclusion: &Conclusion) -> Vec<String> {
    let events = conclusion.events.iter();
    events
        .map(|event| format!("{}: {}", event.reason, event.message))
        .collect()
}

/// Conditions as `Type=Status/Reason: message`.
pub(crate) fn conditions(status: &ClientStatus) -> Vec<String> {
    let conditions = status.conditions.iter();
    conditions
        .map(|c| format!("{}={}/{}: {}", c.kind, c.status, c.reason, c.message))
        .collect()
}

/// An empty Secret of another.
pub(crate) fn foreign_secret(name: &str, owner: SecretOwner) -> StoredSecret {
    StoredSecret {
        name: name.into(),
        version: SecretVersion::default(),
        labels: BTreeMap::new(),
        created_at: NOW,
        annotations: BTreeMap::new(),
        owner,
        entries: Entries::default(),
    }
}
