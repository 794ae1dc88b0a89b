//! The specification's vectors on a real API server and a running Portvakt (spec: nais §11): what each
//! begins with, and the state that it ends in.

use std::collections::BTreeMap;

use kube::api::{Api, DeleteParams, Patch, PatchParams};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_nais::environment::PrivateJwk;
use portvakt_nais::manifest::Manifest;
use portvakt_nais::model::ResourceKind;
use portvakt_operator::pass::{FINALIZER, OLD_FINALIZER, PRESERVE};
use portvakt_operator::resource::{ClientStatus, IDPortenClient, MaskinportenClient};
use serde_json::{Value, json};

use crate::calls::Calls;
use crate::scene::{Life, Scene, conditions};

/// One vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vector {
    V1,
    V2,
    V3,
    V4,
    /// The end of the fourth: the resource is deleted, and its client stays.
    V4Preserved,
    /// The same without the annotation.
    V4Deleted,
    V5,
    V6,
}

use Vector::{V1, V2, V3, V4, V4Deleted, V4Preserved, V5, V6};

impl Vector {
    fn manifest(self) -> &'static str {
        match self {
            V1 => include_str!("../../../nais/tests/it/vectors/v1.yaml"),
            V2 => include_str!("../../../nais/tests/it/vectors/v2.yaml"),
            V3 => include_str!("../../../nais/tests/it/vectors/v3.yaml"),
            V4 | V4Preserved | V4Deleted => include_str!("../../../nais/tests/it/vectors/v4.yaml"),
            V5 => include_str!("../../../nais/tests/it/vectors/v5.yaml"),
            V6 => include_str!("../../../nais/tests/it/vectors/v6.yaml"),
        }
    }

    /// Name of its resource.
    pub(crate) fn name(self) -> &'static str {
        match self {
            V1 => "laanesok",
            V2 => "fartoy-api",
            V3 => "tilskudd-gateway",
            V4 | V4Preserved | V4Deleted => "havne-jobb",
            V5 => "minside",
            V6 => "kai-plass",
        }
    }

    /// The resource that its manifest stands for, to be made.
    fn resource(self) -> Value {
        let resource = Manifest::parse(self.manifest())
            .unwrap()
            .resources
            .remove(0);
        let (kind, spec) = match resource.kind {
            ResourceKind::IdPortenClient(spec) => ("IDPortenClient", json!(spec)),
            ResourceKind::MaskinportenClient(spec) => ("MaskinportenClient", json!(spec)),
            ResourceKind::Workload(workload) => {
                let spec = workload.maskinporten_client(&resource.metadata).unwrap();
                ("MaskinportenClient", json!(spec))
            }
        };
        json!({
            "apiVersion": "nais.io/v1", "kind": kind, "metadata": {"name": self.name()}, "spec": spec,
        })
    }

    /// Brings everything to where the vector begins.
    pub(crate) async fn prepare(self, scene: &Scene) {
        match self {
            V1 | V2 => drop(scene.create::<MaskinportenClient>(self.resource()).await),
            V5 => drop(scene.create::<IDPortenClient>(self.resource()).await),
            V3 => self.prepare_update(scene).await,
            V4 => self.prepare_rename(scene).await,
            V4Preserved | V4Deleted => {
                self.prepare_rename(scene).await;
                assert!(self.pass(scene, &Calls::default()).await.succeeded());
                let resources: Api<MaskinportenClient> = scene.all();
                if self == V4Preserved {
                    let patch = json!({"metadata": {"annotations": {PRESERVE: "true"}}});
                    let patch = Patch::Merge(patch);
                    let params = PatchParams::default();
                    resources.patch(self.name(), &params, &patch).await.unwrap();
                }
                let params = DeleteParams::default();
                resources.delete(self.name(), &params).await.unwrap();
            }
            V6 => self.prepare_adoption(scene).await,
        }
    }

    /// Brings the first vector to where the existing operator has left it.
    pub(crate) async fn prepare_taken_over(self, scene: &Scene) {
        let secret = "maskinporten-laanesok-9b0cdc78";
        let scopes = ["demoskatt:inntekt.read", "demoregister:oppslag/enhet.read"];
        let mut resource = self.resource();
        resource["metadata"]["finalizers"] = json!([OLD_FINALIZER, FINALIZER]);
        let resource: MaskinportenClient = scene.create(resource).await;
        let (id, keys) = registered(scene, self, &scopes, &[secret]).await;
        let entries = entries(&id, &keys[0].1, &scopes.join(" "));
        scene.create_secret(&resource, secret, entries).await;
        scene.create_pod(self.name(), secret).await;
        let kids = [keys[0].0.clone()];
        let mut status = synchronized(&id, secret, &kids, 1);
        status.synchronization_hash = Some("da7b8361baebe374".to_owned());
        scene.set_status(&resource, status).await;
    }

    async fn prepare_update(self, scene: &Scene) {
        let secret = "maskinporten-tilskudd-gateway-74b06953";
        let scope = "nav:tilskudd/soknad/v1.write";
        let resource: MaskinportenClient = scene.create(self.resource()).await;
        let (id, kid) = registered(scene, self, &["demokart:adresse.read"], &[secret]).await;
        make_scope(scene, "tilskudd/soknad/v1.write", "tilskudd", self).await;
        for consumer in ["310000011", "310000044", "310000055"] {
            scene.api.grant(scope, consumer).await.unwrap();
        }
        for consumer in ["310000011", "310000055"] {
            scene.api.withdraw(scope, consumer).await.unwrap();
        }
        scene.api.deactivate_scope(scope, None).await.unwrap();
        scene
            .create_secret(&resource, secret, entries(&id, &kid[0].1, ""))
            .await;
        let kids: Vec<_> = kid.iter().map(|(kid, _)| kid.clone()).collect();
        let status = synchronized(&id, secret, &kids, 0);
        scene.set_status(&resource, status).await;
    }

    async fn prepare_rename(self, scene: &Scene) {
        let secrets = ["havne-jobb-mp-1", "havne-jobb-mp-0"];
        let mut resource = self.resource();
        resource["metadata"]["finalizers"] = json!([OLD_FINALIZER]);
        let resource: MaskinportenClient = scene.create(resource).await;
        let scopes = ["demoregister:oppslag/enhet.read"];
        let (id, keys) = registered(scene, self, &scopes, &secrets).await;
        for subscope in ["havn:anlop.read", "havn:gammel.read"] {
            make_scope(scene, subscope, "havn", self).await;
        }
        let granted = scene.api.grant("nav:havn:gammel.read", "310000011").await;
        granted.unwrap();
        // The one that is in use is the newer, as the list has it.
        for (secret, (_, jwk)) in secrets.into_iter().zip(&keys).rev() {
            let entries = entries(&id, jwk, scopes[0]);
            scene.create_secret(&resource, secret, entries).await;
        }
        scene.create_pod(self.name(), secrets[0]).await;
        let kids: Vec<_> = keys.iter().map(|(kid, _)| kid.clone()).collect();
        let status = synchronized(&id, secrets[0], &kids, 0);
        scene.set_status(&resource, status).await;
    }

    async fn prepare_adoption(self, scene: &Scene) {
        scene.create::<MaskinportenClient>(self.resource()).await;
        registered(scene, self, &["nav:test/api"], &["unknown"]).await;
        make_scope_by(
            scene,
            "havn/kai.read",
            "devgcp:teamhavn:kaiplass.havn/kai.read",
        )
        .await;
        let granted = scene.api.grant("nav:havn/kai.read", "310000011").await;
        granted.unwrap();
    }

    /// Lets an operator make a pass over the resource, unless it dies.
    pub(crate) async fn pass(self, scene: &Scene, calls: &Calls) -> Life {
        match self {
            V5 => scene.pass::<IDPortenClient>(self.name(), calls).await,
            _ => scene.pass::<MaskinportenClient>(self.name(), calls).await,
        }
    }

    /// What the resource's status says.
    pub(crate) async fn status(self, scene: &Scene) -> Option<ClientStatus> {
        let name = self.name();
        if self == V5 {
            let resource: Option<IDPortenClient> = scene.all().get_opt(name).await.unwrap();
            resource.and_then(|resource| resource.status)
        } else {
            let resource: Option<MaskinportenClient> = scene.all().get_opt(name).await.unwrap();
            resource.and_then(|resource| resource.status)
        }
    }

    /// Everything that there is in the end, but for what is made up anew each time: ids, keys, times. Keys
    /// are named by the Secrets that hold them.
    pub(crate) async fn state(self, scene: &Scene) -> Value {
        let clients = scene.clients(self.name()).await;
        let ids: Vec<_> = clients.iter().map(|(id, _, _)| id.as_str()).collect();
        let mut secrets = scene.secrets().await;
        for (name, entry) in secrets.values_mut().flatten() {
            if name.ends_with("_CLIENT_JWK") {
                "a key".clone_into(entry);
            } else if name.ends_with("_CLIENT_ID") {
                let is_there = ids.contains(&entry.as_str());
                let what = if is_there { "the client" } else { "no client" };
                what.clone_into(entry);
            }
        }
        let mut scopes = BTreeMap::new();
        for scope in scene.api.scopes().await.unwrap() {
            let shown = json!({
                "active": scope.active, "description": scope.description.replace(&scene.namespace, "NAMESPACE"),
                "at_max_age": scope.at_max_age, "visibility": scope.visibility,
                "accessible_for_all": scope.accessible_for_all, "delegation_source": scope.delegation_source,
                "access": scene.access(&scope.name).await,
            });
            scopes.insert(scope.name, shown);
        }
        let kids = scene.kids().await;
        let status = self.status(scene).await.map(|status| {
            let keys = status.key_ids.iter().map(|kid| kids.get(kid));
            json!({
                "conditions": conditions(&status), "hash": status.synchronization_hash,
                "secret": status.synchronization_secret_name, "state": status.synchronization_state,
                "generation": status.observed_generation, "keys": keys.collect::<Vec<_>>(),
                "is_the_client": status.client_id.as_deref().is_some_and(|id| ids.contains(&id)),
            })
        });
        let clients = clients
            .into_iter()
            .map(|(_, scopes, keys)| json!({"scopes": scopes, "keys": keys}));
        json!({
            "clients": clients.collect::<Vec<_>>(), "secrets": secrets, "scopes": scopes, "status": status,
        })
    }
}

