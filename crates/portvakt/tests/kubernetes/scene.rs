//! A namespace of the shared API server and an issuer, between which operators live and die.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::Client;
use kube::api::{Api, ListParams, PostParams};
use portvakt_client::SelfService;
use portvakt_nais::Settings;
use portvakt_nais::environment::Endpoints;
use portvakt_nais::plan::Policy;
use portvakt_operator::pass::{Issuers, Rules};
use portvakt_operator::resource::ClientStatus;
use portvakt_operator::shell::{ClientResource, Operator, Passed};
use portvakt_testkit::ApiServer;
use serde_json::{Value, json};

use crate::calls::Calls;
use crate::cluster::{counted, namespace};
use crate::issuer::Issuer;

/// Everything that an operator finds.
pub(crate) struct Scene {
    pub(crate) issuer: Issuer,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    /// The issuer's API as nobody counts it.
    pub(crate) api: SelfService,
}

/// What became of an operator that was to make a pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It made it.
    Passed(Passed),
    /// It died before its end.
    Died,
}

impl Life {
    /// Whether everything is as it is asked for, or gone as it was asked for.
    pub(crate) fn succeeded(&self) -> bool {
        matches!(self, Self::Passed(Passed::Succeeded(_) | Passed::Gone))
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let issuer = Issuer::start().await;
        let (client, namespace) = namespace().await;
        let api = issuer.api(&Calls::default()).await;
        Self {
            issuer,
            client,
            namespace,
            api,
        }
    }

    pub(crate) fn all<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// An operator that has just been started, and makes these calls.
    pub(crate) async fn operator(&self, calls: &Calls) -> Operator {
        let kubeconfig = ApiServer::shared().kubeconfig(ApiServer::ADMIN);
        operator(&self.issuer, kubeconfig, calls).await
    }

    /// Starts an operator and lets it make a pass over a resource.
    pub(crate) async fn pass<R: ClientResource>(&self, name: &str, calls: &Calls) -> Life {
        let operator = self.operator(calls).await;
        tokio::select! {
            passed = operator.pass::<R>(&self.namespace, name) => {
                Life::Passed(passed.unwrap_or_else(|error| panic!("{error}")))
            }
            () = calls.death() => Life::Died,
        }
    }

    /// Makes a resource.
    pub(crate) async fn create<R: ClientResource>(&self, resource: Value) -> R {
        let resource: R = serde_json::from_value(resource).unwrap();
        let created = self.all().create(&PostParams::default(), &resource).await;
        created.unwrap()
    }

    /// Writes a status, as an operator before has left it.
    pub(crate) async fn set_status<R: ClientResource>(&self, resource: &R, status: ClientStatus) {
        let wanted = resource.clone().with_status(status);
        let resources: Api<R> = self.all();
        let name = resource.meta().name.clone().unwrap();
        let params = PostParams::default();
        let written = resources.replace_status(&name, &params, &wanted).await;
        written.unwrap();
    }

    /// A Secret as the existing operator writes it, with this key in it and these other entries.
    pub(crate) async fn create_secret<R: ClientResource>(
        &self,
        resource: &R,
        name: &str,
        entries: BTreeMap<String, String>,
    ) {
        let owner = resource.controller_owner_ref(&());
        let secret = json!({
            "metadata": {
                "name": name,
                "labels": {"app": resource.meta().name, "type": R::SECRET_TYPE},
                "annotations": {"reloader.stakater.com/match": "true"},
                "ownerReferences": [owner],
            },
            "type": "Opaque",
            "stringData": entries,
        });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        let params = PostParams {
            field_manager: Some("digdirator".to_owned()),
            ..PostParams::default()
        };
        self.all().create(&params, &secret).await.unwrap();
    }

    /// A Pod of a workload that takes this Secret as variables.
    pub(crate) async fn create_pod(&self, workload: &str, secret: &str) {
        let pod = json!({
            "metadata": {"name": format!("{workload}-1"), "labels": {"app": workload}},
            "spec": {
                "automountServiceAccountToken": false,
                "containers": [{
                    "name": "app", "image": "example/app:1",
                    "envFrom": [{"secretRef": {"name": secret}}],
                }],
            },
        });
        let pod: Pod = serde_json::from_value(pod).unwrap();
        self.all()
            .create(&PostParams::default(), &pod)
            .await
            .unwrap();
    }

