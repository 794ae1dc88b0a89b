//! The operator works with the rights that the chart gives it, uses each of them, and may do nothing else.

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use portvakt_nais::desired::ClientKind;
use portvakt_nais::model::WorkloadKind;
use portvakt_operator::workload::{api, client_resource, resource};
use serde_json::{Value, json};

use super::NAMESPACE;
use super::audit::{Acts, asked, given};
use super::installation::Installation;
use crate::cluster::until;
use crate::others::issuer;

/// Asked by the API server itself, beside another act: whether the owner of a Secret may be kept from being
/// deleted, and whether what is applied may be made.
const BESIDE_OTHERS: [&str; 4] = [
    "update nais.io/maskinportenclients/finalizers",
    "update nais.io/idportenclients/finalizers",
    "create secrets",
    "create configmaps",
];

impl Installation<'_> {
    fn clients(&self, kind: ClientKind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.team, &client_resource(kind))
    }

    fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn create(&self, kind: ClientKind, name: &str, spec: &Value) {
        let mut object = DynamicObject::new(name, &client_resource(kind));
        object.data = json!({"spec": spec});
        let clients = self.clients(kind);
        let made = clients.create(&PostParams::default(), &object).await;
        made.unwrap();
    }

    async fn apply_workload(&self, kind: WorkloadKind, name: &str, spec: &Value) {
        let mut object = DynamicObject::new(name, &resource(kind));
        object.data = json!({"spec": spec});
        let params = PatchParams::apply("test").force();
        let workloads = api(&self.client, &self.team, kind);
        let applied = workloads.patch(name, &params, &Patch::Apply(&object)).await;
        applied.unwrap();
    }

    /// Waits until the condition `Ready` of a resource is this.
    async fn is(&self, kind: ClientKind, name: &str, generation: i64, ready: &str) {
        let clients = self.clients(kind);
        until(&format!("{name} is {ready}"), async || {
            let Some(found) = clients.get_opt(name).await.unwrap() else {
                return false;
            };
            let status = &found.data["status"];
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|condition| {
                condition["type"] == "Ready"
                    && condition["reason"] == ready
                    && condition["observedGeneration"] == generation
            })
        })
        .await;
    }

    async fn is_gone(&self, kind: ClientKind, name: &str) {
        let clients = self.clients(kind);
        until(&format!("{name} is gone"), async || {
            clients.get_opt(name).await.unwrap().is_none()
        })
        .await;
    }

    /// Waits until the operator has asked for this.
    async fn has_asked(&self, act: &str) {
        until(act, async || asked(&self.cluster).0.contains(act)).await;
    }

    /// Resources of both kinds come, change their Secret, fail and go.
    async fn clients_come_and_go(&self) {
        let machine = |secret: &str| {
            json!({
                "secretName": secret,
                "scopes": {"exposes": [{"name": "some.read", "product": "arbeid", "enabled": true}]},
            })
        };
        let login = json!({
            "secretName": "login", "clientURI": "https://a.example", "integrationType": "idporten",
            "redirectURIs": ["https://a.example/oauth2/callback"], "scopes": ["openid"],
        });
        self.create(ClientKind::Maskinporten, "app", &machine("first"))
            .await;
        self.create(ClientKind::IdPorten, "app", &login).await;
        self.is(ClientKind::Maskinporten, "app", 1, "Synchronized")
            .await;
        self.is(ClientKind::IdPorten, "app", 1, "Synchronized")
            .await;

        let change = json!({
            "metadata": {"annotations": {"digdir.nais.io/rotate": "true"}}, "spec": {"secretName": "second"},
        });
        let machines = self.clients(ClientKind::Maskinporten);
        let (params, change) = (PatchParams::default(), Patch::Merge(&change));
        let patched = machines.patch("app", &params, &change).await;
        patched.unwrap();
        self.is(ClientKind::Maskinporten, "app", 2, "Synchronized")
            .await;
        let secrets = self.secrets(&self.team);
        until("the unused Secret is gone", async || {
            secrets.get_opt("first").await.unwrap().is_none()
        })
        .await;
        assert!(secrets.get_opt("second").await.unwrap().is_some());

        // One that fails says so again and again.
        let taken = serde_json::from_value(json!({"metadata": {"name": "taken"}})).unwrap();
        secrets
            .create(&PostParams::default(), &taken)
            .await
            .unwrap();
        self.create(
            ClientKind::Maskinporten,
            "late",
            &json!({"secretName": "taken"}),
        )
        .await;
        self.is(ClientKind::Maskinporten, "late", 1, "Failed").await;
        self.has_asked("patch events.k8s.io/events").await;

        for (kind, name) in [
            (ClientKind::Maskinporten, "app"),
            (ClientKind::Maskinporten, "late"),
            (ClientKind::IdPorten, "app"),
        ] {
            let deleted = self
                .clients(kind)
                .delete(name, &DeleteParams::default())
                .await;
            deleted.unwrap();
            self.is_gone(kind, name).await;
        }
    }

    /// Workloads get their client resources, and lose them.
    async fn workloads_come_and_go(&self) {
        let asking = |secret: &str| {
            json!({
                "image": "example/app:1", "ingresses": ["https://a.example"],
                "maskinporten": {"enabled": true, "scopes": {"exposes": [
                    {"name": secret, "product": "arbeid", "enabled": true},
                ]}},
                "idporten": {"enabled": true, "clientURI": "https://a.example"},
            })
        };
        self.apply_workload(WorkloadKind::Application, "web", &asking("web.read"))
            .await;
        self.is(ClientKind::Maskinporten, "web", 1, "Synchronized")
            .await;
        self.is(ClientKind::IdPorten, "web", 1, "Synchronized")
            .await;
        let moved = json!({
            "image": "example/app:1", "ingresses": ["https://b.example"],
            "maskinporten": {"enabled": true, "scopes": {"exposes": [
                {"name": "web.write", "product": "arbeid", "enabled": true},
            ]}},
            "idporten": {"enabled": true, "clientURI": "https://b.example"},
        });
        self.apply_workload(WorkloadKind::Application, "web", &moved)
            .await;
        self.is(ClientKind::Maskinporten, "web", 2, "Synchronized")
            .await;
        self.is(ClientKind::IdPorten, "web", 2, "Synchronized")
            .await;
    }

    /// The Secrets that a new Pod takes its variables from.
    async fn injected(&self, labels: &Value) -> Vec<String> {
        let pod = json!({
            "metadata": {"generateName": "web-", "labels": labels},
            "spec": {"containers": [{"name": "web", "image": "example/app:1"}]},
        });
        let pod = serde_json::from_value(pod).unwrap();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.team);
        let made = pods.create(&PostParams::default(), &pod).await.unwrap();
        let container = made.spec.unwrap().containers.remove(0);
        let sources = container.env_from.unwrap_or_default();
        let sources = sources.into_iter().filter_map(|source| source.secret_ref);
        sources.map(|secret| secret.name).collect()
    }

    /// Pods are given what they ask for, and the certificate is replaced.
    async fn pods_are_injected(&self) {
        let configurations: Api<MutatingWebhookConfiguration> = Api::all(self.client.clone());
        until("the API server trusts the webhook", async || {
            let found = configurations.get("portvakt-webhook").await.unwrap();
            let mut webhooks = found.webhooks.into_iter().flatten();
            webhooks.all(|webhook| webhook.client_config.ca_bundle.is_some())
        })
        .await;
        let asks = json!({"app": "web", "portvakt/inject": "true"});
        until("Pods are injected", async || {
            self.injected(&asks).await.len() == 2
        })
        .await;
        assert_eq!(self.injected(&json!({"app": "web"})).await.len(), 2);
        self.apply_workload(
            WorkloadKind::Naisjob,
            "job",
            &json!({"image": "example/app:1"}),
        )
        .await;
        assert!(self.injected(&json!({"app": "job"})).await.is_empty());

        let rotate = json!({"metadata": {"annotations": {"portvakt/rotate": "true"}}});
        let secrets = self.secrets(NAMESPACE);
        let (params, rotate) = (PatchParams::default(), Patch::Merge(&rotate));
        let patched = secrets.patch("portvakt-webhook", &params, &rotate).await;
        patched.unwrap();
        self.has_asked("update secrets").await;
    }

    /// Waits until it is written down how far changes were followed.
    async fn follows_changes(&self) {
        self.has_asked("patch configmaps").await;
    }

    /// What the roles give, without what is asked for beside others, is what the operator has asked for.
    fn uses_what_it_is_given(&self) {
        let (asked, forbidden) = asked(&self.cluster);
        assert_eq!(forbidden, Acts::new());
        let given = given(&self.manifests);
        let unused = given.difference(&asked).map(String::as_str);
        let unused: Vec<_> = unused.filter(|act| !BESIDE_OTHERS.contains(act)).collect();
        assert!(unused.is_empty(), "nobody uses {unused:?}");
        let more: Vec<_> = asked.difference(&given).collect();
        assert!(more.is_empty(), "the roles do not give {more:?}");
    }

    /// Whether the operator may do this: verb, group, resource, namespace, name.
    async fn may(&self, [verb, group, resource, namespace, name]: [&str; 5]) -> bool {
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.operators_client().await);
        let review = json!({"spec": {"resourceAttributes": {
            "verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name,
        }}});
        let review = serde_json::from_value(review).unwrap();
        let reviewed = reviews.create(&PostParams::default(), &review).await;
        reviewed.unwrap().status.unwrap().allowed
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_resources_need_what_the_role_gives_and_no_more() {
    let server = issuer();
    let installation = Installation::new(&server, "webhook.enabled=false").await;
    let mut operator = installation.start();
    installation.clients_come_and_go().await;
    installation.follows_changes().await;
    assert!(operator.stop().success());
    installation.uses_what_it_is_given();
    for forbidden in [
        ["create", "nais.io", "maskinportenclients", "team", ""],
        ["delete", "nais.io", "maskinportenclients", "team", "app"],
        ["get", "nais.io", "applications", "team", "web"],
        [
            "update",
            "",
            "secrets",
            "portvakt-operator",
            "portvakt-webhook",
        ],
        [
            "patch",
            "admissionregistration.k8s.io",
            "mutatingwebhookconfigurations",
            "",
            "portvakt-webhook",
        ],
    ] {
        assert!(!installation.may(forbidden).await, "{forbidden:?}");
    }
}

