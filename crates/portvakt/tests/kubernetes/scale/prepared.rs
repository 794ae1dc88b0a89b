//! A cluster and a service in which many resources have had their clients for long.

use std::sync::LazyLock;

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, PostParams};
use kube::{Client, Resource};
use portvakt_core::{Clock, SystemClock};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_operator::resource::{ClientStatus, MaskinportenClient};
use serde_json::{Value, json};

use crate::cluster::until;
use crate::support::DevServer;

pub(super) const NAV: &str = "889640782";
pub(super) const CONSUMER: &str = "310420107";
/// What every resource consumes, and what one gets in addition.
pub(super) const SCOPES: [&str; 2] = ["demo:innsyn.read", "demo:endring.write"];

/// Objects that are made at the same time.
const AT_ONCE: usize = 32;
/// A team's namespace has this many resources.
const IN_NAMESPACE: usize = 50;
/// Of so many resources one exposes a scope.
const EXPOSING: usize = 20;

/// The key of every client, each under an id of its own: keys of their own would take an hour to make.
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap());

/// One of the resources.
#[derive(Clone, Copy)]
pub(super) struct Workload(pub(super) usize);

impl Workload {
    pub(super) fn namespace(self) -> String {
        format!("team-{}", self.0 / IN_NAMESPACE)
    }

    pub(super) fn name(self) -> String {
        format!("app-{}", self.0)
    }

    /// The scope that it exposes, if it exposes one.
    pub(super) fn exposed(self) -> Option<String> {
        let subscope = self.subscope()?;
        Some(format!("nav:skala:{subscope}"))
    }

    fn subscope(self) -> Option<String> {
        let exposes = self.0.is_multiple_of(EXPOSING);
        exposes.then(|| format!("nummer{}.read", self.0))
    }

    pub(super) fn client_id(self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.0)
    }

    fn secret(self) -> String {
        format!("maskinporten-{}", self.name())
    }

    fn kid(self) -> String {
        format!("key-of-{}", self.name())
    }

    fn owner(self) -> String {
        format!("dev-gcp:{}:{}", self.namespace(), self.name())
    }

    /// Its client, with the key under its id.
    pub(super) fn credentials(self) -> portvakt_client::Credentials {
        portvakt_client::Credentials::with_key_id(&self.client_id(), KEY.clone(), &self.kid())
    }

    pub(super) fn resource(self) -> MaskinportenClient {
        let exposes = self.subscope().map(|name| {
            json!({"name": name, "product": "skala", "enabled": true, "consumers": [{"orgno": CONSUMER}]})
        });
        let resource = json!({
            "apiVersion": "nais.io/v1", "kind": "MaskinportenClient",
            "metadata": {
                "name": self.name(), "namespace": self.namespace(),
                "labels": {"app": self.name(), "team": self.namespace()},
                "annotations": {"nais.io/deploymentCorrelationID": self.client_id()},
                "finalizers": ["digdirator.nais.io/finalizer"],
            },
            "spec": {
                "secretName": self.secret(),
                "scopes": {"consumes": [{"name": SCOPES[0]}], "exposes": exposes.into_iter().collect::<Vec<_>>()},
            },
        });
        serde_json::from_value(resource).unwrap()
    }

    fn registered(self) -> Value {
        json!({
            "client_id": self.client_id(), "client_orgno": NAV, "client_name": "ARBEIDS- OG VELFERDSETATEN",
            "description": self.owner(), "integration_type": "maskinporten", "application_type": "web",
            "access_token_lifetime": 3600, "authorization_lifetime": 7200, "client_uri": "https://www.nav.no",
            "scopes": [SCOPES[0]], "jwks": {"keys": [KEY.public_jwk(&self.kid()).to_json()]},
        })
    }

    fn registered_scope(self) -> Option<Value> {
        Some(json!({
            "name": self.exposed()?, "description": format!("skala - {}", self.owner()), "at_max_age": 30,
            "allowed_integration_types": ["maskinporten"], "access": [CONSUMER],
        }))
    }

    fn status(self) -> ClientStatus {
        let mut status =
            crate::vector::synchronized(&self.client_id(), &self.secret(), &[self.kid()], 1);
        status.synchronization_time = Some(now());
        status
    }

    fn entries(self, issuer: &str) -> Value {
        let jwk = KEY.to_private_jwk(&self.kid()).unwrap();
        json!({
            "MASKINPORTEN_CLIENT_ID": self.client_id(), "MASKINPORTEN_CLIENT_JWK": jwk.as_str(),
            "MASKINPORTEN_SCOPES": SCOPES[0], "MASKINPORTEN_ISSUER": issuer,
            "MASKINPORTEN_WELL_KNOWN_URL": format!("{issuer}.well-known/oauth-authorization-server"),
            "MASKINPORTEN_JWKS_URI": format!("{issuer}jwk"), "MASKINPORTEN_TOKEN_ENDPOINT": format!("{issuer}token"),
        })
    }

    /// Stores the resource, its status and its Secret as an operator before has left them.
    async fn store(self, client: Client, issuer: &str) {
        let params = PostParams {
            field_manager: Some("digdirator".to_owned()),
            ..PostParams::default()
        };
        let resources: Api<MaskinportenClient> = Api::namespaced(client.clone(), &self.namespace());
        let made = resources.create(&params, &self.resource()).await.unwrap();
        let owner = made.controller_owner_ref(&());
        let done = MaskinportenClient {
            status: Some(self.status()),
            ..made
        };
        let written = resources.replace_status(&self.name(), &params, &done).await;
        written.unwrap();
        let secret = json!({
            "metadata": {
                "name": self.secret(), "ownerReferences": [owner],
                "labels": {"app": self.name(), "type": "maskinporten.digdirator.nais.io"},
                "annotations": {"reloader.stakater.com/match": "true"},
            },
            "type": "Opaque", "stringData": self.entries(issuer),
        });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        let secrets = Api::namespaced(client, &self.namespace());
        secrets.create(&params, &secret).await.unwrap();
    }
}