    /// The Secrets of the namespace by name, each with its entries as text.
    pub(crate) async fn secrets(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let secrets: Api<Secret> = self.all();
        let listed = secrets.list(&ListParams::default()).await.unwrap();
        let text = |value: k8s_openapi::ByteString| String::from_utf8(value.0).unwrap();
        let secrets = listed.items.into_iter().map(|secret| {
            let data = secret.data.unwrap_or_default().into_iter();
            let data = data.map(|(name, value)| (name, text(value)));
            (secret.metadata.name.unwrap(), data.collect())
        });
        secrets.collect()
    }

    /// Ids of the keys in the Secrets, with the names of their Secrets.
    pub(crate) async fn kids(&self) -> BTreeMap<String, String> {
        let mut kids = BTreeMap::new();
        for (secret, entries) in self.secrets().await {
            let jwk = entries
                .iter()
                .find(|(name, _)| name.ends_with("_CLIENT_JWK"));
            if let Some((_, jwk)) = jwk {
                let jwk: Value = serde_json::from_str(jwk).unwrap();
                kids.insert(jwk["kid"].as_str().unwrap().to_owned(), secret);
            }
        }
        kids
    }

    /// The active clients of a workload: id, scopes, and its keys by the names of the Secrets that hold
    /// them.
    pub(crate) async fn clients(&self, workload: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
        let description = format!("dev-gcp:{}:{workload}", self.namespace);
        let kids = self.kids().await;
        let mut found = Vec::new();
        for client in self.api.clients().await.unwrap() {
            if !client.active || client.description != description {
                continue;
            }
            let keys = self.api.keys(&client.client_id).await.unwrap().value.keys;
            let named = keys.iter().map(|key| {
                let kid = key["kid"].as_str().unwrap();
                kids.get(kid).cloned().unwrap_or_else(|| kid.to_owned())
            });
            found.push((client.client_id, client.scopes, named.collect()));
        }
        found
    }

    /// Who has access to a scope.
    pub(crate) async fn access(&self, scope: &str) -> BTreeMap<String, String> {
        let listed = self.api.access(scope).await.unwrap();
        let listed = listed
            .into_iter()
            .map(|one| (one.consumer_orgno, one.state));
        listed.collect()
    }

    /// Reasons of the events that were told of a resource, each as often as it was told.
    pub(crate) async fn events(&self) -> Vec<String> {
        use k8s_openapi::api::events::v1::Event;
        let events: Api<Event> = self.all();
        let events = events.list(&ListParams::default()).await.unwrap().items;
        let mut reasons = Vec::new();
        for event in events {
            assert_eq!(event.reporting_controller.as_deref(), Some("digdirator"));
            assert_eq!(event.action, event.reason);
            let count = event.series.map_or(1, |series| series.count);
            for _ in 0..count {
                reasons.push(event.reason.clone().unwrap());
            }
        }
        reasons.sort();
        reasons
    }
}

/// An operator of this cluster for this issuer that has just been started, and makes these calls.
pub(crate) async fn operator(issuer: &Issuer, kubeconfig: PathBuf, calls: &Calls) -> Operator {
    let client = counted(kubeconfig, calls).await;
    Operator::new(client, issuer.api(calls).await, rules(), || {
        "some-pass".to_owned()
    })
}

/// The settings and issuers of the vectors.
pub(crate) fn rules() -> Rules {
    let endpoints = |well_known: &str, issuer: &str, keys: &str, token: &str| Endpoints {
        well_known_url: well_known.into(),
        issuer: issuer.into(),
        jwks_uri: keys.into(),
        token_endpoint: token.into(),
    };
    Rules {
        settings: Settings {
            default_client_scope: Some("nav:test/api".into()),
            ..Settings::new("dev-gcp", "nav")
        },
        policy: Policy::compatible(),
        issuers: Issuers {
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
        },
    }
}

/// Conditions as `Type=Status`, in order.
pub(crate) fn conditions(status: &ClientStatus) -> Vec<String> {
    let conditions = status.conditions.iter();
    conditions
        .map(|condition| format!("{}={}", condition.kind, condition.status))
        .collect()
}
