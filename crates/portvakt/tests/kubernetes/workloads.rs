//! Workloads get their client resources on a real API server (spec: nais §3.7). The platform's definitions are
//! not ours; here their kinds hold anything.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use portvakt_nais::desired::ClientKind;
use portvakt_nais::model::WorkloadKind;
use portvakt_operator::workload::{self, api, client_resource, run};
use portvakt_testkit::ApiServer;
use serde_json::{Value, json};
use tokio::sync::{Notify, OnceCell};
use tokio::task::JoinHandle;

use crate::between::Between;
use crate::calls::Calls;
use crate::cluster::{counted_client, established, namespace, until};

/// The controllers of both kinds, until they are dropped.
struct Controllers {
    stop: Arc<Notify>,
    running: Vec<JoinHandle<()>>,
}

impl Controllers {
    fn start(client: &Client) -> Self {
        let stop = Arc::new(Notify::new());
        let running = workload::KINDS.map(|kind| {
            let stop = Arc::clone(&stop);
            let until_stopped = async move { stop.notified().await };
            tokio::spawn(run(kind, client.clone(), false, until_stopped))
        });
        Self {
            stop,
            running: running.into(),
        }
    }

    /// Both end when they are told to.
    async fn stop(self) {
        self.stop.notify_waiters();
        for running in self.running {
            running.await.unwrap();
        }
    }
}

/// Defines both kinds on the shared server, once.
async fn defined(client: &Client) {
    static DEFINED: OnceCell<()> = OnceCell::const_new();
    DEFINED.get_or_init(|| define(client)).await;
}

/// Defines both kinds, as far as tests need them.
pub(crate) async fn define(client: &Client) {
    for (kind, plural, version) in [
        (WorkloadKind::Application, "applications", "v1alpha1"),
        (WorkloadKind::Naisjob, "naisjobs", "v1"),
    ] {
        let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.nais.io")},
            "spec": {
                "group": "nais.io", "scope": "Namespaced",
                "names": {
                    "kind": kind.as_str(),
                    "plural": plural,
                    "singular": kind.as_str().to_lowercase(),
                },
                "versions": [{
                    "name": version, "served": true, "storage": true,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": open, "status": open}}},
                }],
            },
        });
        let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
        let definition = serde_json::from_value(definition).unwrap();
        let made = definitions
            .create(&PostParams::default(), &definition)
            .await;
        established(&definitions, &made.unwrap().metadata.name.unwrap()).await;
        // A version that is new to its group is served a moment later.
        let workloads = api(client, "default", kind);
        until(plural, async || {
            workloads.list(&ListParams::default()).await.is_ok()
        })
        .await;
    }
}

fn object(kind: WorkloadKind, name: &str, spec: &Value) -> DynamicObject {
    let mut object = DynamicObject::new(name, &workload::resource(kind));
    object.data = json!({"spec": spec});
    object
}

async fn apply(client: &Client, namespace: &str, kind: WorkloadKind, name: &str, spec: &Value) {
    let api = api(client, namespace, kind);
    let params = PatchParams::apply("test").force();
    let object = object(kind, name, spec);
    api.patch(name, &params, &Patch::Apply(&object))
        .await
        .unwrap();
}

fn clients(client: &Client, namespace: &str, kind: ClientKind) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &client_resource(kind))
}

/// `spec.maskinporten` that consumes one scope.
fn consuming(scope: &str) -> Value {
    json!({"image": "example/app:1", "maskinporten": {
        "enabled": true, "scopes": {"consumes": [{"name": scope}]},
    }})
}

#[tokio::test(flavor = "multi_thread")]
async fn client_resources_come_change_and_go_with_their_sections() {
    let (client, namespace) = namespace().await;
    defined(&client).await;
    let controllers = Controllers::start(&client);
    let machines = clients(&client, &namespace, ClientKind::Maskinporten);
    let logins = clients(&client, &namespace, ClientKind::IdPorten);
    let consumes = async |name: &str, scope: &str| {
        let found = machines.get_opt(name).await.unwrap();
        found.is_some_and(|it| it.data["spec"]["scopes"]["consumes"] == json!([{"name": scope}]))
    };
    for (kind, name) in [
        (WorkloadKind::Application, "app"),
        (WorkloadKind::Naisjob, "job"),
    ] {
        apply(&client, &namespace, kind, name, &consuming("a:b")).await;
        until("the client resource is made", async || {
            consumes(name, "a:b").await
        })
        .await;
        let made = machines.get(name).await.unwrap();
        let owner = &made.metadata.owner_references.as_ref().unwrap()[0];
        assert_eq!(
            (owner.kind.as_str(), owner.controller),
            (kind.as_str(), None)
        );
        assert_eq!(made.metadata.labels.as_ref().unwrap()["team"], namespace);

        apply(&client, &namespace, kind, name, &consuming("a:c")).await;
        until("the client resource follows", async || {
            consumes(name, "a:c").await
        })
        .await;
        let deleted = machines.delete(name, &DeleteParams::default()).await;
        deleted.unwrap();
        until("what was deleted is made again", async || {
            consumes(name, "a:c").await
        })
        .await;
        apply(
            &client,
            &namespace,
            kind,
            name,
            &json!({"image": "example/app:1"}),
        )
        .await;
        until("the client resource is gone", async || {
            machines.get_opt(name).await.unwrap().is_none()
        })
        .await;
    }
    let legacy = json!({
        "ingresses": ["https://a.example"],
        "idporten": {"enabled": true, "clientURI": "https://a.example"},
    });
    apply(
        &client,
        &namespace,
        WorkloadKind::Application,
        "login",
        &legacy,
    )
    .await;
    until("the login client is made", async || {
        logins.get_opt("login").await.unwrap().is_some()
    })
    .await;
    controllers.stop().await;
}