/// Registers the client of a vector as the existing operator does, with a new key for each of these Secrets.
/// Answers its id, and the ids and texts of the keys.
async fn registered(
    scene: &Scene,
    vector: Vector,
    scopes: &[&str],
    secrets: &[&str],
) -> (String, Vec<(String, String)>) {
    let body = json!({
        "access_token_lifetime": 3600, "application_type": "web", "authorization_lifetime": 7200,
        "client_name": "ARBEIDS- OG VELFERDSETATEN", "client_uri": "https://www.nav.no",
        "description": format!("dev-gcp:{}:{}", scene.namespace, vector.name()),
        "frontchannel_logout_session_required": false,
        "grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "integration_type": "maskinporten", "post_logout_redirect_uris": null, "redirect_uris": null,
        "refresh_token_usage": "ONETIME", "scopes": scopes, "sso_disabled": false,
        "token_endpoint_auth_method": "private_key_jwt",
    });
    let made = scene.api.create_client(&body).await.unwrap();
    let id = made.value.client_id;
    let (mut keys, mut public) = (Vec::new(), Vec::new());
    for secret in secrets {
        let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
        let kid = format!("key-of-{secret}");
        let private = key.to_private_jwk(&kid).unwrap();
        public.push(Value::from(
            PrivateJwk::parse(&private)
                .unwrap()
                .public()
                .members()
                .clone(),
        ));
        keys.push((kid, as_written(&private)));
    }
    let set = serde_json::from_value(json!({"keys": public})).unwrap();
    scene.api.replace_keys(&id, &set, None).await.unwrap();
    (id, keys)
}