/// Registers the clients of so many workloads, with their scopes and the access to them.
pub(super) fn register(server: &DevServer, count: usize) {
    let workloads = || (0..count).map(Workload);
    let offered =
        SCOPES.map(|scope| json!({"name": scope, "description": "Demo", "access": [NAV]}));
    let exposed = workloads().filter_map(Workload::registered_scope);
    let registry = json!({
        "organizations": [{"orgno": CONSUMER, "name": "Demoetaten", "prefixes": ["demo"]}],
        "scopes": offered.into_iter().chain(exposed).collect::<Vec<_>>(),
        "clients": workloads().map(Workload::registered).collect::<Vec<_>>(),
    });
    let file = server.folder().join("scale.json");
    std::fs::write(&file, registry.to_string()).unwrap();
    server
        .run(&["registry", "apply", file.to_str().unwrap()])
        .done();
}

/// Stores so many resources with their Secrets.
pub(super) async fn store(client: &Client, server: &DevServer, count: usize) {
    let issuer = server.issuer();
    namespaces(client, 0..count.div_ceil(IN_NAMESPACE)).await;
    let stored = stream::iter((0..count).map(Workload));
    let stored = stored.for_each_concurrent(AT_ONCE, async |workload| {
        workload.store(client.clone(), &issuer).await;
    });
    stored.await;
}

/// Makes resources that have nothing yet, with the numbers of workloads that are not prepared.
pub(super) async fn deploy(client: &Client, numbers: std::ops::Range<usize>) {
    namespaces(
        client,
        numbers.start / IN_NAMESPACE..numbers.end.div_ceil(IN_NAMESPACE),
    )
    .await;
    for workload in numbers.map(Workload) {
        let resources: Api<MaskinportenClient> =
            Api::namespaced(client.clone(), &workload.namespace());
        let mut resource = workload.resource();
        resource.metadata.finalizers = None;
        let made = resources.create(&PostParams::default(), &resource).await;
        made.unwrap();
    }
}

async fn namespaces(client: &Client, numbers: std::ops::Range<usize>) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for number in numbers {
        let name = format!("team-{number}");
        if namespaces.get_opt(&name).await.unwrap().is_some() {
            continue;
        }
        let namespace = json!({"metadata": {"name": name}});
        let namespace = serde_json::from_value(namespace).unwrap();
        let made = namespaces.create(&PostParams::default(), &namespace).await;
        made.unwrap();
    }
}

/// Waits until the resource says `Ready` for what it asks for now.
pub(super) async fn ready(client: &Client, workload: Workload) {
    let resources: Api<MaskinportenClient> = Api::namespaced(client.clone(), &workload.namespace());
    until("it is ready", async || {
        let resource = resources.get(&workload.name()).await.unwrap();
        let status = resource.status.unwrap_or_default();
        status.observed_generation == resource.metadata.generation
            && crate::scene::conditions(&status).contains(&"Ready=True".to_owned())
    })
    .await;
}

/// This moment, as a status has it.
fn now() -> String {
    let now = SystemClock.now().seconds();
    let at = time::OffsetDateTime::from_unix_timestamp(now).unwrap();
    at.format(&time::format_description::well_known::Rfc3339)
        .unwrap()
}