/// A connection that died in silence is found out by then.
#[tokio::test(flavor = "multi_thread")]
async fn every_watch_is_for_a_minute() {
    let (client, _) = namespace().await;
    defined(&client).await;
    let between = Between::before_cluster(ApiServer::shared()).await;
    let controllers = Controllers::start(&between.client(Duration::from_secs(90)));
    // Of each kind the workloads, and both kinds of client resources.
    until("everything is watched", async || {
        between.asked("GET", "watch=true") == 6
    })
    .await;
    assert_eq!(between.asked("GET", "watch=true timeoutSeconds=60&"), 6);
    controllers.stop().await;
}

/// Patches the status of an object.
async fn report(api: &Api<DynamicObject>, name: &str) {
    let status = Patch::Merge(json!({"status": {"synchronizationState": "Synchronized"}}));
    let params = PatchParams::default();
    api.patch_status(name, &params, &status).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_to_a_status_is_no_reason_to_look_again() {
    let (client, namespace) = namespace().await;
    defined(&client).await;
    let calls = Calls::default();
    let controllers = Controllers::start(&counted_client(&calls).await);
    let machines = clients(&client, &namespace, ClientKind::Maskinporten);
    let is_made = async |name: &str| machines.get_opt(name).await.unwrap().is_some();
    // Counted are the passes, by the first thing that one asks for.
    let passes = |name: &str| {
        let place = format!("/namespaces/{namespace}/maskinportenclients/{name}");
        let made = calls.made();
        let reads = made
            .iter()
            .filter(|call| call.contains("GET") && call.ends_with(&place));
        reads.count()
    };
    let job = WorkloadKind::Naisjob;
    apply(&client, &namespace, job, "job", &consuming("a:b")).await;
    // Once for the workload and once for its client resource, which is new.
    until("the job is looked at", async || passes("job") == 2).await;
    report(&machines, "job").await;
    report(&api(&client, &namespace, job), "job").await;
    // Whoever comes later is looked at later.
    for name in ["later", "last"] {
        apply(&client, &namespace, job, name, &consuming("a:b")).await;
        until("the next is made", async || is_made(name).await).await;
    }
    assert_eq!(passes("job"), 2, "{:?}", calls.made());
    // What is deleted is looked at, although it has not changed before.
    let deleted = machines.delete("job", &DeleteParams::default()).await;
    deleted.unwrap();
    until("it is made again", async || is_made("job").await).await;
    controllers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_by_hand_is_left_alone_and_it_is_told() {
    let (client, namespace) = namespace().await;
    defined(&client).await;
    let machines = clients(&client, &namespace, ClientKind::Maskinporten);
    let mut by_hand = DynamicObject::new("app", &client_resource(ClientKind::Maskinporten));
    by_hand.data = json!({"spec": {"secretName": "mine"}});
    let by_hand = machines
        .create(&PostParams::default(), &by_hand)
        .await
        .unwrap();
    let controllers = Controllers::start(&client);
    apply(
        &client,
        &namespace,
        WorkloadKind::Application,
        "app",
        &consuming("a:b"),
    )
    .await;
    let events: Api<Event> = Api::namespaced(client.clone(), &namespace);
    until("it is told", async || {
        let events = events.list(&ListParams::default()).await.unwrap().items;
        let mut notes = events.iter().filter_map(|event| event.note.as_deref());
        notes.any(|note| note.contains("was made by hand and is left alone"))
    })
    .await;
    // Without the section it stays, too.
    let without = json!({"image": "example/app:1"});
    apply(
        &client,
        &namespace,
        WorkloadKind::Application,
        "app",
        &without,
    )
    .await;
    // Another workload's client shows that the queue has come past it.
    apply(
        &client,
        &namespace,
        WorkloadKind::Application,
        "later",
        &consuming("a:b"),
    )
    .await;
    until("the next is made", async || {
        machines.get_opt("later").await.unwrap().is_some()
    })
    .await;
    assert_eq!(machines.get("app").await.unwrap(), by_hand);
    controllers.stop().await;
}