/// A private JWK with its members in the order in which the existing operator writes them.
fn as_written(jwk: &str) -> String {
    let mut jwk: Value = serde_json::from_str(jwk).unwrap();
    (jwk["use"], jwk["alg"]) = (json!("sig"), json!("RS256"));
    let members = [
        "use", "kty", "kid", "alg", "n", "e", "d", "p", "q", "dp", "dq", "qi",
    ];
    let members = members.map(|name| format!("\"{name}\":{}", jwk[name]));
    format!("{{{}}}", members.join(","))
}

async fn make_scope(scene: &Scene, subscope: &str, product: &str, vector: Vector) {
    let owner = format!("dev-gcp:{}:{}", scene.namespace, vector.name());
    make_scope_by(scene, subscope, &format!("{product} - {owner}")).await;
}

async fn make_scope_by(scene: &Scene, subscope: &str, description: &str) {
    let body = json!({
        "accessible_for_all": false, "active": true, "allowed_integration_types": ["maskinporten"],
        "at_max_age": 30, "description": description, "name": "", "prefix": "nav",
        "requires_pseudonymous_tokens": false, "requires_user_authentication": false,
        "requires_user_consent": false, "subscope": subscope, "token_type": "SELF_CONTAINED",
        "visibility": "PUBLIC",
    });
    let body = serde_json::from_value(body).unwrap();
    scene.api.create_scope(&body).await.unwrap();
}

/// The entries of a machine client's Secret.
pub(crate) fn entries(id: &str, jwk: &str, scopes: &str) -> BTreeMap<String, String> {
    let entries = [
        ("CLIENT_ID", id),
        ("CLIENT_JWK", jwk),
        ("SCOPES", scopes),
        (
            "WELL_KNOWN_URL",
            "https://test.maskinporten.no/.well-known/oauth-authorization-server",
        ),
        ("ISSUER", "https://test.maskinporten.no/"),
        ("JWKS_URI", "https://test.maskinporten.no/jwk"),
        ("TOKEN_ENDPOINT", "https://test.maskinporten.no/token"),
    ];
    let entries = entries.map(|(name, value)| (format!("MASKINPORTEN_{name}"), value.to_owned()));
    entries.into()
}

/// Status, as a pass of the existing operator has left it for this generation.
pub(crate) fn synchronized(
    id: &str,
    secret: &str,
    kids: &[String],
    generation: i64,
) -> ClientStatus {
    ClientStatus {
        client_id: Some(id.to_owned()),
        key_ids: kids.to_vec(),
        observed_generation: Some(generation),
        synchronization_secret_name: Some(secret.to_owned()),
        synchronization_state: Some("Synchronized".to_owned()),
        synchronization_time: Some("2026-03-01T09:15:00Z".to_owned()),
        ..ClientStatus::default()
    }
}