/// Threat: whoever gets into the operator changes workloads, reads what is not its business, or gives themselves
/// more rights.
#[tokio::test(flavor = "multi_thread")]
async fn the_options_need_what_their_roles_give_and_no_more() {
    let server = issuer();
    let options = "webhook.enabled=true,applications.enabled=true";
    let installation = Installation::new(&server, options).await;
    let mut operator = installation.start();
    until("it leads", async || operator.is_leading().await).await;
    installation.workloads_come_and_go().await;
    installation.pods_are_injected().await;
    let nothing = json!({"image": "example/app:1"});
    installation
        .apply_workload(WorkloadKind::Application, "web", &nothing)
        .await;
    installation.is_gone(ClientKind::Maskinporten, "web").await;
    installation.is_gone(ClientKind::IdPorten, "web").await;
    installation.clients_come_and_go().await;
    installation.follows_changes().await;
    assert!(operator.stop().success());
    installation.uses_what_it_is_given();

    assert!(
        installation
            .may(["update", "", "secrets", NAMESPACE, "portvakt-webhook"])
            .await
    );
    for forbidden in [
        ["update", "", "secrets", NAMESPACE, "another"],
        ["update", "", "secrets", "team", "portvakt-webhook"],
        ["get", "coordination.k8s.io", "leases", NAMESPACE, "another"],
        [
            "update",
            "coordination.k8s.io",
            "leases",
            "team",
            "digdirator.nais.io",
        ],
        [
            "patch",
            "admissionregistration.k8s.io",
            "mutatingwebhookconfigurations",
            "",
            "another",
        ],
        [
            "create",
            "admissionregistration.k8s.io",
            "mutatingwebhookconfigurations",
            "",
            "",
        ],
        ["patch", "nais.io", "applications", "team", "web"],
        ["get", "", "configmaps", "team", "any"],
        ["create", "", "pods", "team", ""],
        ["get", "", "pods/log", "team", "any"],
        ["create", "", "pods/exec", "team", "any"],
        ["patch", "apps", "deployments", "team", "any"],
        [
            "create",
            "",
            "serviceaccounts/token",
            NAMESPACE,
            "portvakt-operator",
        ],
        [
            "get",
            "rbac.authorization.k8s.io",
            "clusterroles",
            "",
            "portvakt-operator",
        ],
        [
            "escalate",
            "rbac.authorization.k8s.io",
            "clusterroles",
            "",
            "portvakt-operator",
        ],
        ["impersonate", "", "users", "", "admin"],
    ] {
        assert!(!installation.may(forbidden).await, "{forbidden:?}");
    }
    // And so it is when it is tried.
    let client = installation.operators_client().await;
    let maps: Api<ConfigMap> = Api::namespaced(client, &installation.team);
    let refused = maps.list(&ListParams::default()).await.unwrap_err();
    assert!(refused.to_string().contains("forbidden"), "{refused}");
}
